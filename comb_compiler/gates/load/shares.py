"""Shares of requests that hang together: those of one bad second are not as many separate trials.

A queue makes neighbours slow together, so that the bounds of independent trials would be too narrow. The spread of the
counts in blocks of time says by how much (the design effect); the trials then count as so many fewer, and Clopper and
Pearson's bounds are taken of those: Korn and Graubard, "Confidence Intervals for Proportions With Small Expected Number
of Positive Counts Estimated From Survey Data", Survey Methodology 1998.
"""

from collections.abc import Iterable, Sequence
from math import ceil
from typing import NamedTuple

from comb_compiler.gates.exact import lower_bound, upper_bound

__all__ = ["Share", "share_of"]

_FEWEST_BLOCKS = 10
"""Blocks that a spread is worked out of: of fewer it would be a guess."""


class Share(NamedTuple):
    """`seen` of `of` requests, which are worth `worth` independent ones."""

    seen: int
    of: int
    worth: float

    @property
    def rate(self) -> float:
        """What was seen of it; 0 of none."""
        return self.seen / self.of if self.of else 0.0

    def lower(self, doubt: float) -> float:
        """What the share is at least, wrong with a probability of `doubt`."""
        return lower_bound(self.rate * self.worth, self.worth, doubt) if self.of else 0.0

    def upper(self, doubt: float) -> float:
        """What the share is at most, wrong with a probability of `doubt`."""
        return upper_bound(self.rate * self.worth, self.worth, doubt) if self.of else 1.0


def share_of(bad: Iterable[bool], due: Sequence[float], seconds: float) -> Share:
    """The share of requests that are bad; `due` is when each of them was, in seconds from 0 to `seconds`.

    Blocks of several lengths are tried, and the widest spread counts: how long a bad time lasts is not known.
    """
    places = [when for one, when in zip(bad, due, strict=True) if one]
    of = len(due)
    if not places or len(places) == of:
        return Share(len(places), of, float(of))
    effect, blocks = 1.0, max(_FEWEST_BLOCKS, ceil(seconds))
    while blocks >= _FEWEST_BLOCKS:
        effect = max(effect, _design_effect(places, due, seconds / blocks, blocks))
        blocks //= 2
    return Share(len(places), of, of / effect)


def _design_effect(places: Sequence[float], due: Sequence[float], length: float, blocks: int) -> float:
    """The variance of a share of all blocks, beside that of as many independent trials."""
    seen, of = [0] * blocks, [0] * blocks
    for when in places:
        seen[min(int(when / length), blocks - 1)] += 1
    for when in due:
        of[min(int(when / length), blocks - 1)] += 1
    rate = len(places) / len(due)
    spread = sum((one - rate * each) ** 2 for one, each in zip(seen, of, strict=True)) * blocks / (blocks - 1)
    return spread / (len(due) * rate * (1 - rate))
