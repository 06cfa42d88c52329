"""Repeated numbers that lie in a serialised message as they do in a tensor: copied whole, not value by value.

For 150,000 floats that is 0.1 ms instead of 14 ms, during which a loop would answer nobody else.
"""

from typing import Any

__all__ = ["packed_values", "with_packed"]

_SIZES = {1: 8, 2: 4}
"""Bytes of a value, by FieldDescriptor.type: double, float."""
_FIXED = {1: 8, 5: 4}
"""Bytes of a field, by wire type."""


def packed_values(message: Any, field: Any) -> bytes:
    """The values of a repeated double or float; empty where there are none, or they are not packed."""
    content: bytes = message.SerializePartialToString()
    wanted, found, at = field.number << 3 | 2, b"", 0
    while at < len(content):
        key, at = _varint(content, at)
        if key & 7 == 2:
            length, at = _varint(content, at)
            if key == wanted:
                found = content[at : at + length]
            at += length
        elif key & 7 == 0:
            _, at = _varint(content, at)
        elif key & 7 in _FIXED:
            at += _FIXED[key & 7]
        else:
            return b""  # a group, of proto2
    return found if len(found) == len(getattr(message, field.name)) * _SIZES[field.type] else b""


def with_packed(message: Any, field: Any, values: Any) -> None:
    """Put values to a repeated double or float."""
    message.MergeFromString(_written(field.number << 3 | 2) + _written(len(values)) + values)
    if not values:
        message.SetInParent()


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _written(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
