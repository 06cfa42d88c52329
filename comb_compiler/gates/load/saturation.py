"""The greatest rate at which a promise is kept, found by bisection."""

from collections.abc import Callable
from math import sqrt
from typing import NamedTuple

from comb_compiler.gates.load.judging import keeps_up, promised
from comb_compiler.gates.load.seen import Promise, Side, Step
from comb_compiler.gates.verdicts import Verdict, of_all

__all__ = ["SATURATION", "Probe", "Saturation", "saturation", "saturation_line"]

SATURATION = "time each at saturation"
"""What the history calls it: more of it is worse, as of all that it keeps."""

_STRIDE = 2.0
_FARTHEST = 64.0


class Probe(NamedTuple):
    """A rate that was offered, and what it proves of the promise; `kept` is whether it was, as far as can be seen.

    `why` is what broke it, or comes nearest to.
    """

    rate: float
    kept: bool
    verdict: Verdict
    why: str


class Saturation(NamedTuple):
    """`rate` is the point; None where the promise is kept, or broken, at every rate that was tried.

    `low` is the greatest rate at which it is proven to be kept, and `high` the least at which it is proven to be
    broken; steps were too short to say more. `why` is there where the search ended before its end.
    """

    rate: float | None
    low: float | None
    high: float | None
    probes: tuple[Probe, ...]
    why: str = ""

    @property
    def each(self) -> float | None:
        """Seconds from one request to the next at the point."""
        return 1.0 / self.rate if self.rate is not None else None


def saturation_line(found: Saturation) -> str:
    """What was found, in a sentence for people."""
    point = f"{found.rate:,.3g} a second" if found.rate is not None else "not found"
    kept = f"kept for sure up to {found.low:,.3g}" if found.low is not None else "kept for sure at no rate"
    broken = f"broken for sure from {found.high:,.3g} on" if found.high is not None else "broken for sure at no rate"
    return f"saturation: {point}; the promise is {kept}, {broken}" + (
        f" (ended early: {found.why})" if found.why else ""
    )


def saturation(
    offer: Callable[[float], Side], promise: Promise, first: float, most: float, within: float = 0.05
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
            return _found(kept, broken, probes, f"at {rate:,.4g} requests a second {found.faults[0]}")
        probes.append(_probe(rate, found, promise))
        if probes[-1].kept:
            kept = rate
        else:
            broken = rate
        if _is_done(kept, broken, first, most, within):
            return _found(kept, broken, probes)
        rate = _next(kept, broken, most)


def _probe(rate: float, found: Side, promise: Promise) -> Probe:
    """A step without requests keeps nothing."""
    step = Step(rate, found)
    up, objectives = keeps_up(step), promised(step, promise)
    over = [one for one in objectives if one.value is None or one.limit is None or one.value > one.limit]
    kept = bool(found.requests) and up.verdict is Verdict.PASSED and not over
    verdict = of_all([up.verdict, *(one.verdict for one in objectives)])
    nearest = max(objectives, key=lambda one: (one.value or 0.0) / one.limit if one.limit else 0.0, default=up)
    told = nearest if up.verdict is Verdict.PASSED else up
    return Probe(rate, kept, verdict, f"{told.what}: {told.why}")


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


def _found(kept: float | None, broken: float | None, probes: list[Probe], why: str = "") -> Saturation:
    rate = sqrt(kept * broken) if kept is not None and broken is not None else None
    low = max((one.rate for one in probes if one.verdict is Verdict.PASSED), default=None)
    high = min((one.rate for one in probes if one.verdict is Verdict.BLOCKED), default=None)
    return Saturation(rate, low, high, tuple(probes), why)
