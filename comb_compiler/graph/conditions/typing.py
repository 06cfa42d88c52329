"""The type of an expression, as far as it can be told without the official checker."""

from collections.abc import Mapping
from types import MappingProxyType

from comb_compiler.cel.tree import (
    COMPARISONS,
    Call,
    Expr,
    ListOf,
    Literal,
    MapOf,
    MessageOf,
    Name,
    Select,
    children,
    dotted,
    loop_variable,
)
from comb_compiler.graph.conditions.reading import is_qualified
from comb_compiler.graph.conditions.types import ANY, BOOL, BYTES, DOUBLE, INT, NULL, STRING, UINT, Scope, Type

__all__ = ["Bound", "dereferenced", "element", "enum_value", "never_fails", "type_of"]

Bound = Mapping[str, Type]
"""The variables of the macros around an expression."""

_NO_LOOP: Bound = MappingProxyType({})
_BOOLEAN = COMPARISONS | {"&&", "||", "!", "in", "has", "all", "exists", "exists_one", "startsWith", "endsWith",
                          "contains", "matches"}  # fmt: skip
_CONVERSIONS = {"int": INT, "uint": UINT, "double": DOUBLE, "string": STRING, "bytes": BYTES, "bool": BOOL,
                "size": INT, "duration": Type("duration"), "timestamp": Type("timestamp")}  # fmt: skip
_LITERALS = {"bool": BOOL, "int": INT, "uint": UINT, "double": DOUBLE, "string": STRING, "bytes": BYTES, "null": NULL}


def type_of(expr: Expr, scope: Scope, bound: Bound = _NO_LOOP) -> Type:
    """The type; `ANY` where it cannot be told, or where there is none."""
    match expr:
        case Literal(kind=kind):
            return _LITERALS[kind]
        case Name(name=name):
            return bound.get(name) or scope.variable(name.lstrip(".")) or ANY
        case Select(operand=operand, field=field):
            return _selected(expr, operand, field, scope, bound)
        case Call():
            return _called(expr, scope, bound)
        case ListOf(items=items):
            kinds = {type_of(item, scope, bound) for item in items}
            return Type("list", of=(kinds.pop() if len(kinds) == 1 else ANY,))
        case MapOf():
            return Type("map", of=(ANY, ANY))
        case MessageOf(name=name):
            return scope.message(name)


def enum_value(expr: Expr, scope: Scope, bound: Bound = _NO_LOOP) -> tuple[Type, int] | None:
    """The enum and the number that `package.Enum.VALUE` stands for; None where it is something else."""
    path = dotted(expr)
    if path is None or "." not in path or path.split(".")[0] in bound:
        return None
    owner, _, name = path.rpartition(".")
    enum = scope.schema.enums.get(owner)
    value = next((one for one in enum.values if one.name == name), None) if enum is not None else None
    return None if value is None else (Type("enum", owner, bits=32), value.number)


def element(kind: Type) -> Type:
    """What a macro's variable is when it runs over a value of this type: an item of a list, a key of a map."""
    return kind.of[0] if kind.kind in ("list", "map") else ANY


def _selected(expr: Expr, operand: Expr, field: str, scope: Scope, bound: Bound) -> Type:
    constant = enum_value(expr, scope, bound)
    if constant is not None:
        return constant[0]
    owner = type_of(operand, scope, bound)
    if owner.kind == "message":
        return scope.field(owner, field) or ANY
    return owner.of[1] if owner.kind == "map" else ANY


def _called(call: Call, scope: Scope, bound: Bound) -> Type:
    function, args = call.function, call.args
    variable = loop_variable(call)
    if function == "filter" and variable and call.target is not None:
        return type_of(call.target, scope, bound)
    if function == "map" and variable and call.target is not None:
        inside = {**bound, variable: element(type_of(call.target, scope, bound))}
        return Type("list", of=(type_of(args[-1], scope, inside),))
    if function == "?:":
        yes, no = (type_of(argument, scope, bound) for argument in args[1:])
        return yes if yes == no else ANY
    if function == "[]":
        owner = type_of(args[0], scope, bound)
        return owner.of[-1] if owner.kind in ("list", "map") else ANY
    if function in ("+", "-", "*", "/", "%"):
        kind = type_of(args[0], scope, bound)
        return Type(kind.kind) if kind.kind in ("int", "uint", "double", "string", "bytes") else ANY
    return BOOL if function in _BOOLEAN else _CONVERSIONS.get(function, ANY)


def dereferenced(expr: Expr, scope: Scope) -> tuple[str, ...]:
    """The variables of which a field is certainly asked for: if one is null, evaluating this is an error."""
    match expr:
        case Select(operand=operand):
            path = dotted(expr)
            if path is not None and is_qualified(path, scope.schema):
                return ()
            return (operand.name.lstrip("."),) if isinstance(operand, Name) else dereferenced(operand, scope)
        case Call(function="&&" | "||" | "?:"):
            return ()
        case Call(target=target) if loop_variable(expr) is not None and target is not None:
            return dereferenced(target, scope)
        case _:
            return tuple(dict.fromkeys(name for child in children(expr) for name in dereferenced(child, scope)))


def never_fails(expr: Expr, scope: Scope) -> bool:
    """Whether evaluating it cannot be an error, if no variable is null."""
    match expr:
        case Name() | Literal():
            return True
        case Select(operand=operand):
            if enum_value(expr, scope) is not None:
                return True
            return type_of(operand, scope).kind == "message" and never_fails(operand, scope)
        case Call(function="has", args=(argument,), target=None):
            return never_fails(argument, scope)
        case Call(function="size", args=(argument,), target=None):
            return type_of(argument, scope) != ANY and never_fails(argument, scope)
        case _:
            return False
