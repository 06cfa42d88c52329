"""A condition's tree → closures with exactly CEL's meaning, for those whose types are all known.

An operand that has no value (a field of null) makes the whole undefined, except beside `&&` and `||`, where another
operand may decide: both look at all of them, in any order.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from google.protobuf.descriptor import FieldDescriptor

from comb_compiler.cel.tree import Call, Expr, ListOf, Literal, Name, Select, Value, dotted, is_presence_test
from comb_compiler.runtime.messages import Messages

__all__ = ["Undefined", "as_closure"]

Evaluate = Callable[[list[Any]], Any]

Undefined = AttributeError
"""What a closure raises where the expression has no value: it is what Python raises for a field of None."""

_F = FieldDescriptor
_KINDS = {
    **dict.fromkeys((_F.TYPE_INT32, _F.TYPE_INT64, _F.TYPE_SINT32, _F.TYPE_SINT64), "int"),
    **dict.fromkeys((_F.TYPE_SFIXED32, _F.TYPE_SFIXED64, _F.TYPE_ENUM), "int"),
    **dict.fromkeys((_F.TYPE_UINT32, _F.TYPE_UINT64, _F.TYPE_FIXED32, _F.TYPE_FIXED64), "uint"),
    **dict.fromkeys((_F.TYPE_DOUBLE, _F.TYPE_FLOAT), "double"),
    _F.TYPE_BOOL: "bool",
    _F.TYPE_STRING: "string",
    _F.TYPE_BYTES: "bytes",
    _F.TYPE_MESSAGE: "message",
}
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class _OutOfScope(Exception):
    """The library's business."""


class _Typed(NamedTuple):
    """A closure, the kind of its value, and its message's descriptor where it is one."""

    evaluate: Evaluate
    kind: str
    descriptor: Any = None


def as_closure(
    expr: Expr, places: Mapping[str, int], types: Mapping[str, str], messages: Messages
) -> Callable[[list[Any]], bool] | None:
    """A function of the graph's values; None for an expression that only the library knows.

    It raises Undefined where the expression has no value.
    """
    try:
        typed = _Compiler(places, types, messages).typed(expr)
    except _OutOfScope:
        return None
    return typed.evaluate if typed.kind == "bool" else None


class _Compiler:
    def __init__(self, places: Mapping[str, int], types: Mapping[str, str], messages: Messages) -> None:
        self._places = places
        self._types = types
        self._messages = messages

    def typed(self, expr: Expr) -> _Typed:
        match expr:
            case Literal(kind=kind, value=value):
                return _Typed(lambda values: value, kind)
            case Name(name=name):
                return self._variable(name.lstrip("."))
            case Select():
                return self._select(expr)
            case Call(args=(Select() as field,)) if is_presence_test(expr):
                return self._has(field)
            case Call(target=None):
                return self._operator(expr)
            case _:
                raise _OutOfScope

    def _operator(self, call: Call) -> _Typed:
        match call:
            case Call(function="&&" | "||" as sign, args=parts):
                row = _all if sign == "&&" else _any
                return _Typed(row(tuple(self._bool(part) for part in parts)), "bool")
            case Call(function="!", args=(part,)):
                inner = self._bool(part)
                return _Typed(lambda values: not inner(values), "bool")
            case Call(function="?:", args=(test, yes, no)):
                return self._test(test, yes, no)
            case Call(function="in", args=(item, ListOf(items=items))):
                return self._contains(item, items)
            case Call(function=sign, args=(left, right)) if sign in _OPERATORS:
                return self._compare(sign, left, right)
            case _:
                raise _OutOfScope

    def _bool(self, expr: Expr) -> Evaluate:
        typed = self.typed(expr)
        if typed.kind != "bool":
            raise _OutOfScope
        return typed.evaluate

    def _test(self, test: Expr, yes: Expr, no: Expr) -> _Typed:
        which, first, second = self._bool(test), self.typed(yes), self.typed(no)
        if first.kind != second.kind or first.kind in ("message", "null"):
            raise _OutOfScope
        one, other = first.evaluate, second.evaluate
        return _Typed(lambda values: one(values) if which(values) else other(values), first.kind)

    def _variable(self, name: str) -> _Typed:
        if name not in self._places:
            raise _OutOfScope
        place = self._places[name]
        return _Typed(lambda values: values[place], "message", _plain(self._messages[self._types[name]].DESCRIPTOR))

    def _select(self, expr: Select) -> _Typed:
        constant = self._enum_value(expr)
        if constant is not None:
            return _Typed(lambda values: constant, "int")
        operand, field = self._field(expr)
        if field.is_repeated or field.type not in _KINDS:
            raise _OutOfScope
        descriptor = _plain(field.message_type) if field.type == _F.TYPE_MESSAGE else None
        return _Typed(_getter(operand, field.name), _KINDS[field.type], descriptor)

    def _field(self, expr: Select) -> tuple[Evaluate, Any]:
        operand = self.typed(expr.operand)
        if operand.kind != "message" or expr.field not in operand.descriptor.fields_by_name:
            raise _OutOfScope
        return operand.evaluate, operand.descriptor.fields_by_name[expr.field]

    def _enum_value(self, expr: Expr) -> int | None:
        """The number of `package.Enum.VALUE`."""
        path = dotted(expr)
        if path is None or path.split(".")[0] in self._places:
            return None
        owner, _, name = path.rpartition(".")
        try:
            enum = self._messages.pool.FindEnumTypeByName(owner)
        except KeyError:
            return None
        value = enum.values_by_name.get(name)
        return None if value is None else int(value.number)

    def _has(self, expr: Select) -> _Typed:
        operand, field = self._field(expr)
        name = field.name
        if field.has_presence and not field.is_repeated:
            return _Typed(lambda values: operand(values).HasField(name), "bool")
        if field.is_repeated or _KINDS.get(field.type) in (None, "double"):
            raise _OutOfScope  # -0.0 is there for CEL
        get, absent = _getter(operand, name), field.default_value
        return _Typed(lambda values: get(values) != absent, "bool")

    def _compare(self, sign: str, left_expr: Expr, right_expr: Expr) -> _Typed:
        left, right = self.typed(left_expr), self.typed(right_expr)
        if {left.kind, right.kind} == {"message", "null"} and sign in ("==", "!="):
            return _Typed(_null_test(left if left.kind == "message" else right, sign == "=="), "bool")
        if left.kind != right.kind or left.kind in ("message", "null"):
            raise _OutOfScope
        return _Typed(_comparison(_OPERATORS[sign], left.evaluate, right.evaluate, right_expr), "bool")

    def _contains(self, item: Expr, items: tuple[Expr, ...]) -> _Typed:
        operand = self.typed(item)
        if operand.kind in ("message", "null"):
            raise _OutOfScope
        evaluate, among = operand.evaluate, frozenset(self._constant(one, operand.kind) for one in items)
        return _Typed(lambda values: evaluate(values) in among, "bool")

    def _constant(self, expr: Expr, kind: str) -> Value:
        if isinstance(expr, Literal) and expr.kind == kind:
            return expr.value
        number = self._enum_value(expr) if kind == "int" else None
        if number is None:
            raise _OutOfScope
        return number


def _plain(descriptor: Any) -> Any:
    """The descriptor of a message that CEL sees as one: of Protobuf's own types it sees many as something else."""
    if descriptor.full_name.startswith("google.protobuf.") or descriptor.GetOptions().map_entry:
        raise _OutOfScope
    return descriptor


def _getter(operand: Evaluate, name: str) -> Evaluate:
    get = operator.attrgetter(name)
    return lambda values: get(operand(values))


def _null_test(message: _Typed, wanted: bool) -> Evaluate:
    evaluate = message.evaluate
    return lambda values: (evaluate(values) is None) is wanted


def _comparison(compare: Callable[[Any, Any], bool], left: Evaluate, right: Evaluate, right_expr: Expr) -> Evaluate:
    if isinstance(right_expr, Literal):
        constant = right_expr.value
        return lambda values: compare(left(values), constant)
    return lambda values: compare(left(values), right(values))


def _all(parts: tuple[Evaluate, ...]) -> Evaluate:
    def evaluate(values: list[Any]) -> bool:
        try:
            for part in parts:
                if not part(values):
                    return False
        except Undefined:
            if _decides(parts, values, False):
                return False
            raise
        return True

    return evaluate


def _any(parts: tuple[Evaluate, ...]) -> Evaluate:
    def evaluate(values: list[Any]) -> bool:
        try:
            for part in parts:
                if part(values):
                    return True
        except Undefined:
            if _decides(parts, values, True):
                return True
            raise
        return False

    return evaluate


def _decides(parts: tuple[Evaluate, ...], values: list[Any], wanted: bool) -> bool:
    """Whether one of them has that value, whichever of the others have none."""
    for part in parts:
        try:
            if part(values) is wanted:
                return True
        except Undefined:
            continue
    return False
