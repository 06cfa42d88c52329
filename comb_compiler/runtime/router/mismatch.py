"""Sample ratio mismatch: do the arms have the users that their weights promise?

A. Fabijan et al., "Diagnosing Sample Ratio Mismatch in Online Controlled Experiments" (KDD 2019): a chi-square test of
the counts of users; where it fails, users were lost or counted wrongly on the way, and no figure of the experiment is
to be trusted. Counts of requests will not do: those of one user go together.
"""

from collections.abc import Sequence
from math import erfc, exp, pi, sqrt

__all__ = ["ALARM", "chi_square_tail", "mismatch"]

ALARM = 0.001
"""Below this, experimenters take it for a mismatch. Who looks often will see it by chance more often than that."""

_LEAST_EXPECTED = 5.0


def mismatch(users: Sequence[int], weights: Sequence[float]) -> float | None:
    """How likely counts of users that are at least so far from their weights are by chance (a p-value).

    None where too few are there to say: the test wants 5 users expected in each arm.
    """
    total, weighed = sum(users), sum(weights)
    if any(count for count, weight in zip(users, weights, strict=True) if weight <= 0):
        return 0.0
    pairs = [(count, total * weight / weighed) for count, weight in zip(users, weights, strict=True) if weight > 0]
    if len(pairs) < 2 or min(expected for _, expected in pairs) < _LEAST_EXPECTED:
        return None
    return chi_square_tail(sum((count - expected) ** 2 / expected for count, expected in pairs), len(pairs) - 1)


def chi_square_tail(statistic: float, freedom: int) -> float:
    """The chance that chi-square with `freedom` degrees of freedom is above `statistic`, exactly.

    M. Abramowitz and I. Stegun, "Handbook of Mathematical Functions" (1964), 26.4.4 and 26.4.5.
    """
    half = statistic / 2
    if freedom % 2:
        tail, term, first = erfc(sqrt(half)), 2 * exp(-half) * sqrt(half / pi), 3
    else:
        tail, term, first = 0.0, exp(-half), 2
    for odd_or_even in range(first, freedom + 1, 2):
        tail += term
        term *= statistic / odd_or_even
    return min(tail, 1.0)
