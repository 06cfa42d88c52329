"""Strata and how many there are of each → how many to draw of each."""

from collections.abc import Mapping
from typing import TypeVar

__all__ = ["shares"]

K = TypeVar("K")


def shares(sizes: Mapping[K, int], count: int) -> dict[K, int]:
    """`count` parted as the whole is, by largest remainders; never more of a stratum than there are of it."""
    whole = sum(sizes.values())
    if whole <= count:
        return dict(sizes)
    exact = {stratum: size * count / whole for stratum, size in sizes.items()}
    found = {stratum: int(share) for stratum, share in exact.items()}
    by_remainder = sorted(exact, key=lambda stratum: (found[stratum] - exact[stratum], str(stratum)))
    for stratum in by_remainder[: count - sum(found.values())]:
        found[stratum] += 1
    return found
