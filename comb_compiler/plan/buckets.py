"""Which buckets of users get which arm, where a gateway puts each user into one of a hundred."""

from collections.abc import Mapping

__all__ = ["BUCKETS", "MOST_ARMS", "buckets_of"]

BUCKETS = 100
MOST_ARMS = 14
"""Arms that one route can tell apart, of 16 rules: an arm may need two, and one is for who has no bucket."""


def buckets_of(weights: Mapping[str, int]) -> dict[str, range]:
    """Each arm's buckets, one after the other in the order of arms: its share in whole percent.

    What is left over when all are rounded down goes to the largest remainders, to the first of those that are alike.
    All are empty where no arm has any weight.
    """
    total = sum(weights.values())
    if not total:
        return dict.fromkeys(weights, range(0))
    whole = {arm: weight * BUCKETS // total for arm, weight in weights.items()}
    by_remainder = sorted(weights, key=lambda arm: -(weights[arm] * BUCKETS % total))
    for arm in by_remainder[: BUCKETS - sum(whole.values())]:
        whole[arm] += 1
    found, first = {}, 0
    for arm, count in whole.items():
        found[arm] = range(first, first + count)
        first += count
    return found
