"""A part of a scalar's text stands exactly where the file has the characters that made it, in every style."""

import re
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, strategies as st

from comb_compiler.diagnostics.lines import Lines
from comb_compiler.source import Mapping, Scalar
from comb_compiler.source.compose import parse
from comb_compiler.source.text import SourceFile
from comb_compiler.source.written import written

_WORDS = st.sampled_from(["a", "bc", "é", "😀", "x.y", "(", "&&", "d=e"])
_PIECES = {
    "": [("b c", "b c"), (" ", "\n  "), (" ", " \n   "), ("\n", "\n\n  "), ("\n\n", "\r\n\r\n\n  ")],
    "'": [("'", "''"), (" ", "\n  "), (" ", "  \n  "), ("\n", "\n \n  "), ("\\", "\\"), ('"', '"'), (" ", " ")],
    '"': [('"', '\\"'), ("é", "\\u00e9"), ("A", "\\x41"), ("", "\\\n  "), ("\n", "\\n"), ("\n", "\n\n ")],
    "|": [
        ("\n", "\n  "),
        ("\n", "\r\n  "),
        ("\n\n", "\n\n  "),
        ("\n  ", "\n    "),
        (" ", " "),
        ("'", "'"),
        ("\\", "\\"),
    ],
    ">": [(" ", "\n  "), (" ", "\r\n  "), ("\n", "\n\n  "), ("\n\n", "\n \n\n  "), ("'", "'"), ("\\", "\\")],
}
"""By style, pieces of a value with how they are written."""
_OPENED = {"": "", "'": "'", '"': '"', "|": "|\n  ", ">": "> # folded\n  "}
_CLOSED = {"": "", "'": "'", '"': '"', "|": "\n", ">": "\n"}


@st.composite
def written_texts(draw: st.DrawFn) -> tuple[str, list[tuple[str, str]]]:
    """A style, and a text in pieces: words, and what that style does between them."""
    style = draw(st.sampled_from(sorted(_PIECES)))
    first = draw(st.sampled_from(["a", "é", "x.y"]))
    pieces = [(first, first)]
    for _ in range(draw(st.integers(0, 6))):
        word = draw(_WORDS)
        pieces += [draw(st.sampled_from(_PIECES[style])), (word, word)]
    return style, pieces


def scalar(text: str) -> Scalar:
    """The value of `k`."""
    found = parse(SourceFile("a.yaml", text))
    assert found.documents, found.diagnostics
    root = found.documents[0].root
    assert isinstance(root, Mapping)
    value = root.entries["k"].value
    assert isinstance(value, Scalar)
    return value


def covered(text: str, node: Scalar, start: int, end: int) -> str:
    span, lines = node.part(start, end), Lines(text)
    first, last = lines.offset(span.start), lines.offset(span.end)
    assert first is not None
    assert last is not None
    return text[first:last]


@given(written_texts(), st.data())
def test_a_part_covers_what_made_it(given: tuple[str, list[tuple[str, str]]], data: st.DataObject) -> None:
    style, pieces = given
    text = f"a: [1, é]\nk: {_OPENED[style]}{''.join(raw for _, raw in pieces)}{_CLOSED[style]}"
    node = scalar(text)
    assert node.text.rstrip("\n") == "".join(value for value, _ in pieces)
    first = data.draw(st.integers(0, (len(pieces) - 1) // 2)) * 2
    last = data.draw(st.integers(first // 2, (len(pieces) - 1) // 2)) * 2
    start = sum(len(value) for value, _ in pieces[:first])
    end = start + sum(len(value) for value, _ in pieces[first : last + 1])
    assert covered(text, node, start, end) == "".join(raw for _, raw in pieces[first : last + 1])
    assert covered(text, node, start, start) == ""


_SOUP = st.lists(
    st.sampled_from(["a", "b c", " ", "  ", "\n", "\n  ", "\n    ", "\n\t", "\t", "\\n", "\\x41", "\\\n", '"', "''",
                     "é", "\r\n", "\r", '\\"', "#x", " # y", ": z", "- q", "\n  ..."]),
    max_size=10,
).map("".join)  # fmt: skip
_OPENINGS = st.sampled_from(
    ["|\n  ", ">\n  ", "|-\n  ", ">-\n ", "|+ # c\n  ", ">+\n  ", "|2\n   ", ">1\n  ", "'", '"', "x"]
)


@given(_OPENINGS, _SOUP, st.sampled_from(["", "\n", "\nz: 1\n"]))
def test_every_character_of_any_value_is_where_libyaml_read_it(opening: str, body: str, rest: str) -> None:
    text = f"k: {opening}{body}{opening if opening in _PIECES else ''}{rest}"
    try:
        events = [event for event in yaml.parse(text, Loader=yaml.CLoader) if isinstance(event, yaml.ScalarEvent)]
    except yaml.YAMLError:
        assume(False)
    event: Any = events[1]
    assume(event.value.strip())
    start = event.start_mark.index
    end = start + len(text[start : event.end_mark.index].rstrip()) if opening[0] in "|>" else event.end_mark.index
    found = written(text, start, end, event.value)
    assert found is not None
    before = start
    for index, character in enumerate(event.value):
        first, last = found.offsets(index, index + 1)
        assert before <= first < last
        assert makes(text[first:last], character, event.style), (index, text[first:last])
        before = last


def makes(raw: str, character: str, style: str) -> bool:
    if re.fullmatch(r"\r\n|\n|\r", raw):
        return character in " \n"
    if style == '"' and raw.startswith("\\"):
        return bool(yaml.safe_load(f'"{raw}"') == character)
    return raw == character or (style == "'" and (raw, character) == ("''", "'"))


def test_a_text_that_is_not_in_the_file_has_no_parts() -> None:
    node = scalar("k: >\n  a\n  b\n")
    made = Scalar(node.file, node.start, node.end, "x", "x", False)
    assert made.part(0, 1) == made.span


def test_a_value_that_is_very_long_is_marked_as_a_whole() -> None:
    node = scalar("k: >\n" + "  some words\n" * 10_000)
    assert node.part(0, 4) == node.span


def test_a_value_of_blanks_alone_is_marked_as_a_whole() -> None:
    node = scalar("k: |+\n  \n \nz: 1\n")
    assert node.part(0, 1) == node.span


@given(written_texts(), st.sampled_from(["", "x", "it's", 'a"b', "\\\\", " ", "a\nb", "&&"]), st.data())
def test_what_is_put_into_a_text_stands_there_when_it_is_read(
    given: tuple[str, list[tuple[str, str]]], put: str, data: st.DataObject
) -> None:
    style, pieces = given
    assume(style)
    text = f"k: {_OPENED[style]}{''.join(raw for _, raw in pieces)}{_CLOSED[style]}"
    node = scalar(text)
    start = data.draw(st.integers(0, len(node.text.rstrip("\n"))))
    end = data.draw(st.integers(start, len(node.text.rstrip("\n"))))
    written_so = node.replacement(start, end, put)
    if "\n" in put:
        assert written_so is None
    if written_so is not None:
        span, lines = node.part(start, end), Lines(text)
        first, last = lines.offset(span.start), lines.offset(span.end)
        changed = scalar(f"{text[:first]}{written_so}{text[last:]}")
        assert changed.text == node.text[:start] + put + node.text[end:]


@pytest.mark.parametrize("style", ["'", '"', "|", ">"])
def test_any_signs_can_be_put_into_a_word(style: str) -> None:
    text = f"k: {_OPENED[style]}some words{_CLOSED[style]}"
    assert scalar(text).replacement(5, 7, 'it\'s "a\\\\b"') is not None
