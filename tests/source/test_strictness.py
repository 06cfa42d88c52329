"""Where libyaml is lax Comb is not; what only looks like such a place is left alone."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import yaml
from hypothesis import given, strategies as st

from comb_compiler.diagnostics import Diagnostic, Position, codes
from comb_compiler.diagnostics.codes import Code
from comb_compiler.diagnostics.fixes import apply_fixes
from comb_compiler.source import SourceFile
from comb_compiler.source.strictness import Spread, find_deviations, scan_for_deviations, seems_ordinary
from tests.source.suite import CASES


class Lax(NamedTuple):
    """A text that libyaml reads without complaint, what is found in it and where, and what its fix makes of it."""

    text: str
    code: Code
    line: int
    column: int
    fixed: str | None = None


LAX = (
    # A comment that no space sets off.
    Lax('a: "b"# c\n', codes.SYNTAX_ERROR, 1, 7, 'a: "b" # c\n'),
    Lax("a: 'b'# c\n", codes.SYNTAX_ERROR, 1, 7, "a: 'b' # c\n"),
    Lax("a: [b]# c\n", codes.SYNTAX_ERROR, 1, 7, "a: [b] # c\n"),
    Lax("a: {b: 1}# c\n", codes.SYNTAX_ERROR, 1, 10, "a: {b: 1} # c\n"),
    Lax("a: [b,# c\n  d]\n", codes.SYNTAX_ERROR, 1, 7, "a: [b, # c\n  d]\n"),
    Lax("a: {# c\n  b: 1}\n", codes.SYNTAX_ERROR, 1, 5, "a: { # c\n  b: 1}\n"),
    Lax('a: {"b":# c\n  1}\n', codes.SYNTAX_ERROR, 1, 9, 'a: {"b": # c\n  1}\n'),
    Lax("a: |# c\n  b\n", codes.SYNTAX_ERROR, 1, 5, "a: | # c\n  b\n"),
    Lax("a: >-2# c\n   b\n", codes.SYNTAX_ERROR, 1, 7, "a: >-2 # c\n   b\n"),
    Lax("%YAML 1.2# c\n---\na: 1\n", codes.SYNTAX_ERROR, 1, 10, "%YAML 1.2 # c\n---\na: 1\n"),
    # Lines of a value that stand at its key, or left of it.
    Lax('a: "b\nc"\n', codes.BAD_INDENTATION, 2, 1, 'a: "b\n  c"\n'),
    Lax("a: 'b\n\n c'\nd:\n - 'e\n f\n  g\n h'\n", codes.BAD_INDENTATION, 6, 2),
    Lax('a: "b\r\nc"\r\n', codes.BAD_INDENTATION, 2, 1, 'a: "b\r\n  c"\r\n'),
    Lax("a: [b,\nc,\nd]\n", codes.BAD_INDENTATION, 2, 1, "a: [b,\n  c,\n  d]\n"),
    Lax("a:\n  b: {c: 1,\n  d: [\n2]}\n", codes.BAD_INDENTATION, 3, 3, "a:\n  b: {c: 1,\n    d: [\n    2]}\n"),
    Lax("a:\n  - [b\n c]\n", codes.BAD_INDENTATION, 3, 2, "a:\n  - [b\n    c]\n"),
    Lax("a: [b,\n 'c\n]']\n", codes.BAD_INDENTATION, 3, 1, "a: [b,\n 'c\n  ]']\n"),
    Lax("- a: {b: 1,\n  c: 2}\n", codes.BAD_INDENTATION, 2, 3, "- a: {b: 1,\n    c: 2}\n"),
    Lax("a:\n  b: [c\n]\n", codes.BAD_INDENTATION, 3, 1, "a:\n  b: [c\n    ]\n"),
    Lax('a: "b\n\tc"\n', codes.TAB_INDENTATION, 2, 1, 'a: "b\n  \tc"\n'),
    Lax("a: [b,\n\tc]\n", codes.TAB_INDENTATION, 2, 1, "a: [b,\n  \tc]\n"),
    Lax("a: [b,\n\t]\n", codes.TAB_INDENTATION, 2, 1, "a: [b,\n  \t]\n"),
    Lax("a:\n| \n  b\n", codes.BAD_INDENTATION, 2, 1),
    Lax("a:\n  b: !!str\n  >-\n    c\n", codes.BAD_INDENTATION, 3, 3),
    # What is text in YAML 1.2, and not to libyaml.
    Lax("a: [?b]\n", codes.UNSUPPORTED_YAML, 1, 5),
    Lax("a: {?b: 1}\n", codes.UNSUPPORTED_YAML, 1, 5),
    Lax("a: {!!str :b}\n", codes.UNSUPPORTED_YAML, 1, 11),
    Lax("a: {b: 1, &c :d}\n", codes.UNSUPPORTED_YAML, 1, 14),
    Lax("a: &b:c d\n", codes.UNSUPPORTED_YAML, 1, 4),
    Lax("a: &b 1\nc: [*b:d]\n", codes.UNSUPPORTED_YAML, 2, 5),
    Lax("&b:c a: 1\n", codes.UNSUPPORTED_YAML, 1, 1),
    Lax("a: !<!> b\n", codes.UNSUPPORTED_TAG, 1, 4),
    # What is nothing at all in YAML 1.2.
    Lax("a: [-]\n", codes.SYNTAX_ERROR, 1, 5, 'a: ["-"]\n'),
    Lax("a: [b, -, c]\n", codes.SYNTAX_ERROR, 1, 8, 'a: [b, "-", c]\n'),
    # Directives.
    Lax("a: 1\n%YAML 1.2\n---\nb: 2\n", codes.SYNTAX_ERROR, 2, 1),
    Lax("---\n%TAG ! tag:x,2000:\n---\nb: 2\n", codes.SYNTAX_ERROR, 2, 1),
    Lax("%YAML 1.1\n---\na: 1\n", codes.UNSUPPORTED_YAML, 1, 1),
    # Blocks of text that end, or do not begin, with their first line.
    Lax("a: |\n   \n # b\n", codes.BAD_INDENTATION, 3, 2),
    Lax("a: >- # b\r\n   \r\n\r\n # b\r\n", codes.BAD_INDENTATION, 4, 2),
    Lax("|\n# a\n", codes.BAD_INDENTATION, 2, 1),
    Lax("a: |+\n  b\n  ", codes.UNSUPPORTED_YAML, 3, 1, "a: |+\n  b\n"),
    Lax("a: |\n  b\n   ", codes.UNSUPPORTED_YAML, 3, 1, "a: |\n  b\n"),
)

ORDINARY = (
    "a: b#c\nd: http://e/#f\ng: '#h' # i\nj: \"#k\"\nl: [m, n] # o\np: C# and F#\n",
    'a: \'"# b\'\nc: "d \'# e"\nf: |\n  "g"# h\n',  # the marks of a comment inside text
    "a: [\n  b,\n  c\n]\nd: {\n  e: 1,\n  f: [\n  ]\n}\n",  # brackets that close below their key
    "a: [{\n  b: 1\n}, {\n  b: 2\n}]\n",
    "- a: [\n    b\n  ]\n- [\n  c\n]\n",
    "{\n'a': 1,\n\"b\": [\n1,\n2\n]\n}\n",  # no key stands above it
    '"a\nb"\n',
    "a:\n    [b,\n  c]\n",
    "a:\n    'b\n  c'\n",
    "a:\n- [b,\n  c]\n- 'd\n\n  e'\n",
    "a: [b, # c\n# d\n  e]\n",
    "a: &b\n  c: 'd\n    e'\nf: &g\n  - {h: 1,\n    i: 2}\n",
    'a: why ?b\nc: [d?e, f ? g]\nh: "i ?j"\nk: ls *.py\nl: s3://m/n?o=p&q:r\n',
    "a: b :c\nd: ::e\nf: {'g':h, \"i\" :j, k: l}\n",
    "a: [-1, -b, --]\n",
    "a: '[-]'\nb: x-]\n",
    "a: &b-c_1 1\nd: *b-c_1\ne: [*b-c_1, {f: *b-c_1}]\ng: R&D:x\n",
    "%YAML 1.2\n---\na: 1\n...\n%YAML 1.2 # b\n---\nc: 2\n",
    "a: 100%\nb: |\n  %YAML\n",
    "a: |\n  # b\n  c\n",
    "a: |\n\n# b\nc: >\n\n\nd: |2\n\n # e\n",
    "a: |\n  b\n  ",
    "a: b\n   ",
    "a: |-\n  b\n ",
    "a:\n  |\n  b\nc:\n  - >-\n    d\n",
)


def _spread(text: str) -> list[Spread]:
    """Every quoted text and everything in brackets that spans lines."""
    found: list[Spread] = []
    begun: list[Any] = []
    events: Iterator[Any] = yaml.parse(text, Loader=yaml.CLoader)
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            begun.append(event)
        start = begun.pop() if isinstance(event, yaml.CollectionEndEvent) else event
        flow = isinstance(event, yaml.CollectionEndEvent) and start.flow_style
        quoted = isinstance(event, yaml.ScalarEvent) and event.style in ("'", '"')
        if (flow or quoted) and start.start_mark.line != event.end_mark.line:
            found.append((start.start_mark, event.end_mark))
    return found


def _deviations(text: str) -> list[Diagnostic]:
    return find_deviations(SourceFile("comb.yaml", text), _spread(text))


@pytest.mark.parametrize("lax", LAX, ids=lambda lax: repr(lax.text))
def test_what_libyaml_forgives_is_found_where_it_stands(lax: Lax) -> None:
    (finding,) = _deviations(lax.text)
    assert finding.primary
    assert (finding.code, finding.primary.span.start) == (lax.code, Position(lax.line, lax.column))
    assert finding.primary.span.end > finding.primary.span.start


@pytest.mark.parametrize("lax", [lax for lax in LAX if lax.fixed], ids=lambda lax: repr(lax.text))
def test_a_fix_clears_its_finding(lax: Lax) -> None:
    (finding,) = _deviations(lax.text)
    assert finding.fix
    repair = apply_fixes(lax.text, [finding.fix])
    assert repair.text == lax.fixed
    assert _deviations(repair.text) == []


@pytest.mark.parametrize("text", ORDINARY)
def test_what_only_looks_lax_is_left_alone(text: str) -> None:
    assert _deviations(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "a: [b]\nc: {d: e} # f\ng: 'h' # i\nj: >-\n  k\n  l\nm: 1.5\n",
        "# a\n---\nb: [\n  c,\n  d\n]\ne: 'f\n  g'\n",
        "a: s3://b/c?versionId=d&e=f#g\n",
    ],
)
def test_an_ordinary_file_is_scanned_only_once(text: str) -> None:
    assert seems_ordinary(text, _spread(text))


_SEEDS = st.sampled_from([case.text for case in CASES] + [lax.text for lax in LAX] + list(ORDINARY))
_TOKENS = st.sampled_from(
    [*" \t\r\n:-?,[]{}#&*!|>'\"%", "\n  ", ": ", "- ", " #", "&a", "*a", "...\n", "x", "\r\n", "\ufeff"]
)


@given(text=_SEEDS, changes=st.lists(st.tuples(st.floats(0, 1), _TOKENS, st.integers(0, 2)), max_size=4))
def test_a_file_that_seems_ordinary_is(text: str, changes: list[tuple[float, str, int]]) -> None:
    """The fast look lets nothing pass that the slow one would find."""
    for place, token, deleted in changes:
        at = int(place * len(text))
        text = text[:at] + token + text[at + deleted :]
    text = text.removeprefix("\ufeff")
    try:
        spread = _spread(text)
    except yaml.YAMLError:
        return
    if seems_ordinary(text, spread):
        assert scan_for_deviations(SourceFile("comb.yaml", text)) == []


def test_a_file_of_nothing_else_is_cut_short() -> None:
    assert len(_deviations("a:\n|\n b\n" * 10_000)) == 100


def test_a_value_of_very_many_lines_has_one_finding() -> None:
    (finding,) = _deviations('a: "b' + "\nc" * 200_000 + '"\n')
    assert finding.fix is None
