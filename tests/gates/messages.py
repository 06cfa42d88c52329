"""Message types for comparisons, made here: no file of theirs is compiled."""

from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import ParseDict
from google.protobuf.message_factory import GetMessageClass

__all__ = ["Answer", "answer"]

_FIELDS = {
    "Point": [("x", Field.TYPE_FLOAT, ""), ("y", Field.TYPE_FLOAT, "")],
    "Box": [(name, Field.TYPE_FLOAT, "") for name in ("left", "top", "right", "bottom")],
    "Outline": [("corners", Field.TYPE_MESSAGE, "repeated Point")],
    "Found": [("box", Field.TYPE_MESSAGE, "Box"), ("label", Field.TYPE_STRING, "")],
    "Answer": [
        ("text", Field.TYPE_STRING, ""),
        ("score", Field.TYPE_DOUBLE, ""),
        ("maybe", Field.TYPE_INT32, "optional"),
        ("tags", Field.TYPE_STRING, "repeated"),
        ("found", Field.TYPE_MESSAGE, "repeated Found"),
        ("boxes", Field.TYPE_MESSAGE, "repeated Box"),
        ("outline", Field.TYPE_MESSAGE, "Outline"),
        ("picture", Field.TYPE_BYTES, ""),
        ("scores", Field.TYPE_MESSAGE, "repeated Answer.ScoresEntry"),
    ],
}


def _made() -> Any:
    file = FileDescriptorProto(name="gates.proto", package="gates", syntax="proto3")
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for number, (field, kind, words) in enumerate(fields, 1):
            repeated, _, of = words.rpartition(" ") if words not in ("repeated", "optional") else (words, "", "")
            made = message.field.add(name=field, number=number, type=kind, json_name=field)
            made.label = Field.LABEL_REPEATED if repeated == "repeated" else Field.LABEL_OPTIONAL
            if of:
                made.type_name = f".gates.{of}"
            if words == "optional":
                made.proto3_optional, made.oneof_index = True, len(message.oneof_decl)
                message.oneof_decl.add(name=f"_{field}")
    entry = file.message_type[-1].nested_type.add(name="ScoresEntry")
    entry.options.map_entry = True
    for number, (name, kind) in enumerate((("key", Field.TYPE_STRING), ("value", Field.TYPE_DOUBLE)), 1):
        entry.field.add(name=name, number=number, type=kind, label=Field.LABEL_OPTIONAL, json_name=name)
    pool = DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return GetMessageClass(pool.FindMessageTypeByName("gates.Answer"))


Answer = _made()


def answer(**fields: Any) -> Any:
    """An answer, of values in Protobuf's JSON form."""
    return ParseDict(fields, Answer())
