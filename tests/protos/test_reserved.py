"""Ranges of numbers, against sets of them."""

from itertools import pairwise

from hypothesis import given, strategies as st

from comb_compiler.protos import Range
from comb_compiler.protos.breaking.reserved import MESSAGE_MAX, collapse, covers, missing, show

RANGES = st.lists(
    st.builds(lambda start, size: Range(start, start + size), st.integers(-9, 30), st.integers(0, 6)), max_size=6
)


def numbers(ranges: tuple[Range, ...] | list[Range]) -> set[int]:
    return {number for one in ranges for number in range(one.start, one.end + 1)}


@given(RANGES)
def test_collapsed_ranges_hold_the_same_numbers_in_rising_order_with_gaps(ranges: list[Range]) -> None:
    collapsed = collapse(ranges)
    assert numbers(collapsed) == numbers(ranges)
    assert all(one.end + 1 < following.start for one, following in pairwise(collapsed))


@given(RANGES, st.integers(-12, 40))
def test_a_number_is_covered_when_a_range_has_it(ranges: list[Range], number: int) -> None:
    assert covers(collapse(ranges), number) == (number in numbers(ranges))


@given(RANGES, RANGES)
def test_what_is_missing_is_the_difference(old: list[Range], new: list[Range]) -> None:
    found = missing(old, new)
    assert numbers(found) == numbers(old) - numbers(new)
    assert found == collapse(found)


def test_a_range_is_written_as_in_a_proto_file() -> None:
    assert [show(Range(*one), MESSAGE_MAX) for one in ((7, 7), (7, 9), (7, MESSAGE_MAX))] == ["7", "7 to 9", "7 to max"]
