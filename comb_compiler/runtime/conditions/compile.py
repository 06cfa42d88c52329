"""A condition → a function of the graph's values."""

from collections.abc import Callable, Mapping
from typing import Any

from comb_compiler.runtime.conditions.library import BadCondition, by_library
from comb_compiler.runtime.messages import Messages

__all__ = ["BadCondition", "Holds", "compile_condition"]

Holds = Callable[[list[Any]], bool]
"""Values by node, the request last → whether the condition holds. Raises OperatorError where it cannot be evaluated."""


def compile_condition(
    expression: str, places: Mapping[str, int], types: Mapping[str, str], messages: Messages
) -> Holds:
    """Compile a condition. `places` says where each variable's value is, `types` which message it is.

    Raises BadCondition.
    """
    evaluate = by_library(expression, types, messages)
    items = tuple(places.items())
    return lambda values: evaluate({name: values[place] for name, place in items})
