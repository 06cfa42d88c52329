"""What is drawn, whatever the form: boxes, arrows, and the path that takes longest."""

from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from typing import NamedTuple

__all__ = ["ANSWER", "Arrow", "Box", "Kind", "Picture", "TimedPath"]

ANSWER = "return"
"""The answer's name, as in comb.yaml, where no step may have it."""


class Kind(Enum):
    """What a box stands for. `UNKNOWN` is a step that is named and cannot be drawn, since it is not there."""

    REQUEST = "request"
    STEP = "step"
    ANSWER = "answer"
    UNKNOWN = "unknown"


class Box(NamedTuple):
    """A step, the request or the answer. `type` is the full name of the message that it gives, where that is known.

    `is_cyclic`: it waits, by others or not, for itself; `is_own_source`: not by others. `is_unused`: the answer does
    not rest on it.
    """

    name: str
    kind: Kind = Kind.STEP
    operator: str = ""
    model: str = ""
    timeout: timedelta | None = None
    type: str = ""
    when: str = ""
    is_optional: bool = False
    is_critical: bool = False
    is_cyclic: bool = False
    is_unused: bool = False
    is_own_source: bool = False

    @property
    def may_be_missing(self) -> bool:
        """Whether what it gives may not be there."""
        return self.is_optional or bool(self.when)


class Arrow(NamedTuple):
    """A value on its way, the whole or the field that `fields` leads to, into a port; `port` is empty for the answer.

    A condition's arrow says that the condition of `target` asks for `source`; it has no port.
    """

    source: str
    target: str
    port: str = ""
    fields: tuple[str, ...] = ()
    type: str = ""
    is_condition: bool = False
    is_critical: bool = False
    is_cyclic: bool = False


class TimedPath(NamedTuple):
    """The critical path: its steps with their timeouts, the sum, and the deadline that it is held against.

    Steps in `unbounded` have no timeout, so that the bound holds only without them. Where `exact` is false there were
    too many conditions to tell apart, and all were taken to hold.
    """

    steps: Mapping[str, timedelta | None]
    bound: timedelta
    deadline: timedelta | None = None
    unbounded: tuple[str, ...] = ()
    exact: bool = True


class Picture(NamedTuple):
    """Boxes by name in the file's order, the request first and the answer last, and arrows by target.

    There is no critical path in a graph with a cycle.
    """

    title: str
    boxes: Mapping[str, Box]
    arrows: tuple[Arrow, ...]
    path: TimedPath | None = None
