"""Lines and places."""

import pytest
from hypothesis import given, strategies as st

from comb_compiler.diagnostics import Position
from comb_compiler.diagnostics.lines import Lines

texts = st.text(st.sampled_from("ab\r\n\u2028\u0085\x0b\x0c世🙂"), max_size=20)


@given(texts)
def test_lines_are_what_universal_newlines_would_split(text: str) -> None:
    lines = Lines(text)
    assert [lines[n] for n in range(1, len(lines) + 1)] == text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


@given(texts, st.integers(0, 25))
def test_positions_and_offsets_are_inverse(text: str, offset: int) -> None:
    offset = min(offset, len(text))
    within_break = text[max(offset - 1, 0) : offset + 1] == "\r\n"
    found = Lines(text).offset(Lines(text).position(offset))
    assert found == (offset - 1 if within_break else offset)


@given(texts, st.builds(Position, st.integers(-3, 30), st.integers(-3, 30)))
def test_the_nearest_place_is_a_place(text: str, position: Position) -> None:
    lines = Lines(text)
    nearest = lines.nearest(position)
    assert lines.offset(nearest) is not None
    if lines.offset(position) is not None:
        assert nearest == position


def test_a_byte_order_mark_belongs_to_no_line() -> None:
    lines = Lines("\ufeffab")
    assert lines[1] == "ab"
    assert lines.offset(Position(1, 1)) == 1
    assert lines.position(0) == Position(1, 1)


def test_there_is_no_line_0() -> None:
    with pytest.raises(IndexError):
        Lines("a")[0]
