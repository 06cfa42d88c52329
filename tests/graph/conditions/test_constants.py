"""Parts of conditions that have no value whatever the messages say are told, and no others."""

from hypothesis import given, strategies as st

from comb_compiler.graph.conditions import check_conditions
from tests.graph.conditions.evaluation import evaluate
from tests.graph.conditions.schema import DESCRIPTORS, SCOPE, parsed

_NUMBERS = st.sampled_from(
    ["0", "1", "-1", "7", "9223372036854775807", "-9223372036854775808", "size('ab')", "int('3')", "int('x')",
     "[1, 2][1]", "[1][7]", "{'a': 1}['a']", "{'a': 1}['b']", "int(duration('90s').getSeconds())", "int(1.5)",
     "timestamp('2020-01-01T00:00:00Z').getFullYear()", "timestamp('2020-1-1').getFullYear()",
     "duration('1 h').getHours()", "timestamp(0).getHours('UTC')", "timestamp(0).getHours('Mars')", "int(1e30)"]
)  # fmt: skip
_constants = st.recursive(
    _NUMBERS,
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("+-*/%"), inner),
    max_leaves=5,
)


@given(_constants)
def test_a_constant_is_told_when_the_library_cannot_evaluate_it(constant: str) -> None:
    text = f"{constant} == 1"
    found = check_conditions({"a": parsed(text)}, SCOPE, DESCRIPTORS).get("a", ())
    assert bool(found) == (evaluate(text, {}) is None)
    assert all(text[mistake.start : mistake.end] in constant for mistake in found)


@given(st.text(alphabet="(a|b)*[]{1,2}?\\dw^$.+-", max_size=12))
def test_a_pattern_is_told_when_re2_cannot_read_it(pattern: str) -> None:
    literal = "'" + pattern.replace("\\", "\\\\") + "'"
    text = f"request.text.matches({literal})"
    found = check_conditions({"a": parsed(text)}, SCOPE, DESCRIPTORS).get("a", ())
    assert bool(found) == (evaluate(f"'a'.matches({literal})", {}) is None)
    assert all(text[mistake.start : mistake.end] == literal for mistake in found)


def test_macros_in_each_other_are_not_run() -> None:
    """Forty of them over ten numbers each would take for ever."""
    text = "true"
    for depth in range(30):
        text = f"[0,1,2,3,4,5,6,7,8,9].all(x{depth}, {text})"
    assert check_conditions({"a": parsed(text)}, SCOPE, DESCRIPTORS).get("a", ()) == ()


def test_constants_of_a_macros_body_are_looked_at() -> None:
    text = "request.frame.tags.exists(t, t == 'a' && [1][2] == 1)"
    (mistake,) = check_conditions({"a": parsed(text)}, SCOPE, DESCRIPTORS)["a"]
    assert text[mistake.start : mistake.end] == "2"


def test_what_has_no_value_is_told_beside_other_mistakes() -> None:
    text = "timestamp('x') == 3 || f.nope && request.n / 0 == '1'"
    found = check_conditions({"a": parsed(text)}, SCOPE, DESCRIPTORS)["a"]
    assert [text[mistake.start : mistake.end] for mistake in found] == ["'x'", "==", "nope", "0", "'1'"]
