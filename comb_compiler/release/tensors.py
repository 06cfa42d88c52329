"""Tensors of the Open Inference Protocol, and which Protobuf fields can hold their values."""

from typing import NamedTuple

__all__ = ["ITEM_SIZES", "OPEN", "Tensor", "datatypes"]

OPEN = -1
"""A size in a shape that the values decide."""


class Tensor(NamedTuple):
    """A tensor of a model, and the field that its values are read from or written to.

    `field` names fields from a message on: for an input it begins with the name of a port, for an output in the
    operator's answer. Sizes in `shape` are -1 where the values decide.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    field: tuple[str, ...]


ITEM_SIZES = {
    "BOOL": 1,
    "UINT8": 1,
    "UINT16": 2,
    "UINT32": 4,
    "UINT64": 8,
    "INT8": 1,
    "INT16": 2,
    "INT32": 4,
    "INT64": 8,
    "FP16": 2,
    "BF16": 2,
    "FP32": 4,
    "FP64": 8,
    "BYTES": 0,
}
"""Bytes of a value by datatype; 0 where each value has a length of its own."""

_INT32 = ("INT32", "INT16", "INT8", "UINT16", "UINT8")
_INT64 = ("INT64", "UINT32", *_INT32)
_UINT32 = ("UINT32", "UINT16", "UINT8")
_UINT64 = ("UINT64", *_UINT32)
_OF_KIND = {
    **dict.fromkeys(("int32", "sint32", "sfixed32"), _INT32),
    **dict.fromkeys(("int64", "sint64", "sfixed64"), _INT64),
    **dict.fromkeys(("uint32", "fixed32"), _UINT32),
    **dict.fromkeys(("uint64", "fixed64"), _UINT64),
    "float": ("FP32", "FP16"),
    "double": ("FP64", "FP32", "FP16"),
    "bool": ("BOOL",),
    "string": ("BYTES",),
    "bytes": ("BYTES",),
}


def datatypes(kind: str, *, is_repeated: bool) -> tuple[str, ...]:
    """The datatypes whose values a field can hold, the one that is its own first; none for messages, enums and maps.

    `kind` is Protobuf's own word. A single field of bytes holds the values of any datatype, one after the other, in
    little-endian order.
    """
    if kind == "bytes" and not is_repeated:
        return ("BYTES", *(name for name in ITEM_SIZES if name != "BYTES"))
    return _OF_KIND.get(kind, ())
