"""Student's distribution, for means of few."""

from functools import cache
from math import inf

from comb_compiler.gates.exact import incomplete_beta

__all__ = ["beyond"]

_HALVINGS = 60


@cache
def beyond(doubt: float, freedom: int) -> float:
    """What Student's t exceeds with a probability of `doubt`, below one half, with so many degrees of freedom."""
    if freedom < 1:
        return inf
    low, high = 0.0, 1.0
    while _tail(high, freedom) > doubt:
        low, high = high, high * 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _tail(middle, freedom) > doubt else (low, middle)
    return high


def _tail(value: float, freedom: int) -> float:
    if value <= 0.0:
        return 0.5
    return incomplete_beta(freedom / (freedom + value * value), freedom / 2, 0.5) / 2
