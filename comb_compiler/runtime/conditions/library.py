"""A condition evaluated by the CEL library, whatever it says."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from comb_compiler.cel.tokens import UNNAMEABLE
from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.messages import Messages

__all__ = ["BadCondition", "by_library", "undefined"]

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class BadCondition(Exception):
    """The expression is no condition over these variables; the message says why."""


def undefined(expression: str, reason: object) -> OperatorError:
    """The error of a condition that has no value, as `null.field` has none."""
    return OperatorError(Code.INTERNAL, f"the condition `{expression}` cannot be evaluated: {reason}")


def by_library(expression: str, types: Mapping[str, str], messages: Messages) -> Callable[[Mapping[str, Any]], bool]:
    """A function from the variables' values to whether the condition holds; a value may be None, which is null.

    `types` has the full name of each variable's message. Raises BadCondition; the function raises OperatorError
    (INTERNAL) where the expression fails for these values.
    """
    try:
        from cel_expr_python import cel
    except ModuleNotFoundError as error:
        raise BadCondition(f"`{expression}`: conditions need the Python package `cel-expr-python`") from error

    words = frozenset(_WORD.findall(expression)) - UNNAMEABLE
    named = {name: kind for name, kind in types.items() if name in words}

    @cache
    def program(nulls: frozenset[str]) -> Any:
        """The compiled expression. The library takes no null for a variable that is a message."""
        variables = {name: cel.Type.DYN if name in nulls else cel.Type(kind) for name, kind in named.items()}
        return cel.NewEnv(descriptor_pool=messages.pool, variables=variables).compile(expression)

    nothing: frozenset[str] = frozenset()
    try:
        whole = program(nothing)
    except Exception as error:
        raise BadCondition(f"`{expression}`: {_first_line(error)}") from error
    if whole.return_type() not in (cel.Type.BOOL, cel.Type.DYN):
        raise BadCondition(f"`{expression}` is a {whole.return_type().name()}, not a bool")

    def holds(values: Mapping[str, Any]) -> bool:
        nulls = frozenset(name for name in named if values[name] is None)
        try:
            value = program(nulls).eval(data={name: values[name] for name in named}).plain_value()
        except Exception as error:
            raise undefined(expression, _first_line(error)) from error
        if not isinstance(value, bool):
            raise undefined(expression, value)
        return value

    return holds


def _first_line(error: Exception) -> str:
    return str(error).split("\n")[0]
