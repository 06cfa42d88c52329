"""A condition → a function of the graph's values: closures for what conditions mostly are, the library for the rest."""

from collections.abc import Callable, Mapping
from typing import Any

from comb_compiler.cel import Mistake, read
from comb_compiler.runtime.conditions.closures import Undefined, as_closure
from comb_compiler.runtime.conditions.library import BadCondition, by_library, undefined
from comb_compiler.runtime.messages import Messages

__all__ = ["BadCondition", "Holds", "compile_condition"]

Holds = Callable[[list[Any]], bool]
"""Values by node, the request last → whether the condition holds. Raises OperatorError where it cannot be evaluated."""


def compile_condition(
    expression: str, places: Mapping[str, int], types: Mapping[str, str], messages: Messages
) -> Holds:
    """Compile a condition. `places` says where each variable's value is, `types` which message it is.

    The library checks every expression; a call of it costs 12 µs, so simple ones are evaluated without it. Raises
    BadCondition.
    """
    evaluate = by_library(expression, types, messages)
    expr = read(expression)
    closure = None if isinstance(expr, Mistake) else as_closure(expr, places, types, messages)
    if closure is not None:
        return _guarded(expression, closure)
    items = tuple(places.items())
    return lambda values: evaluate({name: values[place] for name, place in items})


def _guarded(expression: str, closure: Callable[[list[Any]], bool]) -> Holds:
    def holds(values: list[Any]) -> bool:
        try:
            return closure(values)
        except Undefined as error:
            raise undefined(expression, "a field of nothing") from error

    return holds
