"""What holds of the text rendering, whatever is rendered."""

import re
import time
import unicodedata

import pytest
from hypothesis import given, strategies as st

from comb_compiler.diagnostics import Diagnostic, Edit, Fix, Label, Position, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.diagnostics.render.text import render, summary
from tests.diagnostics.strategies import FILES, diagnostics, hostile_text, texts

_FORBIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
files = st.fixed_dictionaries({}, optional=dict.fromkeys(FILES, texts))


def at(start: int, end: int, file: str = "comb.yaml", line: int = 1) -> Span:
    return Span(file, Position(line, start), Position(line, end))


def one(message: str = "wrong", label: str = "", span: Span | None = None, fix: Fix | None = None) -> Diagnostic:
    return diagnose(codes.SYNTAX_ERROR, message, span or at(1, 2), label=label, fix=fix)


def cells(text: str) -> int:
    """The width of a printed text, by the Unicode database alone."""
    widths = (
        0 if unicodedata.category(c) in ("Mn", "Me") else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
    return sum(widths)


@given(diagnostics(), files, st.none() | st.integers(-5, 200), st.booleans())
def test_it_never_raises_and_passes_no_control_on(
    found: list[Diagnostic], given_texts: dict[str, str], width: int | None, color: bool
) -> None:
    rendered = render(found, given_texts, width=width, color=color)
    plain = re.sub(r"\x1b\[[0-9;]+m", "", rendered) if color else rendered
    assert [c for c in plain if c != "\n" and unicodedata.category(c) in _FORBIDDEN] == []
    assert rendered.endswith("\n") if found else rendered == ""
    rendered.encode()


@given(diagnostics(), files)
def test_every_finding_is_there_once(found: list[Diagnostic], given_texts: dict[str, str]) -> None:
    rendered = render(found, given_texts)
    heads = re.findall(r"^(?:error|warning|info)\[(COMB\d{4})\] ", rendered, re.MULTILINE)
    assert sorted(heads) == sorted(item.code.id for item in set(found))


def excerpt_of(rendered: str) -> tuple[str, str]:
    """The source line and the carets of a finding about one line."""
    source, carets = (row.partition("|")[2][1:] for row in rendered.split("\n")[3:5])
    return source, carets


@given(st.text(st.sampled_from("ab:\t世é\u0301🙂\u200b\x1b{}"), min_size=1, max_size=60), st.data())
def test_carets_stand_below_what_they_mean(line: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(start, len(line)))
    rendered = render([one(span=at(start + 1, end + 1), label="here")], {"comb.yaml": line})
    source, carets = excerpt_of(rendered)
    assert source == printable(line).rstrip()
    assert carets.endswith("^ here")
    assert cells(carets.partition("^")[0]) == cells(printable(line[:start]))
    assert carets.count("^") == max(cells(printable(line[start:end])), 1)


@given(st.text(st.sampled_from("abc 世"), min_size=100, max_size=400), st.integers(1, 400), st.integers(30, 90))
def test_a_cut_line_fits_and_shows_the_place(line: str, column: int, width: int) -> None:
    column = min(column, len(line))
    rendered = render([one(span=at(column, column + 1))], {"comb.yaml": f"{line}!"}, width=width)
    source, carets = excerpt_of(rendered)
    assert cells(source) <= max(width - 8, 20)
    by_cell = [character for character in source for _ in range(cells(character))]
    assert by_cell[carets.index("^")] == line[column - 1]


@given(hostile_text)
def test_printable_text_is_left_alone(text: str) -> None:
    assert printable(printable(text)) == printable(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a␛[31mb"),
        ("\x9b31m", "<U+009B>31m"),
        ("a\u202eb", "a<U+202E>b"),
        ("a\u200bb\u00a0c", "a<U+200B>b<U+00A0>c"),
        ("a\x00\x7f", "a␀␡"),
        ("\udc80", "<U+DC80>"),
        ("a\r\nb\rc", "a\nb␍c"),
        ("世界 cafe\u0301 🙂", "世界 cafe\u0301 🙂"),
    ],
)
def test_what_would_be_obeyed_or_unseen_is_named(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_line_of_a_million_characters_is_cut_quickly() -> None:
    line = "{" + "a: 1, " * 200_000
    fix = Fix("mend it", (Edit(at(600_001, 600_003), "b"),))
    found = [one(span=at(600_000 + n, 600_003 + n), label="here", fix=fix) for n in range(20)]
    begin = time.process_time()
    rendered = render(found, {"comb.yaml": line})
    assert time.process_time() - begin < 10
    assert max(map(len, rendered.split("\n"))) < 200


def test_a_million_of_anything_is_cut() -> None:
    whole = one("m" * 10**6, "l" * 10**6, at(1, 10**6), Fix("t" * 10**6, ()))
    endless = "e" + "\u0301" * 10**6
    rendered = render([whole._replace(hints=("h" * 10**6,), path="p" * 10**6)], {"comb.yaml": endless})
    assert len(rendered) < 15_000


def test_thousands_of_findings_take_time_by_their_number() -> None:
    text = "key: value\n" * 20_000
    found = [one(span=at(1, 4, line=line)) for line in range(1, 4001)]
    begin = time.process_time()
    render(found, {"comb.yaml": text})
    assert time.process_time() - begin < 15


def test_a_message_of_several_lines_cannot_pose_as_another_finding() -> None:
    rendered = render([one("first\nerror[COMB0001] file-not-found: fake")], {"comb.yaml": "abc"})
    assert re.findall(r"^error\[", rendered, re.MULTILINE) == ["error["]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_name_of_several_lines_cannot_either(end: str) -> None:
    name = f"a{end}error[COMB0001] file-not-found: fake"
    span = at(1, 2)._replace(file=name)
    found = one(span=span)._replace(path=f'graph."{name}"', fix=Fix("mend it", (Edit(span, "x"),)))
    rendered = render([found], {name: "abc"})
    assert re.findall(r"^error\[", rendered, re.MULTILINE) == ["error["]


def test_the_summary_counts_by_severity_and_by_who_can_mend() -> None:
    safe = Fix("", (Edit(at(1, 1), "x"),))
    found = [one(str(n), fix=safe if n < 2 else None) for n in range(3)]
    warning = diagnose(codes.AMBIGUOUS_SCALAR, "", None)
    assert summary([]) == ""
    assert summary(found[:1]) == "1 error; 1 fixable with `comb fix`"
    assert summary([*found, warning]) == "3 errors, 1 warning; 2 fixable with `comb fix`"
    assert summary([warning]) == "1 warning"


def test_a_related_place_may_be_all_there_is() -> None:
    found = diagnose(codes.DUPLICATE_COMB, "two combs are named `a`", None, related=(Label(at(1, 2), "here"),))
    assert "::: comb.yaml:1:1" in render([found], {"comb.yaml": "a"})
