"""Conditions as people of other languages write them are led back to CEL by their repairs, one after the other."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given, strategies as st

from comb_compiler.cel import Mistake
from comb_compiler.cel.tree import written
from comb_compiler.diagnostics.fixes import apply_fixes
from comb_compiler.graph.conditions import check_conditions, read_condition
from comb_compiler.graph.findings import bad_condition
from comb_compiler.source import Scalar
from comb_compiler.source.compose import parse
from comb_compiler.source.text import SourceFile
from comb_compiler.spec.places import Place, place_of
from tests.graph.conditions.evaluation import any_conditions
from tests.graph.conditions.schema import DESCRIPTORS, SCOPE, parsed
from tests.graph.conditions.test_idioms import CASES

_WORDS = {
    "&&": ["and", "&", "AND"],
    "||": ["or", "|"],
    "==": ["===", "=", "is", "eq"],
    "!=": ["!==", "<>", "is not", "ne"],
    ">=": ["=>", "ge"],
    "!(": ["not (", "not("],
    "true": ["True", "TRUE"],
    "false": ["False"],
    "null": ["None", "nil", "undefined"],
    "size(": ["len(", "count("],
    ".startsWith(": [".startswith(", ".hasPrefix("],
    ".exists(": [".any(", ".some("],
    "t.v1.Colour.COLOUR_RED": ["COLOUR_RED", "'COLOUR_RED'", "'RED'", "t.v1.COLOUR_RED"],
    "request.text": ["$request.text", "request.txt"],
    "1.5": ["'1.5'"],
}
"""What CEL writes, and others."""
_PLACES = re.compile("|".join(re.escape(word) for word in sorted(_WORDS, key=len, reverse=True)))
_MOST_REPAIRS = 60


@st.composite
def translated(draw: st.DrawFn) -> tuple[str, str]:
    """A condition, and the same with words of other languages."""
    text = draw(any_conditions)
    other = _PLACES.sub(lambda found: f"{draw(st.sampled_from([found[0], *_WORDS[found[0]]]))}", text)
    return text, other


def said_of(text: str) -> tuple[Mistake, ...]:
    reading = read_condition(text)
    if reading.parsed is None:
        return reading.errors
    return check_conditions({"a": reading.parsed}, SCOPE, DESCRIPTORS).get("a", ())


@given(translated())
def test_repairs_lead_to_the_condition_that_was_meant(given: tuple[str, str]) -> None:
    text, other = given
    for _ in range(_MOST_REPAIRS):
        mistakes = said_of(other)
        if not mistakes:
            break
        mend = next((mistake.mend for mistake in mistakes if mistake.mend is not None), None)
        assert mend is not None, (other, mistakes)
        other = other[: mend.start] + mend.text + other[mend.end :]
    assert said_of(other) == ()
    assert written(parsed(other).root) == written(parsed(text).root)


def _quoted_once(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quoted_twice(text: str) -> str:
    return '"' + "".join(rf"\U{ord(one):08x}" if one in '"\\\n=' else one for one in text) + '"'


_STYLES: dict[str, Callable[[str], str]] = {
    "single": _quoted_once,
    "double": _quoted_twice,
    "folded": lambda text: ">-\n    " + text.replace(" ", "\n    "),
    "literal": lambda text: "|\n    " + text + "\n",
    "in braces": lambda text: "{k: " + _quoted_once(text) + "}",
    "in lines": lambda text: '"' + _quoted_twice(text)[1:-1].replace(" ", "\n    ") + '"',
}
_MENDED = [(marks.replace("«", "").replace("»", ""), fixed) for marks, _, _, fixed in CASES if fixed is not None]


def place(text: str) -> Place:
    (document,) = parse(SourceFile("a.yaml", text)).documents
    found = place_of(document.root, ("k",))
    return found if isinstance(found.value, Scalar) else found.below("k")


@pytest.mark.parametrize("style", _STYLES)
@pytest.mark.parametrize(("wrong", "fixed"), _MENDED, ids=[wrong for wrong, _ in _MENDED])
def test_a_repair_is_written_as_the_text_is(style: str, wrong: str, fixed: str) -> None:
    text = f"k: {_STYLES[style](wrong)}\nz: 1\n"
    before = place(text)
    assert isinstance(before.value, Scalar)
    assert before.value.text.rstrip("\n") == wrong
    fix = bad_condition(before, said_of(wrong)[0]).fix
    assert fix is not None
    after = place(apply_fixes(text, (fix,)).text).value
    assert isinstance(after, Scalar)
    assert after.text.rstrip("\n") == fixed
