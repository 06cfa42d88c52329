"""How much slower a candidate is than its baseline, both loaded by turns on one machine.

Turns go A B B A, so that a machine that grows slower at a steady pace slows both alike; four turns are a round. What
else happens on the machine hits turns of one round more alike than those of another, and each round says for itself
what the ratio is. Rounds are therefore what is drawn with the bootstrap (Efron and Tibshirani, "An Introduction to the
Bootstrap", 1993, chapter 6); its standard error, widened for few rounds, and Student's t make the interval (Hesterberg,
"What Teachers Should Know About the Bootstrap", The American Statistician 2015).
"""

from collections.abc import Sequence
from math import ceil, exp, floor, inf, log, sqrt
from random import Random
from statistics import NormalDist, stdev
from typing import NamedTuple

from comb_compiler.gates.load.students import beyond

__all__ = ["FEWEST_ROUNDS", "Ratio", "Round", "quantile", "quantile_bounds", "ratio_of_quantiles"]

FEWEST_ROUNDS = 4
_DRAWS = 400
_SEED = 20


class Round(NamedTuple):
    """Latencies of the baseline's and of the candidate's two turns, in seconds."""

    baseline: Sequence[float]
    candidate: Sequence[float]


class Ratio(NamedTuple):
    """The candidate's quantile by the baseline's, and between which bounds the true ratio is.

    `error` is the standard error of its logarithm, `freedom` the rounds less one.
    """

    quantile: float
    seen: float
    error: float
    freedom: int

    def lower(self, doubt: float) -> float:
        """What the ratio is at least, wrong with a probability of `doubt`."""
        return self.seen * exp(-self._width(doubt))

    def upper(self, doubt: float) -> float:
        """What the ratio is at most, wrong with a probability of `doubt`."""
        return self.seen * exp(min(self._width(doubt), 700.0))

    def _width(self, doubt: float) -> float:
        return inf if self.error == inf else beyond(doubt, self.freedom) * self.error


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest of sorted values that at least `share` of them do not exceed. Raises ValueError of none."""
    if not values:
        raise ValueError("there are no values")
    return values[_rank(share, len(values)) - 1]


def quantile_bounds(values: Sequence[float], share: float, doubt: float) -> tuple[float, float | None]:
    """Two of sorted values between which the quantile of what they are drawn from lies, but for `doubt`.

    By how many of them can lie below it, which is binomial whatever they are drawn from (David and Nagaraja, "Order
    Statistics", 7.1), and here nearly normal. None where there are too few for one above it.
    """
    of, width = len(values), NormalDist().inv_cdf(1 - doubt / 2)
    spread = width * sqrt(of * share * (1 - share))
    lower, upper = floor(of * share - spread), ceil(of * share + spread) + 1
    return values[max(lower, 1) - 1], values[upper - 1] if upper <= of else None


def _rank(share: float, of: int) -> int:
    """Counted from 1; what a float is off by does not make it one more."""
    return max(1, ceil(share * of - 1e-9))


def ratio_of_quantiles(rounds: Sequence[Round], share: float) -> Ratio | None:
    """The ratio of a quantile of all rounds together; None where one side has nothing in some round."""
    if len(rounds) < FEWEST_ROUNDS or any(not one.baseline or not one.candidate for one in rounds):
        return None
    before = _Pool([one.baseline for one in rounds], share)
    after = _Pool([one.candidate for one in rounds], share)
    every = [1] * len(rounds)
    seen = after.of(every) / before.of(every)
    draw = Random(_SEED)
    logs = []
    for _ in range(_DRAWS):
        times = [0] * len(rounds)
        for _ in rounds:
            times[draw.randrange(len(rounds))] += 1
        logs.append(log(after.of(times) / before.of(times)))
    error = stdev(logs) * sqrt(len(rounds) / (len(rounds) - 1))
    return Ratio(share, seen, error, len(rounds) - 1)


class _Pool:
    """Values of all rounds, sorted once: a quantile of a draw walks up from where it can be at the earliest."""

    def __init__(self, values: Sequence[Sequence[float]], share: float) -> None:
        self._sizes = [len(one) for one in values]
        self._share = share
        # From the nearer end: a high quantile has few values above it.
        pairs = sorted(((value, which) for which, one in enumerate(values) for value in one), reverse=share >= 0.5)
        self._values = [value for value, _ in pairs]
        self._which = [which for _, which in pairs]

    def of(self, times: Sequence[int]) -> float:
        """The quantile where the values of each round count so many times."""
        total = sum(size * one for size, one in zip(self._sizes, times, strict=True))
        rank = _rank(self._share, total)
        beyond_it = total - rank + 1 if self._share >= 0.5 else rank
        for value, which in zip(self._values, self._which, strict=True):
            beyond_it -= times[which]
            if beyond_it <= 0:
                return value
        raise AssertionError("a rank beyond all values")
