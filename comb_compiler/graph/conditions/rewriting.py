"""A literal of one type as one of another: `3` where a `uint` is asked for is `3u`."""

import re

from comb_compiler.cel.tree import Expr, Literal, Value
from comb_compiler.graph.conditions.types import Scope, Type

__all__ = ["rewritten"]

_LARGEST = 2**53
_NUMBER = r"-?\d{1,15}(\.\d{1,15})?"
_NO_LETTERS = r"[^A-Z0-9]+"


def rewritten(literal: Expr, kind: Type, scope: Scope) -> str:
    """The text of the literal as one of type `kind`, or nothing where it is none."""
    if not isinstance(literal, Literal):
        return ""
    value = literal.value
    match kind.kind:
        case "enum" if isinstance(value, str):
            return _enum_value(value, kind, scope)
        case "bool" if isinstance(value, str):
            return {"true": "true", "false": "false"}.get(value.lower(), "")
        case "string":
            return f"'{value}'" if literal.kind in ("int", "double") and isinstance(value, int | float) else ""
        case "int" | "uint" | "double" | "enum":
            return _number(_as_number(literal.kind, value), "int" if kind.kind == "enum" else kind.kind)
        case _:
            return ""


def _enum_value(text: str, kind: Type, scope: Scope) -> str:
    """The value of an enum by its name, or by the part of the name that tells it from the others, in any case."""
    enum = scope.schema.enums.get(kind.name)
    names = [value.name for value in enum.values] if enum is not None else []
    folded = re.sub(_NO_LETTERS, "_", text.upper())
    found = [name for name in names if name == text] or [
        name for name in names if name.upper() == folded or name.upper().endswith(f"_{folded}")
    ]
    return f"{kind.name}.{found[0]}" if len(found) == 1 and folded else ""


def _as_number(kind: str, value: Value) -> float | None:
    if isinstance(value, str) and re.fullmatch(_NUMBER, value):
        return float(value) if "." in value else int(value)
    return value if kind in ("int", "uint", "double") and isinstance(value, int | float) else None


def _number(value: float | None, kind: str) -> str:
    if value is None or not abs(value) < _LARGEST:
        return ""
    if kind == "double":
        return f"{float(value)}"
    if value != int(value) or (kind == "uint" and value < 0):
        return ""
    return f"{int(value)}{'u' if kind == 'uint' else ''}"
