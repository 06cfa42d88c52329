"""What earlier runs found on a machine of the same class, and whether a new figure is out of the usual.

The usual is the median, its spread the median distance from it (MAD), which half of the runs would have to be odd to
move. Where the runs themselves shifted, as after an upgrade of the machine, those before count no more: Pettitt,
"A Non-Parametric Approach to the Change-Point Problem", Applied Statistics 1979.
"""

from collections.abc import Sequence
from math import exp
from statistics import median
from typing import NamedTuple

__all__ = ["FEWEST_RUNS", "Usual", "since_change", "usual"]

FEWEST_RUNS = 5
_SHIFT_DOUBT = 0.01
_NORMAL = 1.4826
"""By what MAD is multiplied to be the standard deviation, if values are spread normally."""
_LEAST_SPREAD = 0.02
"""As a share of the median: runs that happened to agree closely do not make a hair's breadth unusual."""


class Usual(NamedTuple):
    """Of so many runs."""

    median: float
    spread: float
    runs: int

    def beyond(self, value: float) -> float:
        """By how many spreads a value is above the usual."""
        return (value - self.median) / self.spread


def usual(values: Sequence[float]) -> Usual | None:
    """Of figures in the order of their time, since they shifted last; None where fewer than five are left."""
    now = since_change(values)
    if len(now) < FEWEST_RUNS:
        return None
    middle = median(now)
    spread = _NORMAL * median(abs(one - middle) for one in now)
    return Usual(middle, max(spread, _LEAST_SPREAD * abs(middle)), len(now))


def since_change(values: Sequence[float]) -> Sequence[float]:
    """The values after their last shift; all of them where none is proven."""
    while (at := _shift(values)) is not None:
        values = values[at:]
    return values


def _shift(values: Sequence[float]) -> int | None:
    """Where what comes after is proven to be another level than what came before."""
    many = len(values)
    largest, place, total = 0, 0, 0
    for at in range(many - 1):
        total += sum((values[at] > other) - (values[at] < other) for other in values)
        if abs(total) > largest:
            largest, place = abs(total), at + 1
    chance = 2 * exp(-6 * largest**2 / (many**3 + many**2)) if many > 1 else 1.0
    return place if chance < _SHIFT_DOUBT else None
