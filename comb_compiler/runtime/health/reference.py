"""What figures are compared with: how each of them was distributed."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

__all__ = ["FEWEST", "SAMPLE", "Distribution", "category_reference", "number_reference"]

FEWEST = 100
"""Observations that a reference needs."""
SAMPLE = 500
"""Of the reference's numbers, and of each window's, so many at most are kept for KS: drawn at random."""

_BINS = 10
_RARE = 0.01
"""A category with a smaller share is counted among the others."""


class Distribution(NamedTuple):
    """How one figure is distributed.

    Of numbers: `edges` part the bins (a number that equals an edge is below it), `counts` has one more than there are
    edges, and `sample` is sorted. Of categories: `names` are the bins, and the last of `counts` is all others.
    """

    counts: tuple[int, ...]
    edges: tuple[float, ...] = ()
    sample: tuple[float, ...] = ()
    names: tuple[str, ...] | None = None

    @property
    def observations(self) -> int:
        """How many values it was made from."""
        return sum(self.counts)

    def bin(self, value: Any) -> int:
        """The bin of a value."""
        if self.names is None:
            return bisect_left(self.edges, value)
        return self.names.index(value) if value in self.names else len(self.names)


def number_reference(values: Sequence[float], random: Random) -> Distribution:
    """Bins with about a tenth of the values each; fewer where many values are equal."""
    ordered = sorted(values)
    distinct = sorted(set(ordered))
    if len(distinct) <= _BINS:
        edges = tuple(distinct[:-1])
    else:
        edges = tuple(sorted({ordered[len(ordered) * cut // _BINS] for cut in range(1, _BINS)} - {ordered[-1]}))
    counts = [0] * (len(edges) + 1)
    for value in ordered:
        counts[bisect_left(edges, value)] += 1
    sample = ordered if len(ordered) <= SAMPLE else sorted(random.sample(ordered, SAMPLE))
    return Distribution(tuple(counts), edges, tuple(sample))


def category_reference(values: Sequence[str]) -> Distribution:
    """The shares of categories."""
    counter = Counter(values)
    names = tuple(sorted(name for name, count in counter.items() if count >= _RARE * len(values)))
    others = len(values) - sum(counter[name] for name in names)
    return Distribution((*(counter[name] for name in names), others), names=names)
