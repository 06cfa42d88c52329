"""Our parser reads what the official one reads, as it reads it."""

import re

import pytest
from hypothesis import given, strategies as st

from comb_compiler.cel import Mistake, read
from comb_compiler.cel.tree import Expr, walk, written
from tests.cel.grammar import expressions, token_soups
from tests.cel.official import official, ours

_MACRO = re.compile(r"\b(has|all|exists|exists_one|map|filter)\b")


def tree(text: str) -> Expr:
    expr = read(text)
    assert not isinstance(expr, Mistake), text
    return expr


def as_we_read(text: str) -> str | None:
    expr = read(text)
    return None if isinstance(expr, Mistake) else ours(expr)


@given(expressions)
def test_what_the_grammar_makes_is_read_as_the_official_parser_reads_it(text: str) -> None:
    assert as_we_read(text) == official(text)


@given(token_soups)
def test_what_the_official_parser_refuses_is_refused_and_nothing_else(text: str) -> None:
    theirs = official(text)
    if theirs is None and _MACRO.search(text):
        return  # what a macro takes is left to the checker
    assert as_we_read(text) == theirs


@pytest.mark.parametrize(
    "text",
    [
        "-1.b",
        "1 -1",
        "1--1",
        "- -1",
        "!-1",
        "!!!a",
        "a ? b : c ? d : e",
        "a < b == c",
        "a - b - c",
        "1 + 2 * 3 % 4",
        "[,]",
        "{,}",
        "[1,]",
        "{1: 2,}",
        ".a.b.C{}",
        "a.b.C{}.d",
        ".a",
        "a.size()",
        "'a' 'b'",
        "1.",
        "1.e3",
        "0X1",
        "1U",
        "rb'a'",
        "bR'a'",
        "'\\400'",
        "'\\ud800'",
        "'\\U00110000'",
        "b'\\u00e9'",
        "a.in",
        "a.true",
        "if",
        "a.if",
        "if(a)",
        "a.?b",
        "a[?0]",
        "f(,)",
        "f(a,)",
        "a{}",
        "a.`b`{}",
        "a.`b`()",
        "`a`",
        "true.a",
        "null",
        "''",
        "''''''",
        "'''a''''",
        '"\\""',
        "1e999",
        "18446744073709551616u",
        "9223372036854775808",
        "-9223372036854775808",
        "a\x0b",
        "a\u00a0b",
        "a//",
        "// only",
        "a\r\n&& b",
        "-x.y",
        "-(1)",
        "- 'a'",
        "!a.b()",
        "a.b.c.D{e: 1}",
        "a().b",
        "a[0]{}",
        "x.all(y, y)",
    ],
)
def test_corners_of_the_grammar_are_read_as_the_official_parser_reads_them(text: str) -> None:
    assert as_we_read(text) == official(text)


@given(expressions)
def test_every_node_has_its_own_text(text: str) -> None:
    """The text of a node, read alone, gives the node again."""
    for node in walk(tree(text)):
        assert written(tree(text[node.start : node.end])) == written(node)


@given(st.one_of(st.text(), token_soups, expressions.map(lambda text: text[: len(text) // 2])))
def test_any_text_is_read_or_refused_at_a_place_in_it(text: str) -> None:
    mistake = read(text)
    if isinstance(mistake, Mistake):
        assert_placed(mistake, text)


def assert_placed(mistake: Mistake, text: str) -> None:
    assert 0 <= mistake.start <= mistake.end <= len(text)
    assert mistake.message
    assert mistake.mend is None or 0 <= mistake.mend.start <= mistake.mend.end <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "!" * 100_000,
        "-" * 99_999 + "1",
        "a." * 50_000 + "a",
        "a+" * 4_000 + "a",
        "[" * 5_000,
        "a" * 100_000,
        "a?" * 3_000,
        "a?b:" * 2_000 + "c",
        "a[" * 3_000,
        "'" + "x" * 99_999,
        "f(" * 4_000,
        "a&&" * 40_000 + "a",
        "{1:" * 3_000,
        "a.b." * 1_000 + "c",
        "\0",
        "a\0b",
        "'\0'",
        "\ud800",
        "'\ud800'",
        "// \ud800",
        "\U0001f600",
    ],
    ids=lambda text: f"{text[:8]!a} × {len(text)}",
)
def test_monsters_are_refused_at_a_place(text: str) -> None:
    mistake = read(text)
    if isinstance(mistake, Mistake):
        assert_placed(mistake, text)


def test_a_long_row_of_conditions_is_no_monster() -> None:
    assert not isinstance(read(" && ".join(["a.b"] * 1_000)), Mistake)
