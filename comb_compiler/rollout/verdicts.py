"""How many of how many requests were bad → whether a limit is kept, broken, or neither as yet."""

from datetime import timedelta
from decimal import Decimal
from enum import Enum
from math import ceil, exp, log
from typing import NamedTuple

__all__ = ["Finding", "Limits", "Standing", "needed", "standing"]

_CHANCE = 0.001
"""How likely it may be that a candidate that keeps its limit is taken back: little, since it is looked at often."""
_STRICTEST = Decimal("0.001")
"""A limit of nothing could never be proven; any bad request breaks it, and so many good ones are enough."""


class Limits(NamedTuple):
    """What a candidate must keep; None where nothing is asked. `p99` is kept where 1% of the requests take longer."""

    error_rate: Decimal | None
    timeout_rate: Decimal | None
    p99: timedelta | None


class Standing(Enum):
    """How a limit stands."""

    KEPT = "kept"
    OPEN = "open"
    BROKEN = "broken"


class Finding(NamedTuple):
    """Of `of` requests `bad` were bad in the way that `what` says, and `limit` is the share that may be."""

    what: str
    bad: int
    of: int
    limit: Decimal

    @property
    def standing(self) -> Standing:
        """How the limit stands."""
        return standing(self.bad, self.of, self.limit)

    @property
    def missing(self) -> int:
        """How many more requests it takes."""
        return max(0, needed(self.limit) - self.of)

    def said(self) -> str:
        """The finding in words."""
        share = f"{100 * self.bad / self.of:.3g}%" if self.of else "none"
        return f"{self.bad} of {self.of} {self.what} ({share}, at most {_percent(self.limit)})"


def needed(limit: Decimal) -> int:
    """How many requests tell that a limit is kept: if none of so many is bad, a rate above it is unlikely (5%).

    The rule of three (Hanley and Lippman-Hand, "If nothing goes wrong, is everything all right?", JAMA 1983).
    """
    return ceil(3 / max(limit, _STRICTEST))


def standing(bad: int, of: int, limit: Decimal) -> Standing:
    """How a limit stands: broken where so many bad ones would be a chance of 1 in 1,000 at most if it were kept."""
    if of and bad > limit * of and _chance(bad / of, of, float(limit)) <= _CHANCE:
        return Standing.BROKEN
    return Standing.KEPT if of >= needed(limit) and bad <= limit * of else Standing.OPEN


def _chance(share: float, of: int, limit: float) -> float:
    """At most how likely such a share, above the limit, or a larger one is where the limit is the true one.

    Chernoff's bound for the binomial distribution, as Hoeffding has it ("Probability Inequalities for Sums of Bounded
    Random Variables", JASA 1963, theorem 1).
    """
    if limit <= 0.0:
        return 0.0
    divergence = share * log(share / limit)
    if share < 1.0:
        divergence += (1 - share) * log((1 - share) / (1 - limit))
    return exp(-of * divergence)


def _percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f}%"
