"""Conditions as people of other languages write them are led back to CEL by their repairs, one after the other."""

import re

from hypothesis import given, strategies as st

from comb_compiler.cel import Mistake
from comb_compiler.cel.tree import written
from comb_compiler.graph.conditions import check_conditions, read_condition
from tests.graph.conditions.evaluation import any_conditions
from tests.graph.conditions.schema import DESCRIPTORS, SCOPE, parsed

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
