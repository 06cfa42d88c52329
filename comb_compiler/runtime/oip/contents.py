"""The values of a tensor: bytes as they travel, or Python's own.

Values of a fixed size travel one after the other, little-endian; those of BYTES each after its length in four bytes.
"""

import struct
from collections.abc import Sequence
from typing import Any

from comb_compiler.release.tensors import ITEM_SIZES

__all__ = ["Contents", "count", "decode", "encode", "given", "joined", "part", "sent"]

Contents = bytes | list[bytes]
"""Values of a fixed size as they travel; of BYTES, the values."""

_FORMS = {
    "BOOL": "?",
    "UINT8": "B",
    "UINT16": "H",
    "UINT32": "I",
    "UINT64": "Q",
    "INT8": "b",
    "INT16": "h",
    "INT32": "i",
    "INT64": "q",
    "FP16": "e",
    "FP32": "f",
    "FP64": "d",
}
_IN_LISTS = {
    "BOOL": "bool_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    "INT64": "int64_contents",
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
_LENGTH = struct.Struct("<I")


def encode(datatype: str, values: Sequence[Any]) -> bytes:
    """Values of a fixed size as they travel. Raises ValueError for one that the datatype cannot hold."""
    try:
        return struct.pack(f"<{len(values)}{_FORMS[datatype]}", *values)
    except (struct.error, OverflowError) as error:
        raise ValueError(f"a value is out of the range of {datatype}") from error


def decode(datatype: str, content: bytes) -> tuple[Any, ...]:
    """The values that `encode` was given."""
    return struct.unpack(f"<{len(content) // ITEM_SIZES[datatype]}{_FORMS[datatype]}", content)


def count(datatype: str, contents: Contents) -> int:
    """How many values there are."""
    return len(contents) if isinstance(contents, list) else len(contents) // ITEM_SIZES[datatype]


def part(datatype: str, contents: Contents, start: int, stop: int) -> Contents:
    """The values from one to before another."""
    size = ITEM_SIZES[datatype] or 1
    return contents[start * size : stop * size]


def joined(parts: Sequence[Contents]) -> Contents:
    """Contents of one datatype, one after the other."""
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], list):
        return [value for one in parts for value in one if isinstance(value, bytes)]
    return b"".join(one for one in parts if isinstance(one, bytes))


def sent(contents: Contents) -> bytes:
    """Contents as an element of `raw_input_contents`."""
    if isinstance(contents, bytes):
        return contents
    return b"".join(piece for value in contents for piece in (_LENGTH.pack(len(value)), value))


def given(tensor: Any, raw: bytes | None) -> Contents:
    """The contents of a tensor of an answer: those in `raw_output_contents`, or without them its own list.

    Raises ValueError for what cannot be read.
    """
    datatype = tensor.datatype
    if raw is None:
        name = _IN_LISTS.get(datatype)
        if name is None:
            raise ValueError(f"values of {datatype} travel as raw contents only")
        values = getattr(tensor.contents, name)
        return list(values) if datatype == "BYTES" else encode(datatype, values)
    if datatype == "BYTES":
        return _split(raw)
    if len(raw) % ITEM_SIZES[datatype]:
        raise ValueError(f"{len(raw)} bytes are no whole number of {datatype}")
    return raw


def _split(raw: bytes) -> list[bytes]:
    values, at = [], 0
    while at < len(raw):
        if len(raw) - at < _LENGTH.size:
            raise ValueError("the last length is cut off")
        (length,) = _LENGTH.unpack_from(raw, at)
        at += _LENGTH.size
        if length > len(raw) - at:
            raise ValueError("a value is longer than what is left")
        values.append(raw[at : at + length])
        at += length
    return values
