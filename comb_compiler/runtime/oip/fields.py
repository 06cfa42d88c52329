"""Fields of messages as tensors hold them: compiled once for each tensor of a declaration, to closures."""

from collections.abc import Callable
from typing import Any

from comb_compiler.release.tensors import ITEM_SIZES, Tensor, datatypes
from comb_compiler.runtime.messages import Message
from comb_compiler.runtime.oip.contents import Contents, decode, encode
from comb_compiler.runtime.oip.packed import packed_values, with_packed

__all__ = ["Read", "Write", "reader", "writer"]

Read = Callable[[Any], Contents]
"""A message → the values of its field. Raises ValueError for one that the datatype cannot hold."""

Write = Callable[[Any, Contents], None]
"""Sets a message's field. Raises ValueError for values that it cannot hold."""

_KINDS = {
    1: "double",
    2: "float",
    3: "int64",
    4: "uint64",
    5: "int32",
    6: "fixed64",
    7: "fixed32",
    8: "bool",
    9: "string",
    12: "bytes",
    13: "uint32",
    15: "sfixed32",
    16: "sfixed64",
    17: "sint32",
    18: "sint64",
}
"""Protobuf's words by FieldDescriptor.type."""
_PLAIN = {"float": "FP32", "double": "FP64"}
"""Kinds whose packed values lie in a message as they do in a tensor."""


def reader(tensor: Tensor, path: tuple[str, ...], kind: type[Message]) -> Read:
    """How a tensor is read from a message. Raises ValueError where the declaration does not fit the field."""
    field, follow = _field(tensor, path, kind)
    of, name, datatype = _KINDS[field.type], field.name, tensor.datatype
    if datatype != "BYTES":
        if of == "bytes":
            return _raw_reader(follow, name, datatype)
        if not field.is_repeated:
            return lambda message: encode(datatype, (getattr(follow(message), name),))
        if _PLAIN.get(of) == datatype:
            return lambda message: (
                packed_values(follow(message), field) or encode(datatype, getattr(follow(message), name))
            )
        return lambda message: encode(datatype, getattr(follow(message), name))
    as_bytes: Callable[[Any], bytes] = str.encode if of == "string" else bytes
    if field.is_repeated:
        return lambda message: [as_bytes(value) for value in getattr(follow(message), name)]
    return lambda message: [as_bytes(getattr(follow(message), name))]


def writer(tensor: Tensor, path: tuple[str, ...], kind: type[Message]) -> Write:
    """How a tensor is written to a message. Raises ValueError where the declaration does not fit the field."""
    field, follow = _field(tensor, path, kind)
    of, name, datatype = _KINDS[field.type], field.name, tensor.datatype
    if datatype != "BYTES" and of == "bytes":
        return lambda message, contents: setattr(follow(message), name, contents)
    if datatype != "BYTES" and field.is_repeated and _PLAIN.get(of) == datatype:
        return lambda message, contents: with_packed(follow(message), field, contents)
    as_own: Callable[[Any], Any] = _text if of == "string" else lambda value: value

    def write(message: Any, contents: Contents) -> None:
        values = contents if isinstance(contents, list) else decode(datatype, contents)
        if field.is_repeated:
            getattr(follow(message), name).extend(as_own(value) for value in values)
        elif len(values) == 1:
            setattr(follow(message), name, as_own(values[0]))
        else:
            raise ValueError(f"it has {len(values)} values, and the field {name} holds one")

    return write


def _raw_reader(follow: Callable[[Any], Any], name: str, datatype: str) -> Read:
    size = ITEM_SIZES[datatype]

    def read(message: Any) -> bytes:
        content: bytes = getattr(follow(message), name)
        if len(content) % size:
            raise ValueError(f"{len(content)} bytes are no whole number of {datatype}")
        return content

    return read


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise ValueError("a value is no UTF-8 text") from error


def _field(tensor: Tensor, path: tuple[str, ...], kind: type[Message]) -> tuple[Any, Callable[[Any], Any]]:
    """The field's descriptor, and how to come to the message that has it."""
    said = ".".join(tensor.field)
    at: Any = kind.DESCRIPTOR
    field: Any = None
    for name in path:
        field = at.fields_by_name.get(name) if at is not None else None
        if field is None:
            raise ValueError(f"`{said}` of the tensor `{tensor.name}` is no field")
        at = None if field.is_repeated else field.message_type
    if field is None or tensor.datatype not in datatypes(_KINDS.get(field.type, ""), is_repeated=field.is_repeated):
        raise ValueError(f"`{said}` cannot hold the tensor `{tensor.name}` of {tensor.datatype}")
    parents = path[:-1]

    def follow(message: Any) -> Any:
        for name in parents:
            message = getattr(message, name)
        return message

    return field, (lambda message: message) if not parents else follow
