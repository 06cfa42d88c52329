"""Operands that an operator cannot take, and conditions that are no yes or no."""

import re
from collections.abc import Iterator

from comb_compiler.cel import Mend, Mistake
from comb_compiler.cel.tree import COMPARISONS, Call, Expr, ListOf, Literal, Name, Select
from comb_compiler.graph.conditions.rewriting import rewritten
from comb_compiler.graph.conditions.types import ANY, NULL, Scope, Type, shown
from comb_compiler.graph.conditions.typing import Bound, enum_value, type_of
from comb_compiler.spec.wording import listed

__all__ = ["comparison", "differ", "is_comparison", "must_be_bool"]

_ALIKE = {"enum": "int"}
_NEVER_NULL = frozenset(("bool", "int", "uint", "double", "string", "bytes", "enum", "list", "map"))
_NULL_ALONE = frozenset(("message", "timestamp", "duration"))
"""What may be null as the whole answer of a step, and never as a field."""
_MOST_VALUES = 6


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
        yield from _null(call, text, kinds, bound)
    elif differ(*kinds):
        yield _unlike(call, text, scope, kinds)
    elif call.function not in ("==", "!=") and "message" in (kinds[0].kind, kinds[1].kind):
        yield Mistake("messages have no order", *call.at, "compare one of their fields")


def _kind(kind: Type) -> str:
    content = kind.of[0] if kind.kind == "wrapper" else kind
    return _ALIKE.get(content.kind, content.kind)


def differ(one: Type, other: Type) -> bool:
    """Whether values of the two types are certainly never compared."""
    kinds = _kind(one), _kind(other)
    if "any" in kinds:
        return False
    if one.kind == other.kind == "enum":
        return one.name != other.name
    return kinds[0] != kinds[1] or (kinds[0] == "message" and one.name != other.name)


def _null(call: Call, text: str, kinds: tuple[Type, Type], bound: Bound) -> Iterator[Mistake]:
    side, kind = (1, kinds[1]) if kinds[0] == NULL else (0, kinds[0])
    value = call.args[side]
    if isinstance(value, Name) and value.name.lstrip(".") not in bound:
        return  # a step that gives nothing is null, whatever it gives otherwise
    held = isinstance(value, Select) or (isinstance(value, Call) and value.function == "[]")
    if call.function not in ("==", "!=") or not (kind.kind in _NEVER_NULL or (held and kind.kind in _NULL_ALONE)):
        return
    where = ": as a field it is empty where nothing is set" if kind.kind in _NULL_ALONE else ""
    message = f"{shown(kind)} is never null{where}"
    if not isinstance(value, Select):
        yield Mistake(message, call.start, call.end, "compare it with a value of its type")
        return
    name = text[value.start : value.end]
    asked, why = f"{'!' if call.function == '==' else ''}has({name})", "whether it is set"
    if kind.kind == "list":
        asked, why = f"size({name}) {'==' if call.function == '==' else '>'} 0", "whether there is something in it"
    mend = Mend(f"write `{asked}`", call.start, call.end, asked)
    yield Mistake(message, call.start, call.end, f"write `{asked}` to ask {why}", mend)


def _search(call: Call, text: str, scope: Scope, bound: Bound, kinds: tuple[Type, Type]) -> Iterator[Mistake]:
    kind, where = kinds
    items = call.args[1].items if isinstance(call.args[1], ListOf) else ()
    if where.kind not in ("list", "map", "any"):
        yield _no_list(call, text, where)
    elif items and where.of[0] == ANY:
        yield from _odd_items(kind, items, scope, bound)
    elif where.kind != "any" and NULL not in (kind, where.of[0]) and differ(kind, where.of[0]):
        written = [rewritten(one, kind, scope) or _namesake(one, kind, scope) for one in items]
        meant = f"[{', '.join(written)}]" if items and all(written) else ""
        mend = Mend(f"write `{meant}`", *_place(call.args[1]), meant) if meant else None
        message = f"{shown(kind)} is looked for among values that are each {shown(where.of[0])}"
        yield Mistake(message, *call.at, f"write `{meant}`" if meant else _comparable(kind, scope), mend)


def _odd_items(kind: Type, items: tuple[Expr, ...], scope: Scope, bound: Bound) -> Iterator[Mistake]:
    """Constants of another type than what is looked for, among others that are of its type."""
    for one in items:
        of_item = type_of(one, scope, bound)
        if _is_constant(one, scope, bound) and of_item != NULL and differ(kind, of_item):
            meant = rewritten(one, kind, scope) or _namesake(one, kind, scope)
            mend = Mend(f"write `{meant}`", *_place(one), meant) if meant else None
            message = f"{shown(kind)} is looked for, and this is {shown(of_item)}"
            yield Mistake(message, *_place(one), f"write `{meant}`" if meant else _comparable(kind, scope), mend)


def _is_constant(expr: Expr, scope: Scope, bound: Bound) -> bool:
    return isinstance(expr, Literal) or enum_value(expr, scope, bound) is not None


def _no_list(call: Call, text: str, where: Type) -> Mistake:
    """What `in` cannot look into."""
    looked_for, inside = (text[one.start : one.end] for one in call.args)
    hint, meant = "compare it with `==`", ""
    if where.kind == "string":
        meant = f"{inside}.contains({looked_for})"
    elif where.kind == "message" and isinstance(call.args[0], Literal) and looked_for[1:-1].isidentifier():
        meant = f"has({inside}.{looked_for[1:-1]})"
    mend = Mend(f"write `{meant}`", *_place(call), meant) if meant else None
    message = f"`in` looks into a list or a map, and this is {shown(where)}"
    return Mistake(message, *_place(call.args[1]), f"write `{meant}`" if meant else hint, mend)


def _unlike(call: Call, text: str, scope: Scope, kinds: tuple[Type, Type]) -> Mistake:
    message = f"{shown(kinds[0])} is compared with {shown(kinds[1])}"
    for literal, kind in ((call.args[1], kinds[0]), (call.args[0], kinds[1])):
        meant = rewritten(literal, kind, scope) or _namesake(literal, kind, scope)
        if meant:
            mend = Mend(f"write `{meant}`", *_place(literal), meant)
            return Mistake(message, *_place(literal), f"write `{meant}`", mend)
    unfit = [
        literal for literal, kind in zip(call.args, reversed(kinds), strict=True) if _is_no_value(literal, kind, scope)
    ]
    return Mistake(message, *(_place(unfit[0]) if unfit else call.at), _converted(call, text, scope, kinds))


def _is_no_value(literal: Expr, kind: Type, scope: Scope) -> bool:
    """Whether it is a constant that an enum does not have."""
    return kind.kind == "enum" and (isinstance(literal, Literal) or enum_value(literal, scope) is not None)


def _namesake(value: Expr, kind: Type, scope: Scope) -> str:
    """The value of the enum `kind` with the name that a value of another enum has; nothing where it has none."""
    of_other, enum = enum_value(value, scope), scope.schema.enums.get(kind.name)
    if of_other is None or enum is None or not isinstance(value, Select):
        return ""
    suffix = _suffix(value.field, of_other[0].name)
    found = [one.name for one in enum.values if one.name == value.field or _suffix(one.name, enum.name) == suffix]
    return f"{kind.name}.{found[0]}" if len(found) == 1 else ""


def _suffix(value: str, enum: str) -> str:
    """`JPEG` of `IMAGE_FORMAT_JPEG`, a value of `ImageFormat`."""
    prefix = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", enum.rpartition(".")[2]).upper()
    return value.removeprefix(f"{prefix}_")


def _converted(call: Call, text: str, scope: Scope, kinds: tuple[Type, Type]) -> str:
    """How two values of unlike types could be compared."""
    if kinds[0].kind == kinds[1].kind == "enum":
        own = [kind for kind, side in zip(kinds, call.args, strict=True) if enum_value(side, scope) is None]
        sides = [f"int({text[side.start : side.end]})" for side in call.args]
        return _comparable(own[0], scope) if len(own) == 1 else f"compare numbers: `{f' {call.function} '.join(sides)}`"
    kind, other = (_kind(one) for one in kinds)
    numbers = ("int", "uint", "double")
    if kind in numbers and other in numbers:
        left, right = call.args
        side, to = (left, other) if isinstance(right, Literal) else (right, kind)
        return f"convert one side, as in `{to}({text[side.start : side.end]})`"
    if "message" in (kind, other):
        return "compare one of the message's fields" if kind != other else "these are messages of two types"
    return _comparable(next((one for one in kinds if one.kind == "enum"), kinds[0]), scope)


def _comparable(kind: Type, scope: Scope) -> str:
    """What a value of a type is compared with."""
    enum = scope.schema.enums.get(kind.name) if kind.kind == "enum" else None
    if enum is None:
        return "take a value of its type"
    names = [f"{enum.name}.{value.name}" for value in enum.values]
    return f"take one of {listed(names[:_MOST_VALUES], 'or')}" + (" …" if len(names) > _MOST_VALUES else "")


def _place(expr: Expr) -> tuple[int, int]:
    return expr.start, expr.end


def is_comparison(call: Call) -> bool:
    """Whether it is one of two sides."""
    return (call.function in COMPARISONS or call.function == "in") and len(call.args) == len(("left", "right"))
