"""A request that is under way → what would be seen of it if its process were killed now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from comb_compiler.runtime.codes import Code, OperatorError, OutOfMemory
from comb_compiler.runtime.engine import Finished
from comb_compiler.runtime.engine.observation import NOT_RUN
from comb_compiler.runtime.engine.run import RUNNING, Run
from comb_compiler.runtime.sdk import Call

__all__ = ["unfinished"]

_SAID = "its process was killed while the request was under way: mostly the system does that, for memory"


@dataclass
class _Unfinished:
    """It has its input, and nothing that operators gave: their bytes may be gone at any moment."""

    request: Any
    request_id: str
    arm: str
    traceparent: str
    release: str
    key: str
    names: Sequence[str]
    began: float
    ended: float
    begins: Sequence[float]
    ends: Sequence[float]
    codes: Sequence[int]
    values: Sequence[Any]
    error: OperatorError
    answer: Any = None
    calls: Mapping[int, Call] = field(default_factory=dict)
    errors: Mapping[int, OperatorError] = field(default_factory=dict)


def unfinished(run: Run) -> Finished:
    """Nodes that were running have failed with UNAVAILABLE. May be called in another thread than the run's."""
    now, begins = monotonic(), [*run.begins]
    # What runs on the spot, in the loop, has begun and has no code yet.
    codes = [
        Code.UNAVAILABLE if code == RUNNING or (code == NOT_RUN and begins[index]) else code
        for index, code in enumerate(run.codes)
    ]
    return _Unfinished(
        request=run.request,
        request_id=run.request_id,
        arm=run.arm,
        traceparent=run.traceparent,
        release=run.release,
        key=run.key,
        names=run.names,
        began=run.began,
        ended=now,
        begins=begins,
        ends=[end or now for end in run.ends],
        codes=codes,
        values=[*(None for _ in run.names), run.request],
        error=OutOfMemory(Code.UNAVAILABLE, _SAID),
    )
