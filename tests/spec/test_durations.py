"""Durations are shown as a person writes them, and nothing of them is lost."""

from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from comb_compiler.spec.units import format_duration, parse_duration


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("99960ms", "99.96s"),
        ("1150ms", "1.15s"),
        ("1000ms", "1s"),
        ("2500us", "2.5ms"),
        ("999us", "999us"),
        ("90s", "90s"),
        ("120s", "2m"),
        ("5400s", "90m"),
        ("100s", "100s"),
        ("24h", "1d"),
    ],
)
def test_the_unit_is_the_largest_in_which_it_is_short(written: str, shown: str) -> None:
    assert format_duration(parse_duration(written)) == shown


@given(st.integers(1, 3660 * 86_400_000_000))
def test_what_is_shown_reads_as_the_same_duration(microseconds: int) -> None:
    value = timedelta(microseconds=microseconds)
    assert parse_duration(format_duration(value)) == value
