"""The rule about the value that a reader sees where none was sent."""

import ast
import struct
from collections.abc import Iterator

from comb_compiler.protos.breaking.change import Finding
from comb_compiler.protos.breaking.pairs import FieldPair
from comb_compiler.protos.model import Cardinality, Field, Schema

__all__ = ["same_default"]

_Value = bytes | int | float


def same_default(pair: FieldPair) -> Iterator[Finding]:
    """Another default, stated or, of an enum, its first value: the sender meant another value than the reader sees.

    Values of two types are equal when the numbers are, or the bytes; whether the types fit is another rule's question.
    """
    fields = (pair.old, pair.new)
    if any(field.cardinality is Cardinality.REPEATED or field.is_message for field in fields):
        return
    old, new = _default(pair.schemas.old, pair.old), _default(pair.schemas.new, pair.new)
    if not _is_same(old, new, {pair.old.kind, pair.new.kind}) and (old or new):
        before, after = _show(pair.schemas.old, pair.old, old), _show(pair.schemas.new, pair.new, new)
        message = (
            f"{pair.what} changed its default from {before} to {after}: "
            "where the value is not sent, peers of two versions read two values"
        )
        yield Finding(pair.element, message, f"keep {before} as the default", pair.span)


def _default(schema: Schema, field: Field) -> _Value:
    if field.kind in ("string", "bytes"):
        stated = ast.literal_eval(field.default) if field.default else b""
        return stated.encode() if isinstance(stated, str) else bytes(stated)
    if field.kind in ("float", "double"):
        return float(field.default or 0)
    if field.kind == "enum" and not field.default:
        values = schema.enums[field.type].values
        return values[0].number if values else 0
    return int(ast.literal_eval(field.default)) if field.default else 0


def _is_same(old: _Value, new: _Value, kinds: set[str]) -> bool:
    if old == new or (old != old and new != new):  # NaN is not itself
        return True
    return kinds == {"float", "double"} and _single(old) == _single(new)


def _single(value: _Value) -> float:
    """The value in 32 bits, in which a default of `float` was kept."""
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return float(value)


def _show(schema: Schema, field: Field, value: _Value) -> str:
    if field.kind == "enum":
        names = (one.name for one in schema.enums[field.type].values if one.number == value)
        return f"`{next(names, '0')}`"
    if field.kind == "bool":
        return "`true`" if value else "`false`"
    if isinstance(value, bytes):
        return '`"' + value.decode("utf-8", "backslashreplace") + '"`'
    return f"`{value!r}`"
