"""The canonical form keeps every value and every comment, and is reached in one step."""

import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, strategies as st

from comb_compiler.source import SourceFile, parse
from comb_compiler.source.formatting import format_text
from tests.source.suite import CASES, Case
from tests.support.fuzzing import corpus, mistreated

UGLY = """\
kind:   Comb   \t
apiVersion: 'comb.dev/v1'   # the form


# whose it is
metadata:   {name:   ocr ,team: "x"}
graph:
    a:    f( x=y )      # first
    bcd:  "g(x=a)"      # second
    return: a
operators:
      f:
            # above
            run: |
               text
                 more
            list:
            - 1
            -   two: 2
                three: [1,2 , 3]
"""


def data(text: str) -> list[Any]:
    return [document.root.data for document in parse(SourceFile("x", text)).documents]


def comments(text: str) -> Counter[str]:
    return Counter(found.strip() for found in re.findall(r"(?:^|(?<=\s))#[^\n]*", text))


def check(text: str) -> None:
    """Whatever `text` is: it is left alone with a reason, or its form changes and nothing else."""
    result = format_text(text)
    if result.text is None:
        assert result.diagnostics
        return
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    assert repr(sorted_data(data(plain))) == repr(sorted_data(data(result.text)))
    assert format_text(result.text).text == result.text
    assert result.text == "" or result.text.endswith("\n")


def sorted_data(value: Any) -> Any:
    """The same data whatever the order of keys: the formatter puts a comb's top-level keys in order."""
    if isinstance(value, dict):
        return sorted(((key, sorted_data(below)) for key, below in value.items()), key=lambda pair: pair[0])
    return [sorted_data(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_of_the_suite_keeps_its_data(case: Case) -> None:
    check(case.text)


def test_an_ugly_comb_becomes_neat_and_keeps_its_comments() -> None:
    formatted = format_text(UGLY).text
    assert formatted is not None
    assert sorted_data(data(formatted)) == sorted_data(data(UGLY))
    assert comments(formatted) == comments(UGLY)
    assert formatted.startswith("apiVersion: comb.dev/v1  # the form\nkind: Comb\n")
    assert "metadata: {name: ocr, team: x}" in formatted
    assert not re.search(r"[ \t]+$", formatted, re.MULTILINE)


@pytest.mark.parametrize("batch", range(10))
def test_a_mistreated_comb_is_formatted_or_left_alone(batch: int) -> None:
    seeds = corpus()
    for number in range(batch * 30, batch * 30 + 30):
        content = mistreated(seeds, 7, number)
        text = content.decode("utf-8", "ignore")
        check(text)


_SCALARS = st.one_of(
    st.integers(), st.booleans(), st.none(), st.text(alphabet="ab:#-'\" {}[],&*!|>%@`yno01~\n.é", max_size=12)
)
_VALUES = st.recursive(
    _SCALARS,
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.text("abc-_", min_size=1, max_size=4), below, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abcd", min_size=1, max_size=4), _VALUES, min_size=1, max_size=4), st.booleans())
def test_whatever_a_writer_of_yaml_writes_keeps_its_data(value: dict[str, Any], flow: bool) -> None:
    import yaml

    check(yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True))


@pytest.mark.parametrize("text", ["a: [", "? [a]\n: b\n", "--- |\n x\n", "a: 1\n---\nb: 2\n", "%YAML 1.2\n---\na: 1\n"])
def test_what_cannot_be_formatted_is_left_alone_and_said(text: str) -> None:
    result = format_text(text)
    assert result.text is None
    assert result.diagnostics


def test_line_ends_and_the_byte_order_mark_are_normalised() -> None:
    assert format_text("\ufeffa: 1\r\nb: 2\r\n").text == "a: 1\nb: 2\n"
