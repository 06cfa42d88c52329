"""What others see of a request: observers, called when it begins and when it has ended; and spans, made from that."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from comb_compiler.runtime.codes import OperatorError
from comb_compiler.runtime.sdk import Call

__all__ = ["NOT_RUN", "SKIPPED", "Began", "Finished", "Journal", "Observer", "Probe", "SampledSpans", "Span"]

NOT_RUN = -1
"""In place of a code: the node had not begun when the request ended."""
SKIPPED = -2
"""In place of a code: the node's condition did not hold, or a port that it needs got nothing."""


class Probe(str):
    """The `request_id` of a request that no user made. It is answered like any other, and neither metered nor recorded.

    Ids that callers send are plain texts, so that nobody can hide a request by its id.
    """

    __slots__ = ()


class Began(Protocol):
    """A request that is about to run."""

    @property
    def request(self) -> Any:
        """The message."""

    @property
    def request_id(self) -> str:
        """Its id, of the caller's choice."""

    @property
    def arm(self) -> str:
        """The arm of the experiment; empty where there is none."""

    traceparent: str
    """The caller's span, or empty. An observer that makes a span of its own for the request writes that here."""

    @property
    def release(self) -> str:
        """The release that answers; empty where it has no name."""


class Finished(Began, Protocol):
    """A request that has ended. Times are on the clock of `time.monotonic`; all sequences go by node.

    `codes` has NOT_RUN or SKIPPED where there is no code. A node that failed and gave its fallback has the failure's
    code, and the fallback as its value. `values` has None where there is no answer.
    """

    @property
    def names(self) -> Sequence[str]:
        """The nodes' names."""

    @property
    def began(self) -> float:
        """When the request began."""

    @property
    def ended(self) -> float:
        """When the request ended."""

    @property
    def begins(self) -> Sequence[float]:
        """When each node began; 0 where it did not."""

    @property
    def ends(self) -> Sequence[float]:
        """When each node ended; 0 where it did not."""

    @property
    def codes(self) -> Sequence[int]:
        """How each node ended."""

    @property
    def values(self) -> Sequence[Any]:
        """What each node gave."""

    @property
    def key(self) -> str:
        """The sticky key of who asked; empty where there is none."""

    @property
    def calls(self) -> Mapping[int, Call]:
        """By node, the last call of those that were handed one: what the engine notes in it."""

    @property
    def errors(self) -> Mapping[int, OperatorError]:
        """By node, why it failed, also where its fallback stood in."""

    @property
    def answer(self) -> Any:
        """What the request was answered with; None where it failed."""

    @property
    def error(self) -> OperatorError | None:
        """Why it failed."""


class Observer(Protocol):
    """Sees every request that has ended, in the engine's loop: what takes longer than microseconds it does elsewhere.

    What it raises is logged, and changes nothing.
    """

    def ended(self, request: Finished) -> None:
        """A request has ended; called once for each that was admitted.

        Nothing of it changes any more, but for bytes beside a message (Parcel): they are valid only during the call.
        """


@runtime_checkable
class Journal(Observer, Protocol):
    """An Observer that sees requests before they run, too."""

    def began(self, request: Began) -> None:
        """A request was admitted and is about to run: the place to journal it."""


class Span(NamedTuple):
    """A part of a request: the request itself (`node` is empty), or one of its nodes."""

    request_id: str
    node: str
    began: float
    ended: float
    code: int
    attributes: Mapping[str, str]


class SampledSpans:
    """An Observer that exports the spans of every n-th request: of a share from 0 to 1."""

    def __init__(self, share: float, export: Callable[[list[Span]], None]) -> None:
        self._share = share
        self._credit = 0.0
        self._export = export

    def ended(self, request: Finished) -> None:
        """Export this request's spans, when it is its turn."""
        self._credit += self._share
        if self._credit < 1.0:
            return
        self._credit -= 1.0
        self._export(_spans(request))


def _spans(request: Finished) -> list[Span]:
    attributes = {"arm": request.arm} if request.arm else {}
    code = 0 if request.error is None else int(request.error.code)
    spans = [Span(request.request_id, "", request.began, request.ended, code, attributes)]
    for name, began, ended, outcome in zip(request.names, request.begins, request.ends, request.codes, strict=True):
        if outcome >= 0:
            spans.append(Span(request.request_id, name, began, ended, outcome, attributes))
    return spans
