"""What is said of conditions agrees with what CEL makes of them, for random conditions and messages."""

from collections.abc import Mapping
from itertools import islice, product
from typing import Any

from hypothesis import assume, given, strategies as st

from comb_compiler.graph.conditions import (
    UNTYPED,
    Scope,
    check_conditions,
    constancy,
    guaranteed,
    implies,
    needs,
    unguarded,
    worlds,
)
from comb_compiler.graph.conditions.formula import ERROR, FALSE, TRUE, evaluate as outcome
from comb_compiler.graph.conditions.solve import Budget, goal, satisfiable
from comb_compiler.graph.conditions.truth import System
from tests.graph.conditions.evaluation import any_conditions, evaluate, messages, plain_conditions, small_conditions
from tests.graph.conditions.schema import DESCRIPTORS, SCOPE, message, parsed

Data = Mapping[str, Any]
scopes = st.sampled_from([SCOPE, UNTYPED])


@given(any_conditions)
def test_random_conditions_are_right_by_their_types(text: str) -> None:
    """Else the other properties would prove nothing."""
    assert check_conditions({"a": parsed(text)}, SCOPE, DESCRIPTORS) == {}


@given(plain_conditions)
def test_a_formula_of_fields_has_the_value_that_cel_gives(text: str) -> None:
    """Every choice of samples is a message, and there the two say the same."""
    system = System(SCOPE)
    formula = system.settled(system.add(parsed(text).root))
    operands = system.operands(formula)
    for samples in islice(product(*(system.samples(operand) for operand in operands)), 40):
        chosen = dict(zip(operands, samples, strict=True))
        expected = {True: TRUE, False: FALSE, None: ERROR}[evaluate(text, made_of(chosen))]
        assert outcome(formula, chosen) == expected, chosen


def made_of(chosen: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, dict[str, Any]] = {"request": {}, "old": {}, "f": {}}
    for operand, sample in chosen.items():
        owner, _, field = operand.partition(".")
        if field:
            fields[owner][field] = {"at": _of_epoch, "took": _of_length}.get(field, lambda one: one)(sample)
    made = {owner: message(SCOPE.variables[owner].rpartition(".")[2], **fields[owner]) for owner in fields}
    return {**made, "f": None} if "f" in chosen and chosen["f"] is None else made


def _of_epoch(nanoseconds: int) -> dict[str, int]:
    return dict(zip(("seconds", "nanos"), divmod(nanoseconds, 10**9), strict=True))


def _of_length(nanoseconds: int) -> dict[str, int]:
    """Both parts have the sign."""
    sign = -1 if nanoseconds < 0 else 1
    return {name: sign * part for name, part in _of_epoch(abs(nanoseconds)).items()}


@given(any_conditions, messages, scopes)
def test_what_cel_says_is_held_possible(text: str, data: Data, scope: Scope) -> None:
    said = evaluate(text, data)
    assume(said is not None)
    system = System(scope)
    formula = system.settled(system.add(parsed(text).root))
    assert satisfiable(system, (goal(formula, TRUE if said else FALSE),), Budget(100_000)) is not False


@given(any_conditions, messages, scopes)
def test_a_constant_condition_never_says_the_other(text: str, data: Data, scope: Scope) -> None:
    constant = constancy(parsed(text), scope)
    assert constant is None or evaluate(text, data) is not (not constant)


@given(st.dictionaries(st.sampled_from("abcdefgh"), any_conditions, max_size=6), messages, scopes)
def test_conditions_that_hold_together_are_in_one_world(texts: dict[str, str], data: Data, scope: Scope) -> None:
    holding = {name for name, text in texts.items() if evaluate(text, data) is True}
    found = worlds({f"step_{name}": parsed(text) for name, text in texts.items()}, scope)
    assert any({f"step_{name}" for name in holding} <= world for world in found.worlds)


@given(any_conditions, any_conditions, messages, scopes)
def test_what_is_implied_holds(first: str, second: str, data: Data, scope: Scope) -> None:
    if implies(parsed(first), parsed(second), scope) and evaluate(first, data) is True:
        assert evaluate(second, data) is True


@given(any_conditions, any_conditions, messages, scopes)
def test_what_is_needed_decides(first: str, second: str, data: Data, scope: Scope) -> None:
    both = f"({second}) && ({first})"
    for text in (first, both):
        if needs(parsed(text), parsed(second), scope) and evaluate(second, data) is not True:
            assert evaluate(text, data) is False


@given(small_conditions, any_conditions)
def test_what_is_asked_after_a_guard_needs_it(guard: str, other: str) -> None:
    scope = SCOPE._replace(always=SCOPE.variables.keys())
    assert needs(parsed(f"({guard}) && ({other})"), parsed(guard), scope)


@given(any_conditions, any_conditions, any_conditions)
def test_a_condition_is_implied_by_itself_with_others(first: str, second: str, third: str) -> None:
    """However large it is: conditions that guard each other are written with the same words."""
    assert implies(parsed(f"({second}) && ({first})"), parsed(first), SCOPE)
    assert implies(parsed(first), parsed(f"({second}) || ({first})"), SCOPE)
    assert implies(parsed(f"({third}) && ({first})"), parsed(f"({third}) && (({second}) || ({first}))"), SCOPE)


@given(any_conditions, messages)
def test_what_is_guaranteed_is_there(text: str, data: Data) -> None:
    if evaluate(text, data) is True:
        assert all(data[name] is not None for name in guaranteed(parsed(text), SCOPE))


@given(plain_conditions, messages)
def test_a_guarded_condition_fails_for_nothing_that_is_absent(text: str, data: Data) -> None:
    if not unguarded(parsed(text), {"f"}, SCOPE):
        assert evaluate(text, {**data, "f": None}) is not None


@given(plain_conditions)
def test_a_condition_that_asks_whatever_is_there_is_guarded_by_that(text: str) -> None:
    assert unguarded(parsed(f"f != null && ({text})"), {"f"}, SCOPE) == ()
