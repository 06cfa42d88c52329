"""Operands that an operator cannot take, and conditions that are no yes or no."""

from collections.abc import Iterator

from comb_compiler.cel import Mend, Mistake
from comb_compiler.cel.tree import COMPARISONS, Call, Expr, ListOf, Literal, Select
from comb_compiler.graph.conditions.types import NULL, Scope, Type, shown
from comb_compiler.graph.conditions.typing import Bound, type_of

__all__ = ["comparison", "must_be_bool"]

_ALIKE = {"enum": "int"}
_NEVER_NULL = frozenset(("bool", "int", "uint", "double", "string", "bytes", "enum", "list", "map"))
_LARGEST = 2**53


def must_be_bool(expr: Expr, text: str, kind: Type, taker: str = "") -> Iterator[Mistake]:
    """A value that is taken for a yes or no, by the whole condition or by the operator or macro `taker`."""
    if kind.kind in ("any", "bool") or (kind.kind == "wrapper" and kind.of[0].kind == "bool"):
        return
    written = text[expr.start : expr.end]
    what = f"`{taker.rstrip(':')}` takes what is true or false" if taker else "a condition is true or false"
    message = f"{what}, and this is {shown(kind)}"
    asked = _asked(expr, kind, written)
    asked = f"({asked})" if taker == "!" and " " in asked else asked
    hint = f"write `{asked}`" if asked else "compare it with something"
    mend = Mend(f"write `{asked}`", expr.start, expr.end, asked) if asked else None
    yield Mistake(message, expr.start, expr.end, hint, mend)


def _asked(expr: Expr, kind: Type, written: str) -> str:
    """What asks of a value whether there is something to it."""
    match kind.kind:
        case "message":
            return f"has({written})" if isinstance(expr, Select) else f"{written} != null"
        case "list" | "map" | "bytes":
            return f"size({written}) > 0"
        case "string" if not isinstance(expr, Literal):
            return f'{written} != ""'
        case "int" | "uint" | "double" if not isinstance(expr, Literal):
            return f"{written} != {_zero(kind)}"
        case _:
            return ""


def _zero(kind: Type) -> str:
    return {"uint": "0u", "double": "0.0"}.get(kind.kind, "0")


def comparison(call: Call, text: str, scope: Scope, bound: Bound) -> Iterator[Mistake]:
    """Two sides that are never compared with each other; the same for an item and the list that it is looked for in."""
    left, right = call.args
    kinds = type_of(left, scope, bound), type_of(right, scope, bound)
    if call.function == "in":
        yield from _search(call, text, scope, bound, kinds)
    elif NULL in kinds:
        yield from _null(call, text, kinds)
    elif _differ(*kinds):
        yield _unlike(call, text, scope, kinds)
    elif call.function not in ("==", "!=") and "message" in (kinds[0].kind, kinds[1].kind):
        yield Mistake("messages have no order", *call.at, "compare one of their fields")


def _kind(kind: Type) -> str:
    content = kind.of[0] if kind.kind == "wrapper" else kind
    return _ALIKE.get(content.kind, content.kind)


def _differ(one: Type, other: Type) -> bool:
    kinds = _kind(one), _kind(other)
    if "any" in kinds:
        return False
    return kinds[0] != kinds[1] or (kinds[0] == "message" and one.name != other.name)


def _null(call: Call, text: str, kinds: tuple[Type, Type]) -> Iterator[Mistake]:
    side, kind = (1, kinds[1]) if kinds[0] == NULL else (0, kinds[0])
    if kind.kind not in _NEVER_NULL or call.function not in ("==", "!="):
        return
    value = call.args[side]
    message = f"{shown(kind)} is never null"
    if not isinstance(value, Select):
        yield Mistake(message, call.start, call.end, "compare it with a value of its type")
        return
    asked = f"{'!' if call.function == '==' else ''}has({text[value.start : value.end]})"
    mend = Mend(f"write `{asked}`", call.start, call.end, asked)
    yield Mistake(message, call.start, call.end, f"write `{asked}` to ask whether it is set", mend)


def _search(call: Call, text: str, scope: Scope, bound: Bound, kinds: tuple[Type, Type]) -> Iterator[Mistake]:
    item, where = kinds
    if where.kind not in ("list", "map", "any"):
        hint = f"write `{text[call.args[1].start : call.args[1].end]}.contains(…)`" if where.kind == "string" else ""
        yield Mistake(f"`in` looks into a list or a map, and this is {shown(where)}", *_place(call.args[1]),
                      hint or "compare it with `==`")  # fmt: skip
    elif where.kind != "any" and NULL not in (item, where.of[0]) and _differ(item, where.of[0]):
        items = call.args[1].items if isinstance(call.args[1], ListOf) else ()
        rewritten = [_rewritten(one, item, scope) for one in items]
        written = f"[{', '.join(one for one in rewritten if one)}]" if items and all(rewritten) else ""
        mend = Mend(f"write `{written}`", *_place(call.args[1]), written) if written else None
        message = f"{shown(item)} is looked for among values that are each {shown(where.of[0])}"
        yield Mistake(message, *call.at, f"write `{written}`" if written else "look for a value of their type", mend)


def _unlike(call: Call, text: str, scope: Scope, kinds: tuple[Type, Type]) -> Mistake:
    message = f"{shown(kinds[0])} is compared with {shown(kinds[1])}"
    for literal, kind in ((call.args[1], kinds[0]), (call.args[0], kinds[1])):
        rewritten = _rewritten(literal, kind, scope)
        if rewritten:
            mend = Mend(f"write `{rewritten}`", *_place(literal), rewritten)
            return Mistake(message, *_place(literal), f"write `{rewritten}`", mend)
    return Mistake(message, *call.at, _converted(call, text, kinds))


def _converted(call: Call, text: str, kinds: tuple[Type, Type]) -> str:
    """How two values of unlike types could be compared."""
    kind, other = (_kind(one) for one in kinds)
    numbers = ("int", "uint", "double")
    if kind in numbers and other in numbers:
        left, right = call.args
        side, to = (left, other) if isinstance(right, Literal) else (right, kind)
        return f"convert one side, as in `{to}({text[side.start : side.end]})`"
    if "message" in (kind, other):
        return "compare one of the message's fields" if kind != other else "these are messages of two types"
    if "enum" in (kinds[0].kind, kinds[1].kind):
        return "compare it with a value of the enum, by its full name: `package.Enum.VALUE`"
    return "compare it with a value of its type"


def _rewritten(literal: Expr, kind: Type, scope: Scope) -> str:
    """A literal as one of another type, or nothing where it is none."""
    if not isinstance(literal, Literal):
        return ""
    value = literal.value
    if kind.kind == "enum" and isinstance(value, str):
        enum = scope.schema.enums.get(kind.name)
        names = [one.name for one in enum.values if one.name == value] if enum is not None else []
        return f"{kind.name}.{names[0]}" if names else ""
    if isinstance(value, bool) or literal.kind not in ("int", "uint", "double"):
        return (
            {"true": "true", "false": "false"}.get(value, "") if kind.kind == "bool" and isinstance(value, str) else ""
        )
    return _number(value, _kind(kind)) if isinstance(value, int | float) else ""


def _number(value: float, kind: str) -> str:
    if kind == "double":
        return f"{int(value)}.0" if abs(value) < _LARGEST else ""
    if (
        kind not in ("int", "uint")
        or not abs(value) < _LARGEST
        or value != int(value)
        or (kind == "uint" and value < 0)
    ):
        return ""
    return f"{int(value)}{'u' if kind == 'uint' else ''}"


def _place(expr: Expr) -> tuple[int, int]:
    return expr.start, expr.end


def is_comparison(call: Call) -> bool:
    """Whether it is one of two sides."""
    return (call.function in COMPARISONS or call.function == "in") and len(call.args) == len(("left", "right"))
