"""Buckets of users are dealt to arms by their weights."""

from hypothesis import given, strategies as st

from comb_compiler.plan.buckets import BUCKETS, buckets_of

WEIGHTS = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 1_000_000), min_size=1, max_size=15)


@given(WEIGHTS)
def test_every_bucket_has_one_arm_and_every_arm_its_share(weights: dict[str, int]) -> None:
    found, total = buckets_of(weights), sum(weights.values())
    dealt = [bucket for buckets in found.values() for bucket in buckets]
    assert dealt == (list(range(BUCKETS)) if total else [])
    for arm, buckets in found.items():
        exact = weights[arm] * BUCKETS / total if total else 0
        assert abs(len(buckets) - exact) < 1
        assert weights[arm] or not buckets


@given(st.integers(0, 99), st.integers(0, 99))
def test_between_two_arms_only_those_move_who_must(before: int, after: int) -> None:
    first, second = (buckets_of({"a": 100 - share, "b": share}) for share in (before, after))
    moved = set(first["b"]) ^ set(second["b"])
    assert len(moved) == abs(before - after)
