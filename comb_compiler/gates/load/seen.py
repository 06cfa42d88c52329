"""What a load saw of a target: the input of all that is judged."""

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Observation", "Promise", "Side", "Step", "Turned"]


class Observation(NamedTuple):
    """One turn of one target. In columns: when requests were due, how long each took from then on, how it ended.

    Seconds. `took` of one that was given up on is the time until then: it would have taken longer.
    """

    seconds: float
    due: Sequence[float]
    took: Sequence[float]
    codes: Sequence[str]


class Side(NamedTuple):
    """All turns of one target in one step; memory in bytes at times in seconds, where it could be measured.

    `faults` is why the generator is not to be trusted: nothing is proven by such turns.
    """

    turns: tuple[Observation, ...]
    memory: tuple[tuple[float, float], ...] = ()
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


class Turned(NamedTuple):
    """Both sides loaded by turns, which go A B B A: the first two of each are a round."""

    baseline: Side
    candidate: Side


class Step(NamedTuple):
    """A rate in requests a second. `candidate` and `baseline` were held at it without a break, as a promise has it.

    The baseline is so only where it matters whether it keeps what the candidate does not. `turned` compares the two.
    """

    rate: float
    candidate: Side
    baseline: Side | None = None
    turned: Turned | None = None


class Promise(NamedTuple):
    """What the SLA says. Latencies in seconds by their quantile; rates as shares of all requests."""

    qps: float | None = None
    latencies: tuple[tuple[float, float], ...] = ()
    timeout_rate: float | None = None
    error_rate: float | None = None
