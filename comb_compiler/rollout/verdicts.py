"""How many of how many requests were bad → whether a limit is kept, broken, or neither as yet."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from math import ceil, exp, inf, log
from typing import NamedTuple

__all__ = ["CHANCE", "Finding", "Limits", "Standing", "needed", "standing"]

CHANCE = 0.001
"""How likely it may be that a candidate that keeps its limits is taken back, in a whole rollout."""
_EXCESSES = 12
"""How many shares above the limit it is held against."""
_STRICTEST = Decimal("0.001")
"""A limit of nothing could never be proven; any bad request breaks it, and so many good ones are enough."""


class Limits(NamedTuple):
    """What a candidate must keep; None where nothing is asked. `p99` is kept where 1% of the requests take longer.

    `chance` is how likely each of them may be taken for broken at a step, in a cluster, although it is kept.
    """

    error_rate: Decimal | None
    timeout_rate: Decimal | None
    p99: timedelta | None
    chance: float = CHANCE

    def spent_over(self, steps: int, clusters: int) -> "Limits":
        """The same, so that all of them together are taken for broken with `CHANCE` at most in a rollout."""
        asked = sum(one is not None for one in (self.error_rate, self.timeout_rate, self.p99))
        return self._replace(chance=CHANCE / max(1, steps * clusters * asked))


class Standing(Enum):
    """How a limit stands."""

    KEPT = "kept"
    OPEN = "open"
    BROKEN = "broken"


class Finding(NamedTuple):
    """Of `of` requests `bad` were bad in the way that `what` says, and `limit` is the share that may be.

    `chance` is how likely it may be taken for broken although it is kept.
    """

    what: str
    bad: int
    of: int
    limit: Decimal
    chance: float = CHANCE

    @property
    def standing(self) -> Standing:
        """How the limit stands."""
        return standing(self.bad, self.of, self.limit, self.chance)

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


def standing(bad: int, of: int, limit: Decimal, chance: float = CHANCE) -> Standing:
    """How a limit stands: broken where counts like these would ever come with `chance` at most if it were kept."""
    if of and bad > limit * of and _is_broken(bad, of, float(limit), chance):
        return Standing.BROKEN
    return Standing.KEPT if of >= needed(limit) and bad <= limit * of else Standing.OPEN


def _is_broken(bad: int, of: int, limit: float, chance: float) -> bool:
    """Whether the evidence against the limit exceeds 1 / chance.

    It is how many times likelier the counts are where the true share is one of several above the limit, on average,
    than where it is the limit. While the limit is kept that is a supermartingale which begins with 1, so that it ever
    comes to 1 / chance with that chance at most, however often one looks, one by one as requests end (Ville's
    inequality; Robbins, "Statistical Methods Related to the Law of the Iterated Logarithm", Ann. Math. Stat. 1970).
    Requests count as independent.
    """
    if limit <= 0.0:
        return True
    wanted = log(_EXCESSES / chance)
    found = [_evidence(bad, of, limit, share) for share in _shares_above(limit)]
    return max(found) >= wanted or sum(exp(one) for one in found) >= exp(wanted)


def _shares_above(limit: float) -> Iterator[float]:
    """Shares from a little above the limit to all, which lie the closer the nearer to the limit."""
    return (limit ** (1 - (step / _EXCESSES) ** 2) for step in range(1, _EXCESSES + 1))


def _evidence(bad: int, of: int, limit: float, share: float) -> float:
    """The logarithm of how many times likelier counts are where `share` is the true one, and not `limit`."""
    if share >= 1.0:
        return -inf if bad < of else -bad * log(limit)
    return bad * log(share / limit) + (of - bad) * log((1 - share) / (1 - limit))


def _percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f}%"
