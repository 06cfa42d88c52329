"""What Kubernetes' CEL has beyond the standard: exact, or refused."""

from typing import Any

import pytest

from comb_compiler.policy.evaluator import Outcome
from comb_compiler.policy.expressions import Problem, read_expression
from tests.policy.expressions import LACKING, REFUSED, VALUES
from tests.policy.own import EVALUATOR

_FACTS: dict[str, Any] = {"object": {"data": {"one": "1", "quantity": "1.5Gi", "unreduced": "1000m"}}}


def answer(text: str) -> Any:
    expression = read_expression(text, frozenset(("object",)))
    if isinstance(expression, Problem):
        return expression
    program = EVALUATOR.compile(expression, {"object": "dyn"})
    return program if isinstance(program, Problem) else program.evaluate(EVALUATOR.facts(_FACTS))


@pytest.mark.parametrize("text", VALUES)
def test_an_expression_has_the_value_that_a_cluster_gives_it(text: str) -> None:
    given = answer(f"string({text}) == '{VALUES[text]}'")
    assert given.outcome == Outcome.VALUE, given
    assert given.value is True, (text, answer(text))


@pytest.mark.parametrize("text", LACKING)
def test_what_is_not_exact_is_no_answer(text: str) -> None:
    given = answer(text)
    assert given.is_lacking if isinstance(given, Problem) else given.outcome == Outcome.LACKING


@pytest.mark.parametrize("text", REFUSED)
def test_what_a_cluster_refuses_is_refused(text: str) -> None:
    given = answer(text)
    assert isinstance(given, Problem)
    assert not given.is_lacking


def test_a_function_that_could_not_answer_is_heard_of_behind_an_or() -> None:
    assert answer("quantity(object.data.unreduced).asInteger() > 0 || true").outcome == Outcome.LACKING


def test_loops_end() -> None:
    loop = "'a,'.replace(',', '{}').split('').all(x, true)".format("a" * 200)
    assert answer(loop.replace("true", loop.replace("(x", "(y"))).outcome == Outcome.COSTLY


@pytest.mark.parametrize("text", ["object.data.missing", "1 / int('0') > 0", "int('a') > 0", "[1][int('3')] > 0"])
def test_errors_are_answers(text: str) -> None:
    assert answer(text).outcome == Outcome.ERROR


@pytest.mark.parametrize("text", ["object.data.missing == '' || true", "true || object.data.missing == ''"])
def test_an_error_that_does_not_matter_is_none(text: str) -> None:
    assert answer(text).value is True
