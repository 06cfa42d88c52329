"""A condition's tree → closures with exactly CEL's meaning, for those whose types are all known.

An operand that has no value (a field of null) makes the whole undefined, except beside `&&` and `||`, where the other
operand may decide: both look at both sides, in either order.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from google.protobuf.descriptor import FieldDescriptor

from comb_compiler.runtime.conditions.syntax import (
    Compare,
    Contains,
    Has,
    Literal,
    Logic,
    Name,
    Node,
    Not,
    Select,
    Test,
)
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
    node: Node, places: Mapping[str, int], types: Mapping[str, str], messages: Messages
) -> Callable[[list[Any]], bool] | None:
    """A function of the graph's values; None for an expression that only the library knows.

    It raises Undefined where the expression has no value.
    """
    try:
        typed = _Compiler(places, types, messages).typed(node)
    except _OutOfScope:
        return None
    return typed.evaluate if typed.kind == "bool" else None


class _Compiler:
    def __init__(self, places: Mapping[str, int], types: Mapping[str, str], messages: Messages) -> None:
        self._places = places
        self._types = types
        self._messages = messages

    def typed(self, node: Node) -> _Typed:
        match node:
            case Literal(value, kind):
                return _Typed(lambda values: value, kind)
            case Name(name):
                return self._variable(name)
            case Select():
                return self._select(node)
            case Has():
                return self._has(node)
            case Compare():
                return self._compare(node)
            case Contains():
                return self._contains(node)
            case _:
                return self._logical(node)

    def _logical(self, node: Node) -> _Typed:
        match node:
            case Logic(sign, left, right):
                both = _both if sign == "&&" else _either
                return _Typed(both(self._bool(left), self._bool(right)), "bool")
            case Not(operand):
                inner = self._bool(operand)
                return _Typed(lambda values: not inner(values), "bool")
            case Test(condition, yes, no):
                return self._test(condition, yes, no)
            case _:
                raise _OutOfScope

    def _bool(self, node: Node) -> Evaluate:
        typed = self.typed(node)
        if typed.kind != "bool":
            raise _OutOfScope
        return typed.evaluate

    def _test(self, condition: Node, yes: Node, no: Node) -> _Typed:
        which, first, second = self._bool(condition), self.typed(yes), self.typed(no)
        if first.kind != second.kind or first.kind in ("message", "null"):
            raise _OutOfScope
        one, other = first.evaluate, second.evaluate
        return _Typed(lambda values: one(values) if which(values) else other(values), first.kind)

    def _variable(self, name: str) -> _Typed:
        if name not in self._places:
            raise _OutOfScope
        place = self._places[name]
        return _Typed(lambda values: values[place], "message", _plain(self._messages[self._types[name]].DESCRIPTOR))

    def _select(self, node: Select) -> _Typed:
        constant = self._enum_value(node)
        if constant is not None:
            return _Typed(lambda values: constant, "int")
        operand, field = self._field(node.operand, node.field)
        if field.is_repeated or field.type not in _KINDS:
            raise _OutOfScope
        descriptor = _plain(field.message_type) if field.type == _F.TYPE_MESSAGE else None
        return _Typed(_getter(operand, field.name), _KINDS[field.type], descriptor)

    def _field(self, node: Node, name: str) -> tuple[Evaluate, Any]:
        operand = self.typed(node)
        if operand.kind != "message" or name not in operand.descriptor.fields_by_name:
            raise _OutOfScope
        return operand.evaluate, operand.descriptor.fields_by_name[name]

    def _enum_value(self, node: Node) -> int | None:
        """The number of `package.Enum.VALUE`."""
        names: list[str] = []
        while isinstance(node, Select):
            names.insert(0, node.field)
            node = node.operand
        if not isinstance(node, Name) or node.name in self._places:
            return None
        try:
            enum = self._messages.pool.FindEnumTypeByName(".".join((node.name, *names[:-1])))
        except KeyError:
            return None
        value = enum.values_by_name.get(names[-1])
        return None if value is None else int(value.number)

    def _has(self, node: Has) -> _Typed:
        operand, field = self._field(node.operand, node.field)
        name = field.name
        if field.has_presence and not field.is_repeated:
            return _Typed(lambda values: operand(values).HasField(name), "bool")
        if field.is_repeated or _KINDS.get(field.type) in (None, "double"):
            raise _OutOfScope  # -0.0 is there for CEL
        get, absent = _getter(operand, name), field.default_value
        return _Typed(lambda values: get(values) != absent, "bool")

    def _compare(self, node: Compare) -> _Typed:
        left, right = self.typed(node.left), self.typed(node.right)
        if {left.kind, right.kind} == {"message", "null"} and node.operator in ("==", "!="):
            return _Typed(_null_test(left if left.kind == "message" else right, node.operator == "=="), "bool")
        if left.kind != right.kind or left.kind in ("message", "null"):
            raise _OutOfScope
        return _Typed(_comparison(_OPERATORS[node.operator], left.evaluate, right.evaluate, node.right), "bool")

    def _contains(self, node: Contains) -> _Typed:
        operand = self.typed(node.operand)
        if operand.kind not in ("int", "uint", "string") or any(one.kind != operand.kind for one in node.constants):
            raise _OutOfScope
        evaluate, constants = operand.evaluate, frozenset(one.value for one in node.constants)
        return _Typed(lambda values: evaluate(values) in constants, "bool")


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


def _comparison(compare: Callable[[Any, Any], bool], left: Evaluate, right: Evaluate, node: Node) -> Evaluate:
    if isinstance(node, Literal):
        constant = node.value
        return lambda values: compare(left(values), constant)
    return lambda values: compare(left(values), right(values))


def _both(left: Evaluate, right: Evaluate) -> Evaluate:
    def evaluate(values: list[Any]) -> bool:
        try:
            first = left(values)
        except Undefined:
            if right(values):
                raise
            return False
        return bool(first and right(values))

    return evaluate


def _either(left: Evaluate, right: Evaluate) -> Evaluate:
    def evaluate(values: list[Any]) -> bool:
        try:
            first = left(values)
        except Undefined:
            if not right(values):
                raise
            return True
        return bool(first or right(values))

    return evaluate
