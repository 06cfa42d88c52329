"""Latencies in the order of their arrivals → how many of the first are warm-up.

The point of change is found by MSER-5 (K. P. White, M. J. Cobb, S. C. Spratt, "A comparison of five steady-state
truncation heuristics for simulation", WSC 2000): of batch means, that many are cut which leaves the least standard
error of the mean of the others. It would cut whatever is different at the beginning, and so hide a stall that comes
again and again; what is cut must therefore never come again.
"""

from collections.abc import Sequence
from statistics import fmean, median
from typing import NamedTuple

__all__ = ["WarmUp", "warm_up"]

_LEAST_BATCH = 5
_MOST_BATCHES = 200
_FEWEST_BATCHES = 10
_GROWN, _NEARLY_ALL = 1.25, 0.9


class WarmUp(NamedTuple):
    """How many requests to leave out; `settled` is false where latencies grow to the end, as those of a queue that is
    given more than it can take."""

    requests: int
    settled: bool


def warm_up(latencies: Sequence[float]) -> WarmUp:
    """Nothing is cut of fewer than 50 requests."""
    size = max(_LEAST_BATCH, -(-len(latencies) // _MOST_BATCHES))
    batches = [fmean(latencies[at : at + size]) for at in range(0, len(latencies) - size + 1, size)]
    if len(batches) < _FEWEST_BATCHES:
        return WarmUp(0, settled=True)
    cut = _mser(batches)
    is_warm_up = 0 < cut < len(batches) // 2 and _never_comes_again(batches[:cut], batches[cut:])
    return WarmUp(cut * size if is_warm_up else 0, settled=not _grows(batches))


def _mser(batches: Sequence[float]) -> int:
    """At most half of them."""
    best, cut = float("inf"), 0
    count, total, squares = 0, 0.0, 0.0
    shift = fmean(batches)  # keeps the sums of squares exact where values are large beside their differences
    for index in range(len(batches) - 1, -1, -1):
        value = batches[index] - shift
        count, total, squares = count + 1, total + value, squares + value * value
        if index <= len(batches) // 2:
            error = (squares - total * total / count) / count**2
            if error <= best:
                best, cut = error, index
    return cut


def _never_comes_again(first: Sequence[float], others: Sequence[float]) -> bool:
    level = median(first)
    return level > max(others) or level < min(others)


def _grows(batches: Sequence[float]) -> bool:
    """Whether the last quarter is a quarter above the one before, and nearly all of it above nearly all of that."""
    quarter = len(batches) // 4
    before, last = batches[-2 * quarter : -quarter], batches[-quarter:]
    above = sum(after > one for one in before for after in last)
    return median(last) > _GROWN * median(before) and above >= _NEARLY_ALL * quarter**2
