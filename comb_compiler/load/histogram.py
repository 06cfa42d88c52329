"""Latencies as counts in buckets whose width grows with their values: small, and added up across workers and runs.

The idea is that of HdrHistogram (G. Tene); here a bucket is a power of two parted into 512 equal parts, so that what is
read from one is within `ERROR` of what was put in.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from math import ceil, frexp, ldexp
from typing import NamedTuple, Self

__all__ = ["ERROR", "Histogram"]

_PARTS = 512
ERROR = 0.5 / _PARTS
"""The greatest relative error of a quantile: a tenth of a percent."""
_LEAST = 1e-9


class Histogram(NamedTuple):
    """Counts by bucket."""

    counts: Mapping[int, int]

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        """Seconds; what is below a nanosecond counts as one."""
        return cls(Counter(map(_bucket, values)))

    @property
    def total(self) -> int:
        """How many values there are."""
        return sum(self.counts.values())

    def quantile(self, share: float) -> float:
        """The least value that `share` of them are not above (nearest rank). Raises ValueError where there are none."""
        left = max(1, ceil(share * self.total - 1e-9))  # what a float is off by does not make it one more
        for bucket in sorted(self.counts):
            left -= self.counts[bucket]
            if left <= 0:
                return _middle(bucket)
        raise ValueError("there are no values")

    def above(self, value: float) -> int:
        """How many are above a value, as far as buckets can tell: those in its own bucket are not."""
        return sum(count for bucket, count in self.counts.items() if bucket > _bucket(value))

    def plus(self, other: "Histogram") -> "Histogram":
        """Both together."""
        return Histogram(Counter(self.counts) + Counter(other.counts))


def _bucket(value: float) -> int:
    mantissa, exponent = frexp(max(value, _LEAST))
    return exponent * _PARTS + int((mantissa - 0.5) * 2 * _PARTS)


def _middle(bucket: int) -> float:
    exponent, part = divmod(bucket, _PARTS)
    return ldexp(0.5 + (part + 0.5) / (2 * _PARTS), exponent)
