"""What is certain of a condition, whatever the messages say."""

from collections.abc import Set

from comb_compiler.cel.tree import Call, Expr, written
from comb_compiler.graph.conditions.formula import ERROR, FALSE, TRUE
from comb_compiler.graph.conditions.reading import Parsed
from comb_compiler.graph.conditions.solve import Budget, goal, satisfiable
from comb_compiler.graph.conditions.truth import System
from comb_compiler.graph.conditions.types import UNTYPED, Scope

__all__ = ["constancy", "implies"]

_MOST_EVALUATIONS = 20_000
"""Of atoms: less than a tenth of a second."""


def constancy(parsed: Parsed, scope: Scope = UNTYPED) -> bool | None:
    """True when it always holds, False when it never does, else None; None as well when it cannot be told.

    A condition that fails to be evaluated, as by an index that is out of range, neither holds nor does not: one that
    holds or fails always holds, one that does not or fails never does.
    """
    system = System(scope)
    formula = system.settled(system.add(parsed.root))
    holds, does_not = (
        satisfiable(system, (goal(formula, wanted),), Budget(_MOST_EVALUATIONS)) for wanted in (TRUE, FALSE)
    )
    if holds is False:
        return False
    return True if does_not is False else None


def implies(first: Parsed, second: Parsed, scope: Scope = UNTYPED) -> bool:
    """Whether `second` certainly holds, and is no error, whenever `first` holds; False when it cannot be told."""
    stated = {_disjuncts(part) for part in _parts(first.root, "&&")}
    return all(
        _is_stated(part, stated) or _never((first.root, TRUE), (part, FALSE | ERROR), scope)
        for part in _parts(second.root, "&&")
    )


def _is_stated(expr: Expr, stated: Set[frozenset[str]]) -> bool:
    """Whether it holds by its words alone, when one of each of the sets `stated` does."""
    parts = _parts(expr, "&&")
    if len(parts) > 1:
        return all(_is_stated(part, stated) for part in parts)
    either = _parts(expr, "||")
    if any(one <= _disjuncts(expr) for one in stated):
        return True
    return len(either) > 1 and any(_is_stated(part, stated) for part in either)


def _disjuncts(expr: Expr) -> frozenset[str]:
    return frozenset(written(part) for part in _parts(expr, "||"))


def _parts(expr: Expr, sign: str) -> tuple[Expr, ...]:
    """What is joined by `sign`, however it is put into brackets."""
    if isinstance(expr, Call) and expr.function == sign and expr.target is None:
        return tuple(part for argument in expr.args for part in _parts(argument, sign))
    return (expr,)


def _never(first: tuple[Expr, int], second: tuple[Expr, int], scope: Scope) -> bool:
    """Whether two conditions certainly never have what is wanted of them at once."""
    system = System(scope)
    formulas = [(system.add(expr), wanted) for expr, wanted in (first, second)]
    goals = [goal(system.settled(formula), wanted) for formula, wanted in formulas]
    return satisfiable(system, goals, Budget(_MOST_EVALUATIONS), failing=True) is False
