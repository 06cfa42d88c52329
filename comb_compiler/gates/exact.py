"""Exact statistics of counts, for verdicts that hold.

Nothing here leans on the normal distribution but `smallest_excess`, which says what could have been seen and decides
nothing.
"""

from collections.abc import Callable
from math import ceil, exp, inf, lgamma, log, log1p, sqrt
from statistics import NormalDist

__all__ = [
    "at_least", "excess_by_chance", "fewest", "fewest_for", "incomplete_beta", "lower_bound", "most_bad",
    "smallest_excess", "upper_bound",
]  # fmt: skip

_HALVINGS = 60
_TERMS = 10_000
_TINY = 1e-300
_MOST = 10_000_000


def upper_bound(count: float, of: float, doubt: float) -> float:
    """What a rate is at most, of which `count` were seen among `of` trials; wrong with a probability of `doubt`.

    One-sided, after Clopper and Pearson ("The Use of Confidence or Fiducial Limits Illustrated in the Case of the
    Binomial", Biometrika 1934): the rate of which so few or fewer are seen with the probability `doubt`. 1 of none.
    Trials that hang together count as fewer, which may be no whole number.
    """
    if count >= of:
        return 1.0
    return _crossing(lambda rate: at_least(count + 1, of, rate), 1 - doubt)


def lower_bound(count: float, of: float, doubt: float) -> float:
    """What a rate is at least: as `upper_bound`, from the other side. 0 of none."""
    return 0.0 if count <= 0 else _crossing(lambda rate: at_least(count, of, rate), doubt)


def at_least(count: float, of: float, rate: float) -> float:
    """The probability of `count` or more among `of` trials: the incomplete beta function of `rate`."""
    if count <= 0:
        return 1.0
    if count > of or rate <= 0.0:
        return 0.0
    return 1.0 if rate >= 1.0 else incomplete_beta(rate, count, of - count + 1)


def excess_by_chance(more: int, less: int) -> float:
    """The probability that at least `more` of `more + less` are so where both are as likely: McNemar's exact test.

    Of pairs in which one side differs from the other (McNemar, "Note on the sampling error of the difference between
    correlated proportions or percentages", Psychometrika 1947), one-sided.
    """
    return at_least(more, more + less, 0.5)


def most_bad(of: int, limit: float, doubt: float) -> int:
    """With how many bad ones among `of` a rate of at most `limit` is still proven; -1 where even none prove it."""
    low, high = -1, of
    while low < high:
        middle = (low + high + 1) // 2
        if upper_bound(middle, of, doubt) <= limit:
            low = middle
        else:
            high = middle - 1
    return low


def fewest(rate: float, limit: float, doubt: float) -> int | None:
    """How many trials prove that a rate is at most `limit`, if bad ones are seen at `rate`; None if none ever do."""
    if rate >= limit:
        return None
    low, high = 1, 1
    while upper_bound(int(rate * high), high, doubt) > limit:
        low, high = high, high * 2
        if high > _MOST:
            return None
    while low < high:
        middle = (low + high) // 2
        if upper_bound(int(rate * middle), middle, doubt) <= limit:
            high = middle
        else:
            low = middle + 1
    return high


def fewest_for(noise: float, excess: float, doubt: float) -> int | None:
    """How many trials show so small an excess over noise, as `smallest_excess` has it; None if none ever do."""
    low, high = 1, 1
    while smallest_excess(noise, high, doubt) > excess:
        low, high = high, high * 2
        if high > _MOST:
            return None
    while low < high:
        middle = (low + high) // 2
        if smallest_excess(noise, middle, doubt) <= excess:
            high = middle
        else:
            low = middle + 1
    return high


def smallest_excess(noise: float, of: int, doubt: float, sure: float = 0.9) -> float:
    """By how much a rate of differences has to exceed its noise for `excess_by_chance` to see it, `sure`ly.

    1 where even that could not be seen. By the normal approximation of Connor, "Sample Size for Testing Differences in
    Proportions for the Paired-Sample Design", Biometrics 1987, for pairs that differ independently of each other; and
    no less than what that many trials in a row take where there is next to no noise.
    """
    normal = NormalDist()
    level, power = normal.inv_cdf(1 - doubt), normal.inv_cdf(sure)

    def is_seen(excess: float) -> bool:
        apart = (noise + excess) * (1 - noise) + (1 - noise - excess) * noise
        spread = max(0.0, apart - excess * excess)
        expected = of * (noise + excess) * (1 - noise)
        seen = excess * sqrt(of) >= level * sqrt(apart) + power * sqrt(spread)
        return seen and at_least(runs, of, expected / of) >= sure

    runs = ceil(log(doubt) / log(0.5))
    low, high = 0.0, 1.0 - noise
    if high <= 0.0 or not is_seen(high):
        return 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_seen(middle) else (middle, high)
    return high


def _crossing(rising: Callable[[float], float], value: float) -> float:
    """Where a function of a rate, which rises, comes to a value."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < value else (low, middle)
    return (low + high) / 2


def incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function of `x` between 0 and 1, without the ends.

    By its continued fraction (Lentz), on the side on which that is quick: Press et al., "Numerical Recipes", 6.4.
    """
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return min(1.0, front * _fraction(x, a, b) / a)
    return max(0.0, 1.0 - front * _fraction(1 - x, b, a) / b)


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 / _nonzero(1 - (a + b) * x / (a + 1))
    value = d
    for step in range(1, _TERMS):
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        for top in (even, odd):
            d = 1 / _nonzero(1 + top * d)
            c = _nonzero(1 + top / c)
            value *= d * c
        if abs(d * c - 1) < 1e-14:
            return value
    return inf


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
