"""Values of fields: when two are the same, and how people read one. In Protobuf's JSON form, but for long bytes."""

import struct
from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from hashlib import sha256
from math import isfinite, isnan
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import Error, MessageToDict, ParseDict

from comb_compiler.gates.rules import Edits, Tolerance
from comb_compiler.gates.texts import edits

__all__ = ["MESSAGES", "is_map", "is_same", "json_of", "shown"]

MESSAGES = (FieldDescriptor.TYPE_MESSAGE, FieldDescriptor.TYPE_GROUP)


def is_same(rule: object, field: Any, before: Any, after: Any) -> bool:
    """Whether two values of a field that has no fields itself are the same, by its rule or without one.

    NaN is NaN, and -0.0 is 0.0. Numbers of 64 bits are compared as such, and tolerances in decimals, as people write
    numbers: 0.5 and 0.51 are 0.01 apart.
    """
    if before == after or (before != before and after != after):
        return True
    if isinstance(rule, Tolerance):
        return _is_close(_decimal(field, before), _decimal(field, after), rule)
    if isinstance(rule, Edits):
        most = int(rule.share * max(len(before), len(after)) + _HAIR)
        return edits(before, after, most) <= most
    return False


def is_map(field: Any) -> bool:
    """Whether a field is a map."""
    return bool(field.type == FieldDescriptor.TYPE_MESSAGE and field.message_type.GetOptions().map_entry)


def json_of(message: Any) -> Any:
    """A message in Protobuf's JSON form; None where it has none that is all of it.

    As with a time beyond all years, a Value that is NaN, or fields that the message's type does not know.
    """
    found = _json(message)
    if found is None:
        return None
    try:
        again = ParseDict(found, type(message)(), descriptor_pool=message.DESCRIPTOR.file.pool)
    except Error:
        return None
    whole, kept = (one.SerializeToString(deterministic=True) for one in (message, again))
    return found if whole == kept else None


def shown(field: Any, value: Any) -> Any:
    """A value of a field, as people read it; long bytes as how many there are, and which."""
    return _SHOWN.get(field.type, _plain)(field, value)


def _is_close(before: Decimal, after: Decimal, rule: Tolerance) -> bool:
    if not (before.is_finite() and after.is_finite()):
        return False  # the same infinities are the same, as are two that are no numbers
    most = max(
        Decimal(repr(rule.absolute)), _EXACT.multiply(Decimal(repr(rule.relative)), max(abs(before), abs(after)))
    )
    return abs(_EXACT.subtract(before, after)) <= most


_HAIR = 1e-9
"""By so much a share of a number may fall short of a whole one: 0.29 of 100 is 28.999999999999996."""
_EXACT = Context(prec=60)


def _decimal(field: Any, value: Any) -> Decimal:
    return Decimal(value) if isinstance(value, int) else Decimal(_digits(field, value))


def _digits(field: Any, value: float) -> str:
    """The fewest digits that say which number of the field's width it is."""
    if field.type != FieldDescriptor.TYPE_FLOAT or not isfinite(value):
        return repr(value)
    forms = (f"{value:.{digits}g}" for digits in range(6, 9))
    return next((text for text in forms if _is_float(text, value)), f"{value:.9g}")


def _is_float(text: str, value: float) -> bool:
    try:
        return bool(struct.unpack("f", struct.pack("f", float(text)))[0] == value)
    except OverflowError:
        return False


def _enum(field: Any, value: Any) -> Any:
    known = field.enum_type.values_by_number.get(value)
    return value if known is None else known.name


def _bytes(_: Any, value: Any) -> str:
    if len(value) <= _SHORT:
        return str(value.hex(" "))
    return f"{len(value):,} bytes, SHA-256 {sha256(value).hexdigest()[:12]}…"


def _number(field: Any, value: float) -> Any:
    if isnan(value):
        return "NaN"
    if not isfinite(value):
        return "Infinity" if value > 0 else "-Infinity"
    return float(_digits(field, value))


def _long(_: Any, value: int) -> str:
    return str(value)


def _plain(_: Any, value: Any) -> Any:
    return value


def _message(_: Any, value: Any) -> Any:
    found = _json(value)
    return str(value) if found is None else found


def _json(message: Any) -> Any:
    try:
        return MessageToDict(message, preserving_proto_field_name=True, descriptor_pool=message.DESCRIPTOR.file.pool)
    except (Error, TypeError, ValueError):
        return None


_SHORT = 16
_LONG = ("INT64", "UINT64", "SINT64", "FIXED64", "SFIXED64")
_SHOWN: Mapping[int, Callable[[Any, Any], Any]] = {
    FieldDescriptor.TYPE_MESSAGE: _message,
    FieldDescriptor.TYPE_GROUP: _message,
    FieldDescriptor.TYPE_ENUM: _enum,
    FieldDescriptor.TYPE_BYTES: _bytes,
    FieldDescriptor.TYPE_FLOAT: _number,
    FieldDescriptor.TYPE_DOUBLE: _number,
    **{getattr(FieldDescriptor, f"TYPE_{name}"): _long for name in _LONG},
}
