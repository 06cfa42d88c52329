"""What compiles a condition and what runs it mean what CEL means, for the same random conditions and messages."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given

from comb_compiler.cel import Mistake, read
from comb_compiler.graph.conditions import read_condition
from comb_compiler.graph.conditions.formula import FALSE, TRUE
from comb_compiler.graph.conditions.solve import Budget, goal, satisfiable
from comb_compiler.graph.conditions.truth import System
from comb_compiler.runtime import Messages, OperatorError
from comb_compiler.runtime.conditions import compile_condition
from comb_compiler.runtime.conditions.closures import as_closure
from tests.graph.conditions.evaluation import any_conditions, evaluate, field_conditions, messages
from tests.graph.conditions.schema import POOL, SCOPE

_PLACES = {name: place for place, name in enumerate(SCOPE.variables)}
_MESSAGES = Messages(POOL)


def ran(text: str, data: Mapping[str, Any]) -> bool | None:
    holds = compile_condition(text, _PLACES, SCOPE.variables, _MESSAGES)
    try:
        return holds([data[name] for name in _PLACES])
    except OperatorError:
        return None


@given(any_conditions, messages)
def test_the_graph_and_the_engine_agree_with_the_official_library(text: str, data: Mapping[str, Any]) -> None:
    said = evaluate(text, data)
    assert ran(text, data) == said
    condition = read_condition(text).parsed
    assert condition is not None
    if said is not None:
        system = System(SCOPE)
        formula = system.settled(system.add(condition.root))
        assert satisfiable(system, (goal(formula, TRUE if said else FALSE),), Budget(100_000)) is not False


@given(field_conditions)
def test_what_asks_for_fields_alone_runs_without_the_library(text: str) -> None:
    """Else the engine's part of the agreement would be the library's with itself."""
    expr = read(text)
    assert not isinstance(expr, Mistake)
    assert as_closure(expr, _PLACES, SCOPE.variables, _MESSAGES) is not None
