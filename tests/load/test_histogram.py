"""Quantiles of buckets agree with exact ones within the error that is stated."""

from math import ceil

import pytest
from hypothesis import given, strategies as st

from comb_compiler.load.histogram import ERROR, Histogram

SECONDS = st.floats(min_value=1e-9, max_value=1e6)
ROUNDING = 1e-12


@given(st.lists(SECONDS, min_size=1), st.sampled_from([0.0, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0]))
def test_quantiles_are_within_the_error(values: list[float], share: float) -> None:
    exact = sorted(values)[max(1, ceil(share * len(values))) - 1]
    assert Histogram.of(values).quantile(share) == pytest.approx(exact, rel=ERROR + ROUNDING, abs=0.0)


@given(st.lists(SECONDS), st.lists(SECONDS))
def test_two_added_are_one_of_all_values(some: list[float], others: list[float]) -> None:
    assert Histogram.of(some).plus(Histogram.of(others)) == Histogram.of(some + others)


@given(st.lists(SECONDS), SECONDS)
def test_what_is_above_a_value_is_known_but_for_its_own_bucket(values: list[float], bound: float) -> None:
    above = Histogram.of(values).above(bound)
    assert sum(one > bound * (1 + 2.01 * ERROR) for one in values) <= above <= sum(one > bound for one in values)


def test_what_is_no_time_at_all_counts_as_the_least() -> None:
    assert Histogram.of([0.0, -1.0]).quantile(1.0) == pytest.approx(1e-9, rel=ERROR)


def test_nothing_has_no_quantile() -> None:
    with pytest.raises(ValueError, match="no values"):
        Histogram.of([]).quantile(0.5)
