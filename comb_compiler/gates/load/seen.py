"""What a load saw of a target: the input of all that is judged."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

__all__ = ["REJECTED", "TIMEOUTS", "Gpu", "Observation", "Promise", "Side", "Step", "Turned", "Used"]

TIMEOUTS = frozenset({"TIMEOUT", "DEADLINE_EXCEEDED", "HTTP 504"})
"""Codes of what was given up on, here or by the target."""
REJECTED = frozenset({"RESOURCE_EXHAUSTED", "UNAVAILABLE", "HTTP 429", "HTTP 503"})
"""Codes of what the target said it has no room for."""


class Gpu(NamedTuple):
    """A GPU, or an instance of one, at a moment: a share of its time, bytes, watts; None where its driver says nothing.

    `slowed_by` is why it runs slower than it could, as `power cap`.
    """

    name: str
    utilization: float | None = None
    memory: int | None = None
    power: float | None = None
    slowed_by: tuple[str, ...] = ()


class Used(NamedTuple):
    """What a target's processes use together, at a time in seconds; `cpu` is in seconds since they started."""

    at: float
    cpu: float
    memory: float
    """Bytes."""
    descriptors: int = 0
    threads: int = 0
    gpus: tuple[Gpu, ...] = ()


class Observation(NamedTuple):
    """One turn of one target. In columns: when requests were due, how long each took from then on, how it ended.

    Seconds. `took` of one that was given up on is the time until then: it would have taken longer. `used` is what was
    seen of its processes, at times since the turn began, where it could be seen. `late` is how long after it was due
    each was sent, where that is known.
    """

    seconds: float
    due: Sequence[float]
    took: Sequence[float]
    codes: Sequence[str]
    used: Sequence[Used] = ()
    late: Sequence[float] = ()


class Side(NamedTuple):
    """All turns of one target in one step.

    `faults` is why the generator is not to be trusted: nothing is proven by such turns.
    """

    turns: tuple[Observation, ...]
    cpu: float | None = None
    """Seconds of CPU time for each request."""
    faults: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Of all turns."""
        return sum(one.seconds for one in self.turns)

    @property
    def requests(self) -> int:
        """Of all turns."""
        return sum(len(one.due) for one in self.turns)

    def used(self) -> Iterator[Used]:
        """All that was seen of its processes."""
        for turn in self.turns:
            yield from turn.used

    def with_starts(self) -> Iterator[tuple[Observation, float]]:
        """Turns, each with the seconds that those before it took."""
        before = 0.0
        for turn in self.turns:
            yield turn, before
            before += turn.seconds


class Turned(NamedTuple):
    """Both sides loaded by turns, which go A B B A: the first two of each are a round."""

    baseline: Side
    candidate: Side


class Step(NamedTuple):
    """A rate in requests a second. `candidate` and `baseline` were held at it without a break, as a promise has it.

    The candidate is so at the rate that a promise is to be proven at, and wherever there is no baseline; the baseline
    only where it matters whether it keeps what the candidate does not. `turned` compares the two.
    """

    rate: float
    candidate: Side | None = None
    baseline: Side | None = None
    turned: Turned | None = None


class Promise(NamedTuple):
    """What the SLA says. Latencies in seconds by their quantile; rates as shares of all requests."""

    qps: float | None = None
    latencies: tuple[tuple[float, float], ...] = ()
    timeout_rate: float | None = None
    error_rate: float | None = None
