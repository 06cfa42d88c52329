"""Message classes made for one test, of a few fields each."""

from collections.abc import Mapping
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

__all__ = ["kinds"]

_TYPES = {"double": 1, "float": 2, "int64": 3, "bool": 8, "string": 9, "bytes": 12, "uint32": 13}


def kinds(messages: Mapping[str, Mapping[str, str]], enum: tuple[str, ...] = ("KIND_UNSPECIFIED", "RED")) -> Any:
    """Message classes by name.

    A field's type is `float`, `Kind` (an enum) or the name of a message; `float*` is repeated, `float?`
    optional, `float{}` a map from text.
    """
    file = FileDescriptorProto(name="kinds.proto", package="kinds", syntax="proto3")
    file.enum_type.add(name="Kind")
    for number, name in enumerate(enum):
        file.enum_type[0].value.add(name=name, number=number)
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for number, (field, text) in enumerate(fields.items(), 1):
            _add(message, field, number, text)
    pool = DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return {name: GetMessageClass(pool.FindMessageTypeByName(f"kinds.{name}")) for name in messages}


def _add(message: Any, name: str, number: int, text: str) -> None:
    bare = text.rstrip("*?{}")
    if text.endswith("{}"):
        entry = message.nested_type.add(name=f"{name.capitalize()}Entry")
        entry.options.map_entry = True
        _add(entry, "key", 1, "string")
        _add(entry, "value", 2, bare)
        message.field.add(name=name, number=number, type=11, label=3, type_name=f".kinds.{message.name}.{entry.name}")
        return
    field = message.field.add(name=name, number=number, label=3 if text.endswith("*") else 1)
    if bare in _TYPES:
        field.type = _TYPES[bare]
    else:
        field.type = 14 if bare == "Kind" else 11
        field.type_name = f".kinds.{bare}"
    if text.endswith("?"):
        field.proto3_optional = True
        field.oneof_index = len(message.oneof_decl)
        message.oneof_decl.add(name=f"_{name}")
