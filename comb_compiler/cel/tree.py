"""The expression that a condition writes, as a tree of small values.

Every node has its half-open range of code points in the text. Macros stay the calls that they were written as, and
`&&` and `||` have as many arguments as were written in a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

__all__ = [
    "COMPARISONS",
    "LOGIC",
    "Call",
    "Expr",
    "ListOf",
    "Literal",
    "MapOf",
    "MessageOf",
    "Name",
    "Select",
    "Value",
    "children",
    "dotted",
    "is_presence_test",
    "loop_variable",
    "walk",
    "written",
]

Value = bool | int | float | str | bytes | None

COMPARISONS = frozenset(("==", "!=", "<", "<=", ">", ">="))
LOGIC = frozenset(("&&", "||", "!", "?:"))
_INFIX = COMPARISONS | {"&&", "||", "in", "+", "-", "*", "/", "%"}
_LOOPS = {"all": (2,), "exists": (2,), "exists_one": (2,), "filter": (2,), "map": (2, 3)}


class Literal(NamedTuple):
    """A constant. `kind` is `bool`, `int`, `uint`, `double`, `string`, `bytes` or `null`."""

    kind: str
    value: Value
    start: int
    end: int


class Name(NamedTuple):
    """A name that stands alone: a variable, or the beginning of a qualified name."""

    name: str
    start: int
    end: int


class Select(NamedTuple):
    """`operand.field`; the field's name stands at `at`."""

    operand: Expr
    field: str
    at: tuple[int, int]
    start: int
    end: int


class Call(NamedTuple):
    """A function, a method (`target` is what it is called on), or an operator, whose sign is its name.

    `at` is where the name or the sign stands. The operators `?:`, `[]`, `!` and `-` (with one argument) are among them.
    """

    function: str
    args: tuple[Expr, ...]
    at: tuple[int, int]
    start: int
    end: int
    target: Expr | None = None


class ListOf(NamedTuple):
    """`[a, b]`"""

    items: tuple[Expr, ...]
    start: int
    end: int


class MapOf(NamedTuple):
    """`{a: b}`"""

    entries: tuple[tuple[Expr, Expr], ...]
    start: int
    end: int


class MessageOf(NamedTuple):
    """`package.Type{field: value}`"""

    name: str
    fields: tuple[tuple[str, Expr], ...]
    start: int
    end: int


Expr = Literal | Name | Select | Call | ListOf | MapOf | MessageOf


def children(expr: Expr) -> tuple[Expr, ...]:
    """The expressions right below, in the text's order."""
    match expr:
        case Select(operand=operand):
            return (operand,)
        case Call(args=args, target=target):
            return args if target is None else (target, *args)
        case ListOf(items=items):
            return items
        case MapOf(entries=entries):
            return tuple(part for entry in entries for part in entry)
        case MessageOf(fields=fields):
            return tuple(value for _, value in fields)
        case _:
            return ()


def dotted(expr: Expr) -> str | None:
    """`a.b.c` for a name followed by nothing but fields, else None."""
    fields: list[str] = []
    while isinstance(expr, Select):
        fields.append(expr.field)
        expr = expr.operand
    return ".".join((expr.name.lstrip("."), *reversed(fields))) if isinstance(expr, Name) else None


def loop_variable(expr: Expr) -> str | None:
    """The variable that a macro such as `list.all(x, …)` runs over its target, or None."""
    if not isinstance(expr, Call) or expr.target is None or len(expr.args) not in _LOOPS.get(expr.function, ()):
        return None
    variable = expr.args[0]
    return variable.name if isinstance(variable, Name) else None


def is_presence_test(expr: Expr) -> bool:
    """Whether it is `has(operand.field)`."""
    return (
        isinstance(expr, Call)
        and (expr.function, expr.target, len(expr.args)) == ("has", None, 1)
        and isinstance(expr.args[0], Select)
    )


def written(expr: Expr) -> str:
    """The expression in one way of writing: equal for expressions that differ in white space and brackets only."""
    match expr:
        case Literal(kind=kind, value=value):
            return f"{kind} {value!r}"
        case Name(name=name):
            return name.lstrip(".")
        case Select(operand=operand, field=field):
            return f"{written(operand)}.{field}"
        case Call():
            return _call(expr)
        case ListOf(items=items):
            return f"[{_row(items)}]"
        case MapOf(entries=entries):
            return f"{{{', '.join(f'{written(key)}: {written(value)}' for key, value in entries)}}}"
        case MessageOf(name=name, fields=fields):
            return f"{name}{{{', '.join(f'{field}: {written(value)}' for field, value in fields)}}}"


def _call(call: Call) -> str:
    if call.function in _INFIX and len(call.args) > 1:
        return f"({f' {call.function} '.join(written(argument) for argument in call.args)})"
    if call.function == "size" and call.target is not None and not call.args:
        return f"size({written(call.target)})"
    on = "" if call.target is None else f"{written(call.target)}."
    return f"{on}{call.function}({_row(call.args)})"


def _row(items: tuple[Expr, ...]) -> str:
    return ", ".join(written(item) for item in items)


def walk(expr: Expr) -> Iterator[Expr]:
    """The expression and all below it, without recursion: it may be deeper than Python can call."""
    pending = [expr]
    while pending:
        one = pending.pop()
        yield one
        pending.extend(reversed(children(one)))
