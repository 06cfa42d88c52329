"""The greatest rate at which a promise is kept, found by bisection."""

from collections.abc import Callable, Sequence
from math import ceil, sqrt
from statistics import stdev
from typing import NamedTuple

from comb_compiler.load.results import Second, StepResult

__all__ = ["Probe", "Promise", "Saturation", "late", "saturation"]

_Z = 1.96
_BATCHES, _T = 10, 2.262
"""Batches, and the quantile of Student's distribution for so many."""
_STRIDE = 2.0
_FARTHEST = 64.0


class Promise(NamedTuple):
    """So large a share of requests is answered within so many seconds."""

    share: float
    seconds: float


class Probe(NamedTuple):
    """A rate that was offered, and the share of requests that broke the promise there, with its 95% interval."""

    rate: float
    late: float
    low: float
    high: float
    kept: bool


class Saturation(NamedTuple):
    """`rate` is the point; None where the promise is kept, or broken, at every rate that was tried.

    `low` is the greatest rate at which it is certainly kept, and `high` the least at which it is certainly broken, by
    the intervals of the probes; steps were too short to say more. `why` is there where the search ended before its end.
    """

    rate: float | None
    low: float | None
    high: float | None
    probes: tuple[Probe, ...]
    why: str = ""


def late(promise: Promise, found: StepResult) -> Probe:
    """How a step keeps a promise: late or without an answer, of all.

    The interval is the wider one of two: E. B. Wilson's (JASA 1927), as if requests were independent, and that of the
    means of ten batches (see A. M. Law, "Simulation Modeling and Analysis", 9.5), since those that meet in a queue are
    late together. Where latencies grow to the end it is not kept: they would pass any bound. A step without requests
    breaks it.
    """
    total, allowed = found.measured.scheduled, 1.0 - promise.share
    if not total:
        return Probe(found.step.rate, 1.0, 1.0, 1.0, kept=False)
    given_up = found.latency.total - found.measured.answered  # which the latency has with their time
    count = found.latency.above(promise.seconds) + total - found.measured.answered - given_up
    low, high = _wilson(count, total)
    share, spread = count / total, _spread(promise, found)
    return Probe(
        found.step.rate,
        share,
        max(0.0, min(low, share - spread)),
        min(1.0, max(high, share + spread)),
        found.settled and count <= allowed * total,
    )


def _wilson(count: int, of: int) -> tuple[float, float]:
    share, z2 = count / of, _Z * _Z / of
    middle, spread = share + z2 / 2, _Z * sqrt(share * (1 - share) / of + z2 / (4 * of))
    return (middle - spread) / (1 + z2), (middle + spread) / (1 + z2)


def _spread(promise: Promise, found: StepResult) -> float:
    """Half of the interval of ten batches' means, each of as many whole seconds; 0 where there are too few."""
    seconds = found.timeline[ceil(found.warm_up) :]
    size = len(seconds) // _BATCHES
    if not size:
        return 0.0
    shares = [_share(promise, seconds[at : at + size]) for at in range(0, size * _BATCHES, size)]
    return _T * stdev(shares) / sqrt(_BATCHES)


def _share(promise: Promise, seconds: Sequence[Second]) -> float:
    in_time = sum(one.latency.total - one.latency.above(promise.seconds) for one in seconds)
    scheduled = sum(one.scheduled for one in seconds)
    return 1.0 - in_time / scheduled if scheduled else 0.0


def saturation(
    offer: Callable[[float], StepResult], promise: Promise, first: float, most: float, within: float = 0.05
) -> Saturation:
    """Offer rates until the point is known to within a share of it. `first` is tried first, none above `most`.

    A step that the generator spoiled is offered once more; spoiled again, it ends the search, and says why.
    """
    probes: list[Probe] = []
    kept: float | None = None
    broken: float | None = None
    rate = min(first, most)
    while True:
        found = offer(rate)
        if found.faults:
            found = offer(rate)
        if found.faults:
            return _found(kept, broken, probes, promise, f"at {rate:,.4g} requests per second {found.faults[0]}")
        probes.append(late(promise, found))
        if probes[-1].kept:
            kept = rate
        else:
            broken = rate
        if _is_done(kept, broken, first, most, within):
            return _found(kept, broken, probes, promise)
        rate = _next(kept, broken, most)


def _is_done(kept: float | None, broken: float | None, first: float, most: float, within: float) -> bool:
    if kept is not None and broken is not None:
        return broken <= kept * (1 + within)
    if kept is not None:
        return kept >= most
    return broken is not None and broken <= first / _FARTHEST


def _next(kept: float | None, broken: float | None, most: float) -> float:
    if broken is None:
        assert kept is not None
        return min(most, kept * _STRIDE)
    return broken / _STRIDE if kept is None else sqrt(kept * broken)


def _found(
    kept: float | None, broken: float | None, probes: list[Probe], promise: Promise, why: str = ""
) -> Saturation:
    allowed = 1.0 - promise.share
    rate = sqrt(kept * broken) if kept is not None and broken is not None else None
    low = max((one.rate for one in probes if one.high <= allowed), default=None)
    high = min((one.rate for one in probes if one.low > allowed), default=None)
    return Saturation(rate, low, high, tuple(probes), why)
