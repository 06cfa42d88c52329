"""What is certain of a condition: a table to read."""

import pytest

from comb_compiler.graph.conditions import constancy, guaranteed, implies, unguarded
from tests.graph.conditions.schema import SCOPE, parsed

ALWAYS = [
    "true",
    "1 < 2",
    "request.n > 5 || request.n <= 5",
    "request.n != 1 || request.n != 2",
    "f.width >= 0u",
    "f.width <= 4294967295u",
    "size(request.text) >= 0",
    "request.text.size() < 0 || request.text >= ''",
    "request != null",
    "request.frame != null",
    "request.flag || !request.flag",
    "request.flag ? true : !request.flag",
    "request.n == request.n",
    "f.small < request.n || request.n <= f.small",
    "f.small < 3000000000",
    "old.shape == t.v1.Shape.SHAPE_ROUND || old.shape == t.v1.Shape.SHAPE_FLAT",
    "f.tags.exists(t, t == 'a') || !f.tags.exists(t, t == 'a')",
    "f.tags[0] == 'a' || f.tags[0] != 'a'",
    "(request.n > 3) == true || request.n < 4",
    "f.took > duration('1s') || f.took <= duration('1s')",
    "f.took > duration('1h') || f.took < duration('90m')",
    "duration('1.5s') == duration('1500ms')",
    "duration('-1h') < duration('0.5us')",
    "timestamp('2026-01-01T00:00:00+08:00') == timestamp('2025-12-31T16:00:00Z')",
    "f.at >= timestamp('0001-01-01T00:00:00Z')",
    "60 * 24 > 1000",
]
NEVER = [
    "false",
    "'a' in ['b']",
    "request.n in []",
    "request.n > 5 && request.n < 3",
    "request.n > 5 && request.n < 6",
    "request.n == 1 && request.n == 2",
    "request.n in [1, 2] && request.n > 2",
    "request.n > 3 && !(3 < request.n)",
    "f.width < 0u",
    "f.width > 4294967295u",
    "f.score > 1.0 && f.score < 1.0",
    "f.ratio == 0.1",
    "request.text < ''",
    "request.text > 'a' && request.text < 'a\\u0000'",
    "f == null && f.width > 2u",
    "request.frame == null",
    "f.colour == t.v1.Colour.COLOUR_RED && f.colour == t.v1.Colour.COLOUR_GREEN",
    "old.shape != t.v1.Shape.SHAPE_ROUND && old.shape != t.v1.Shape.SHAPE_FLAT",
    "request.n < f.small && request.n > f.small",
    "f.any == 1 && f.any == 'x'",
    "request.flag && request.flag == false",
    "request.flag ? !request.flag : request.flag",
    "f.took > duration('2h') && f.took < duration('1h')",
    "f.at > timestamp('2026-01-01T00:00:00.5Z') && f.at < timestamp('2026-01-01T00:00:00Z')",
    "request.n > 60 * 24 && request.n < 1000",
]
NEITHER = [
    "request.flag",
    "request.n > 3 && request.n < 5",
    "f.score < 1.0 || f.score >= 1.0",  # NaN
    "f.score == f.score",
    "f == f",
    "f != null",
    "f.limit == null",
    "f.limit < 1 || f.limit >= 2",
    "f.ratio == 0.5",
    "f.colour >= 0",  # an open enum takes any number
    "f.any < 1 || f.any >= 1",
    "f.tags.exists(t, t == 'a') || !f.tags.exists(x, x == 'a')",
    "request.n + 1 > request.n",
    "f.took > duration('1h') && f.took < duration('1h2ns')",
    "f.at == timestamp('2026-01-01T00:00:00Z')",
    "request.n > 60 * 24",
    "f.score > 1.0 && f.score < 1.0000000000000004",
    " && ".join(f"f.tags[{index}] == 'a'" for index in range(40)),
]


@pytest.mark.parametrize("text", ALWAYS)
def test_a_condition_that_always_holds(text: str) -> None:
    assert constancy(parsed(text), SCOPE) is True


@pytest.mark.parametrize("text", NEVER)
def test_a_condition_that_never_holds(text: str) -> None:
    assert constancy(parsed(text), SCOPE) is False


@pytest.mark.parametrize("text", NEITHER)
def test_a_condition_that_decides_something(text: str) -> None:
    assert constancy(parsed(text), SCOPE) is None


def test_without_types_nothing_is_claimed_that_rests_on_them() -> None:
    assert constancy(parsed("a.width >= 0u")) is None
    assert constancy(parsed("a.n > 5 || a.n <= 5")) is None  # it may be NaN, or a text
    assert constancy(parsed("a.n > 5 && a.n <= 5")) is False


def test_a_riddle_is_given_up() -> None:
    """Seven pigeons in six holes, two never in one: nobody can, and finding out would take too long."""
    flag = "at{}{}"
    pigeons, holes = range(7), range(6)
    housed = [" || ".join(flag.format(pigeon, hole) for hole in holes) for pigeon in pigeons]
    pairs = [(one, other) for one in pigeons for other in pigeons if one < other]
    alone = [f"!({flag.format(a, hole)} && {flag.format(b, hole)})" for hole in holes for a, b in pairs]
    assert constancy(parsed(" && ".join(f"({part})" for part in (*housed, *alone)))) is None


IMPLIED = [
    ("request.n > 5", "request.n > 3"),
    ("request.flag && request.n == 1", "request.flag"),
    ("request.flag", "request.flag || f.width > 1u"),
    ("f != null && f.width > 3u", "f != null"),
    ("f != null && f.width > 3u", "f.width > 2u"),
    ("f.tags[0] == 'a'", "f.tags[0] != 'b'"),
    ("request.n in [1, 2]", "request.n < 3"),
    ("!(request.n > 3)", "request.n <= 3"),
    ("false", "request.flag"),
    ("f.width > 1u", "true"),
]
NOT_IMPLIED = [
    ("request.n > 3", "request.n > 5"),
    ("request.flag", "!request.flag"),
    ("f != null", "f.width > 0u"),
    ("f != null", "f.width >= 0u && f.tags[0] != 'a'"),
    ("true", "f.width >= 0u"),  # `f` may be null
    ("true", "f.tags[0] == 'a' || f.tags[0] != 'a'"),
    ("f.score < 1.0", "f.score < 0.5 || f.score >= 0.6"),
]


@pytest.mark.parametrize(("first", "second"), IMPLIED)
def test_a_condition_that_follows(first: str, second: str) -> None:
    assert implies(parsed(first), parsed(second), SCOPE)


@pytest.mark.parametrize(("first", "second"), NOT_IMPLIED)
def test_a_condition_that_does_not_follow(first: str, second: str) -> None:
    assert not implies(parsed(first), parsed(second), SCOPE)


GUARDS = [  # condition, what is certainly there when it holds, what is asked without a guard
    ("f != null", {"f"}, []),
    ("f == null", set(), []),
    ("null != f && g != null", {"f", "g"}, []),
    ("f != null || g != null", set(), []),
    ("f != null && f.width > 2u", {"f"}, []),
    ("f == null || f.width > 2u", set(), []),
    ("!(f == null) && f.width > 2u", {"f"}, []),
    ("!(f == null || g == null) && f.width > g.width", {"f", "g"}, []),
    ("f != null ? f.width > 2u : true", set(), []),
    ("f == null ? false : f.width > 2u", {"f"}, []),
    ("f != null && (f.width > 2u || f.small > 1)", {"f"}, []),
    ("(request.flag && f != null) && f.width > 2u", {"f"}, []),
    ("f == g", set(), []),
    ("f.width > 2u", {"f"}, ["f.width"]),
    ("f.width > 2u && f != null", {"f"}, ["f.width"]),
    ("f.width > 2u && f.small > 3", {"f"}, ["f.width"]),
    ("f.width > 2u || f.small > 3", {"f"}, ["f.width"]),
    ("f != null || f.width > 2u", {"f"}, ["f.width"]),
    ("f != null ? true : f.width > 2u", {"f"}, ["f.width"]),
    ("request.flag && f != null || f.width > 2u", {"f"}, ["f.width"]),
    ("g != null && f.parts[0].width > 2u", {"f", "g"}, ["f.parts"]),
    ("has(f.width)", {"f"}, ["f.width"]),
    ("f.tags.exists(f, f == 'a')", {"f"}, ["f.tags"]),
    ("f.parts.all(f, f.width > 1u)", {"f"}, ["f.parts"]),
    ("request.frame.parts.all(p, p.width < f.width)", set(), ["f.width"]),
    ("f != null && request.frame.parts.all(p, p.width < f.width)", {"f"}, []),
    ("g.width == f.width", {"f", "g"}, ["g.width", "f.width"]),
    ("request.n == 1 && f.width == 1u || f != null && f.width == 2u", {"f"}, ["f.width"]),
]


@pytest.mark.parametrize(("text", "there", "asked"), GUARDS)
def test_what_is_asked_of_a_result_that_may_be_absent(text: str, there: set[str], asked: list[str]) -> None:
    condition = parsed(text)
    uses = unguarded(condition, {"f", "g"}, SCOPE)
    assert guaranteed(condition, SCOPE) - {"request"} == there
    assert [use.path.split("[")[0] for use in uses] == asked
    assert all(text[use.start : use.end] == use.name for use in uses)


def test_the_value_of_an_enum_asks_nothing_of_a_step_with_the_name_of_its_package() -> None:
    condition = parsed("request.frame.colour == t.v1.Colour.COLOUR_RED")
    assert unguarded(condition, {"t"}, SCOPE._replace(variables={**SCOPE.variables, "t": "t.v1.Frame"})) == ()
