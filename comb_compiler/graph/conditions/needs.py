"""Conditions that are decided by another one where that does not hold."""

from comb_compiler.graph.conditions.formula import ERROR, FALSE, TRUE
from comb_compiler.graph.conditions.reading import Parsed
from comb_compiler.graph.conditions.solve import Budget, goal, satisfiable
from comb_compiler.graph.conditions.truth import System
from comb_compiler.graph.conditions.types import UNTYPED, Scope

__all__ = ["needs"]

_MOST_EVALUATIONS = 20_000


def needs(condition: Parsed, guard: Parsed, scope: Scope = UNTYPED) -> bool:
    """Whether `condition` is certainly false, and no error, where `guard` does not hold; False when it cannot be told.

    Then what is there only when `guard` holds can be asked for in `condition` without further questions.
    """
    system = System(scope)
    formulas = system.add(guard.root), system.add(condition.root)
    goals = (goal(system.settled(formulas[0]), FALSE | ERROR), goal(system.settled(formulas[1]), TRUE | ERROR))
    return satisfiable(system, goals, Budget(_MOST_EVALUATIONS), failing=True) is False
