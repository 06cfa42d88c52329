"""A condition evaluated by the CEL library, whatever it says."""

from collections.abc import Callable, Mapping
from typing import Any

from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.messages import Messages

__all__ = ["BadCondition", "by_library"]


class BadCondition(Exception):
    """The expression is no condition over these variables; the message says why."""


def by_library(expression: str, types: Mapping[str, str], messages: Messages) -> Callable[[Mapping[str, Any]], bool]:
    """A function from the variables' values to whether the condition holds.

    `types` has the full name of each variable's message. Raises BadCondition; the function raises OperatorError
    (INTERNAL) where the expression fails for these values.
    """
    from cel_expr_python import cel  # type: ignore[import-untyped]

    variables = {name: cel.Type(full_name) for name, full_name in types.items()}
    try:
        program = cel.NewEnv(descriptor_pool=messages.pool, variables=variables).compile(expression)
    except Exception as error:
        raise BadCondition(f"`{expression}`: {_first_line(error)}") from error
    if program.return_type() not in (cel.Type.BOOL, cel.Type.DYN):
        raise BadCondition(f"`{expression}` is a {program.return_type().name()}, not a bool")

    def holds(values: Mapping[str, Any]) -> bool:
        value = program.eval(data=values).plain_value()
        if not isinstance(value, bool):
            raise OperatorError(Code.INTERNAL, f"the condition `{expression}` cannot be evaluated: {value}")
        return value

    return holds


def _first_line(error: Exception) -> str:
    return str(error).split("\n")[0]
