"""Where a message holds a number that is not finite: a walk compiled once for each type of message."""

import sys
from collections.abc import Callable
from math import isfinite
from typing import Any

__all__ = ["Walk", "compile_walk"]

Walk = Callable[[Any], str | None]
"""A message → the place of the first float in it that is NaN or infinite, as `boxes[3].score`; None for none."""

_ARRAY = 64
"""From so many numbers on, an array of numpy is made of them, where the process uses numpy anyway."""
_FLOATS = frozenset((5, 6))
"""CPPTYPE_DOUBLE and CPPTYPE_FLOAT."""


def compile_walk(descriptor: Any) -> Walk | None:
    """The walk over messages with this descriptor; None where no float can be in them. Extensions are not walked."""
    return _Compiler(_with_floats(descriptor)).walk(descriptor)


def _with_floats(root: Any) -> frozenset[str]:
    """The full names of the types, among those that `root` can hold, with a float in them or below."""
    kinds, todo = {}, [root]
    while todo:
        kind = todo.pop()
        if kind.full_name not in kinds:
            kinds[kind.full_name] = kind
            todo += [field.message_type for field in kind.fields if field.message_type is not None]
    holding: set[str] = set()
    while True:
        more = {name for name, kind in kinds.items() if name not in holding and _holds(kind, holding)}
        if not more:
            return frozenset(holding)
        holding |= more


def _holds(kind: Any, holding: set[str]) -> bool:
    return any(
        field.cpp_type in _FLOATS or (field.message_type is not None and field.message_type.full_name in holding)
        for field in kind.fields
    )


class _Compiler:
    def __init__(self, holding: frozenset[str]) -> None:
        self._holding = holding
        self._walks: dict[str, list[tuple[str, Walk]]] = {}

    def walk(self, descriptor: Any) -> Walk | None:
        if descriptor.full_name not in self._holding:
            return None
        parts = self._walks.get(descriptor.full_name)
        if parts is None:
            parts = self._walks[descriptor.full_name] = []  # before what is below it: types may be recursive
            for field in descriptor.fields:
                look = self._field(field)
                if look is not None:
                    parts.append((field.name, look))

        def walk(message: Any) -> str | None:
            for name, look in parts:
                place = look(message)
                if place is not None:
                    return f"{name}{place}"
            return None

        return walk

    def _field(self, field: Any) -> Walk | None:
        """What looks at one field of a message; the place that it gives begins after the field's name."""
        name, kind = field.name, field.message_type
        if kind is None:
            if field.cpp_type not in _FLOATS:
                return None
            if field.is_repeated:
                return lambda message: _in_row(getattr(message, name))
            return lambda message: None if isfinite(getattr(message, name)) else ""
        if kind.GetOptions().map_entry:
            return self._map(name, kind.fields_by_name["value"])
        inner = self.walk(kind)
        if inner is None:
            return None
        if field.is_repeated:
            return lambda message: _in_items(getattr(message, name), inner)
        return lambda message: _dotted(inner(getattr(message, name))) if message.HasField(name) else None

    def _map(self, name: str, value: Any) -> Walk | None:
        if value.cpp_type in _FLOATS:
            return lambda message: _in_row(list(getattr(message, name).values()))
        inner = self.walk(value.message_type) if value.message_type is not None else None
        return None if inner is None else lambda message: _in_items(list(getattr(message, name).values()), inner)


def _dotted(place: str | None) -> str | None:
    return None if place is None else f".{place}"


def _in_items(items: Any, inner: Walk) -> str | None:
    for index, item in enumerate(items):
        place = inner(item)
        if place is not None:
            return f"[{index}].{place}"
    return None


def _in_row(row: Any) -> str | None:
    if len(row) >= _ARRAY and (numpy := sys.modules.get("numpy")) is not None:
        finite = numpy.isfinite(numpy.asarray(row))
        return None if finite.all() else f"[{int(finite.argmin())}]"
    if isfinite(sum(row)):
        return None  # NaN and infinity survive a sum
    return next((f"[{index}]" for index, number in enumerate(row) if not isfinite(number)), None)
