"""The messages that the conditions of the tests ask about."""

from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet
from google.protobuf.duration_pb2 import DESCRIPTOR as DURATION
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.struct_pb2 import DESCRIPTOR as STRUCT
from google.protobuf.timestamp_pb2 import DESCRIPTOR as TIMESTAMP
from google.protobuf.wrappers_pb2 import DESCRIPTOR as WRAPPERS

from comb_compiler.graph.conditions import Parsed, Scope, read_condition
from comb_compiler.protos.decode import decode, open_pool

__all__ = ["DESCRIPTORS", "POOL", "SCOPE", "message", "parsed"]

_FIELDS: dict[str, dict[str, tuple[int, str, bool]]] = {
    "Request": {
        "frame": (1, ".t.v1.Frame", False),
        "n": (2, "int64", False),
        "flag": (3, "bool", False),
        "text": (4, "string", False),
        "check_nudity": (5, "bool", False),
    },
    "Frame": {
        "width": (1, "uint32", False),
        "score": (2, "double", False),
        "ratio": (3, "float", False),
        "tags": (4, "string", True),
        "colour": (5, ".t.v1.Colour", False),
        "raw": (7, "bytes", False),
        "small": (8, "int32", False),
        "limit": (9, ".google.protobuf.Int64Value", False),
        "sure": (10, ".google.protobuf.BoolValue", False),
        "meta": (11, ".google.protobuf.Struct", False),
        "at": (12, ".google.protobuf.Timestamp", False),
        "took": (13, ".google.protobuf.Duration", False),
        "parts": (14, ".t.v1.Frame", True),
        "in": (15, "string", False),
        "any": (16, ".google.protobuf.Value", False),
    },
    "Old": {"shape": (1, ".t.v1.Shape", False)},
}
_ENUMS = {
    "Colour": {"COLOUR_UNSPECIFIED": 0, "COLOUR_RED": 1, "COLOUR_GREEN": 2},
    "Shape": {"SHAPE_ROUND": 1, "SHAPE_FLAT": 3},
}


def _file(name: str, syntax: str, messages: list[str], enums: list[str]) -> FileDescriptorProto:
    file = FileDescriptorProto(name=name, package="t.v1", syntax=syntax)
    for message in messages:
        added = file.message_type.add(name=message)
        for field, (number, kind, repeated) in _FIELDS[message].items():
            one = added.field.add(name=field, number=number, label=3 if repeated else 1, json_name=_camel(field))
            if kind.startswith("."):
                is_enum = kind.rpartition(".")[2] in _ENUMS
                one.type = FieldDescriptorProto.TYPE_ENUM if is_enum else FieldDescriptorProto.TYPE_MESSAGE
                one.type_name = kind
            else:
                one.type = FieldDescriptorProto.Type.Value(f"TYPE_{kind.upper()}")
    for enum in enums:
        added_enum = file.enum_type.add(name=enum)
        for value, number in _ENUMS[enum].items():
            added_enum.value.add(name=value, number=number)
    return file


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def _descriptors() -> bytes:
    found = FileDescriptorSet()
    for one in (DURATION, STRUCT, TIMESTAMP, WRAPPERS):
        one.CopyToProto(found.file.add())
    imports = [file.name for file in found.file]
    found.file.append(_file("t.proto", "proto3", ["Request", "Frame"], ["Colour"]))
    found.file[-1].dependency.extend(imports)
    found.file.append(_file("old.proto", "proto2", ["Old"], ["Shape"]))
    return found.SerializeToString()


DESCRIPTORS = _descriptors()
POOL = open_pool(DESCRIPTORS)
SCOPE = Scope(
    {"request": "t.v1.Request", "old": "t.v1.Old", "f": "t.v1.Frame", "g": "t.v1.Frame"},
    decode(DESCRIPTORS, {}),
    {"request", "old"},
)
"""`f` and `g` may be null, the others never. `old` is of proto2: its enum is closed."""


def message(name: str, **fields: Any) -> Any:
    """A message of that name."""
    return GetMessageClass(POOL.FindMessageTypeByName(f"t.v1.{name}"))(**fields)


def parsed(text: str) -> Parsed:
    """A condition that can be read."""
    found = read_condition(text).parsed
    assert found is not None, text
    return found
