"""Which conditions hold together."""

import pytest

from comb_compiler.graph.conditions import Worlds, worlds
from tests.graph.conditions.schema import SCOPE, parsed


def of(**conditions: str) -> Worlds:
    return worlds({name: parsed(text) for name, text in conditions.items()}, SCOPE)


def sets(found: Worlds) -> set[str]:
    """Names of one letter, put together."""
    return {"".join(sorted(world)) for world in found.worlds}


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, {""}),
        ({"a": "request.flag"}, {"a"}),
        ({"a": "false"}, {""}),
        ({"a": "request.flag", "b": "!request.flag"}, {"a", "b"}),
        ({"a": "request.flag", "b": "!request.flag", "c": "request.n > 1"}, {"ac", "bc"}),
        ({"a": "request.n == 1", "b": "request.n == 2", "c": "request.n > 1"}, {"a", "bc"}),
        ({"a": "request.n < 3", "b": "request.n > 1", "c": "request.n == 5"}, {"ab", "bc"}),
        ({"a": "request.flag", "b": "request.flag == true", "c": "!(!request.flag)"}, {"abc"}),
        ({"a": "request.text == 'x'", "b": "request.text in ['y', 'z']", "c": "request.text != 'z'"}, {"ac", "bc"}),
        ({"a": "request.flag && request.n > 1", "b": "!request.flag && request.n > 1"}, {"a", "b"}),
        ({"a": "f.width > 1u", "b": "f == null", "c": "f != null"}, {"ac", "b"}),
        ({"a": "f.colour == t.v1.Colour.COLOUR_RED", "b": "f.colour == 2"}, {"a", "b"}),
        ({"a": "f.tags.exists(t, t == 'x')", "b": "!f.tags.exists(t, t == 'x')"}, {"a", "b"}),
    ],
)
def test_the_largest_sets_that_hold_together(conditions: dict[str, str], expected: set[str]) -> None:
    found = of(**conditions)
    assert sets(found) == expected
    assert found.exact


def test_what_rests_on_a_skipped_step_does_not_hold() -> None:
    """Not only one step on: `d` rests on `b`, which rests on `a`."""
    found = of(a="request.flag", b="a != null && a.width > 1u", c="!request.flag", d="b.width == 2u")
    assert sets(found) == {"abd", "c"}


def test_whether_an_answer_is_missing_says_nothing_of_the_condition_of_its_step() -> None:
    """It may have failed."""
    assert sets(of(a="request.flag", b="a == null")) == {"ab"}


def test_unrelated_choices_are_combined() -> None:
    flags = [f"request.text.contains('{index}')" for index in range(3)]
    conditions = {f"yes{index}": flag for index, flag in enumerate(flags)}
    found = of(**conditions, **{f"no{index}": f"!{flag}" for index, flag in enumerate(flags)})
    assert len(found.worlds) == 2**3
    assert found.exact


def test_too_many_unrelated_choices_are_taken_to_hold_together() -> None:
    flags = [f"request.text.contains('{index}')" for index in range(40)]
    conditions = {f"yes{index}": flag for index, flag in enumerate(flags)}
    found = of(**conditions, **{f"no{index}": f"!{flag}" for index, flag in enumerate(flags)})
    assert not found.exact
    assert len(found.worlds) == 64
    assert all(len(world) >= 40 for world in found.worlds)


def test_one_value_of_many() -> None:
    found = of(**{f"case{index}": f"request.n == {index}" for index in range(50)})
    assert {frozenset((f"case{index}",)) for index in range(50)} == set(found.worlds)


def test_too_many_values_are_taken_to_hold_together() -> None:
    found = of(**{f"case{index}": f"request.n == {index}" for index in range(1_500)})
    assert not found.exact
    assert [len(world) for world in found.worlds] == [1_500]


def test_thousands_of_conditions_that_share_a_flag() -> None:
    conditions = {
        f"s{index}": f"{'!' if index % 2 else ''}request.flag && request.text.contains('{index}')"
        for index in range(1_000)
    }
    found = of(**conditions)
    assert found.exact
    assert [len(world) for world in found.worlds] == [500, 500]


def test_a_long_chain_of_steps_that_ask_for_the_one_before() -> None:
    chain = {f"s{index}": f"s{index - 1} != null" for index in range(1, 1_000)}
    found = of(s0="request.flag", other="!request.flag", **chain)
    assert {len(world) for world in found.worlds} == {1_000, 1}


def test_the_order_of_conditions_does_not_matter() -> None:
    conditions = {"a": "request.n == 1", "b": "request.n == 2", "c": "request.flag", "d": "!request.flag"}
    assert set(of(**conditions).worlds) == set(of(**dict(reversed(conditions.items()))).worlds)
