""".proto files → `Schema`: the types that a graph is proven with.

The texts are compiled by protoc (`workspace`); what it writes, a FileDescriptorSet, is read here. Pure.
"""

from comb_compiler.protos.model import (
    Cardinality,
    Enum,
    EnumValue,
    Extension,
    Field,
    Message,
    Method,
    ProtoFile,
    Range,
    Schema,
    Service,
)

__all__ = [
    "Cardinality",
    "Enum",
    "EnumValue",
    "Extension",
    "Field",
    "Message",
    "Method",
    "ProtoFile",
    "Range",
    "Schema",
    "Service",
]
