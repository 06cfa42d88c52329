"""Whether memory grows, and how fast: a line through what was measured that a few odd points do not move.

The median of the slopes between all pairs of points (Theil, 1950), and its interval by Kendall's statistic: Sen,
"Estimates of the Regression Coefficient Based on Kendall's Tau", JASA 1968. Points that follow each other closely hang
together; so it is medians of longer stretches that count as points.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import inf, sqrt
from statistics import NormalDist, median
from typing import NamedTuple

__all__ = ["Growth", "growth_of"]

_POINTS = 24
_FEWEST = 8


class Growth(NamedTuple):
    """What grows a second, and between which bounds: each is wrong with the probability that was asked for."""

    slope: float
    lower: float
    upper: float


def growth_of(times: Sequence[float], values: Sequence[float], doubt: float) -> Growth | None:
    """How fast values grow, that were taken at rising times in seconds; None of fewer than 8 points."""
    if len(times) < _FEWEST:
        return None
    points = _stretches(times, values)
    slopes = sorted(
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for at, earlier in enumerate(points)
        for later in points[at + 1 :]
    )
    width = NormalDist().inv_cdf(1 - doubt) * sqrt(_variance([value for _, value in points]))
    low, high = (len(slopes) - width) / 2, (len(slopes) + width) / 2
    lower = slopes[int(low)] if low >= 0 else -inf
    upper = slopes[min(int(high) + 1, len(slopes) - 1)] if high < len(slopes) else inf
    return Growth(median(slopes), lower, upper)


def _variance(values: Sequence[float]) -> float:
    """Of Kendall's statistic where nothing grows, with ties."""
    many = len(values)
    ties = [values.count(one) for one in set(values)]
    full = many * (many - 1) * (2 * many + 5)
    return (full - sum(tied * (tied - 1) * (2 * tied + 5) for tied in ties)) / 18


def _stretches(times: Sequence[float], values: Sequence[float]) -> list[tuple[float, float]]:
    """Medians of as many equal stretches as there are to be points, of time and of value."""
    count = min(_POINTS, len(times))
    cuts = [round(one * len(times) / count) for one in range(count + 1)]
    return [(median(times[a:b]), median(values[a:b])) for a, b in pairwise(cuts)]
