"""The types of CEL that the fields of messages have, and what may be named in a condition."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from comb_compiler.protos import Field, Schema

__all__ = ["ANY", "BOOL", "DOUBLE", "INT", "NULL", "STRING", "UINT", "UNTYPED", "Scope", "Type", "of_field", "shown"]


class Type(NamedTuple):
    """A type. `kind` is CEL's word, or `enum` (an `int` with a name), `wrapper` (its content, or null) and `any`.

    `name` is the full name of a message or enum; `of` what a list, map or wrapper holds; `bits` what a number has.
    """

    kind: str
    name: str = ""
    of: tuple["Type", ...] = ()
    bits: int = 64

    @property
    def is_number(self) -> bool:
        """Whether it is compared with numbers."""
        return self.kind in ("int", "uint", "double", "enum")


ANY = Type("any")
"""What is only known when it runs, or not known to us: nothing is said about it."""
BOOL, INT, UINT, DOUBLE = Type("bool"), Type("int"), Type("uint"), Type("double")
STRING, BYTES, NULL = Type("string"), Type("bytes"), Type("null")

_SCALARS = {
    "bool": BOOL, "string": STRING, "bytes": BYTES, "double": DOUBLE, "float": Type("double", bits=32),
    "int64": INT, "sint64": INT, "sfixed64": INT, "uint64": UINT, "fixed64": UINT,
    "int32": Type("int", bits=32), "sint32": Type("int", bits=32), "sfixed32": Type("int", bits=32),
    "uint32": Type("uint", bits=32), "fixed32": Type("uint", bits=32),
}  # fmt: skip
_WELL_KNOWN = {
    "Timestamp": Type("timestamp"), "Duration": Type("duration"), "Any": ANY, "Value": ANY,
    "Struct": Type("map", of=(STRING, ANY)), "ListValue": Type("list", of=(ANY,)),
    "BoolValue": Type("wrapper", of=(BOOL,)), "StringValue": Type("wrapper", of=(STRING,)),
    "BytesValue": Type("wrapper", of=(BYTES,)), "DoubleValue": Type("wrapper", of=(DOUBLE,)),
    "FloatValue": Type("wrapper", of=(_SCALARS["float"],)), "Int64Value": Type("wrapper", of=(INT,)),
    "UInt64Value": Type("wrapper", of=(UINT,)), "Int32Value": Type("wrapper", of=(_SCALARS["int32"],)),
    "UInt32Value": Type("wrapper", of=(_SCALARS["uint32"],)),
}  # fmt: skip
_GOOGLE = "google.protobuf."


class Scope(NamedTuple):
    """What a condition may name: variables with the full names of their messages, and the types of a schema.

    A variable of which the type is not known has an empty name. `always` are the variables that are never null. Without
    a schema nothing is known of any type.
    """

    variables: Mapping[str, str] = {}
    schema: Schema = Schema()
    always: Collection[str] = frozenset()

    def variable(self, name: str) -> Type | None:
        """The type of a variable; None where there is none."""
        message = self.variables.get(name)
        return None if message is None else self.message(message)

    def message(self, name: str) -> Type:
        """The type of a message of that name; `ANY` where the schema has none."""
        well_known = _WELL_KNOWN.get(name.removeprefix(_GOOGLE)) if name.startswith(_GOOGLE) else None
        if well_known is not None:
            return well_known
        return Type("message", name) if name in self.schema.messages else ANY

    def field(self, owner: Type, name: str) -> Type | None:
        """The type of a message's field; None where it has none of that name."""
        field = self.schema.messages[owner.name].field(name)
        return None if field is None else of_field(field, self)


UNTYPED = Scope()
"""Nothing is known of any name."""


def of_field(field: Field, scope: Scope) -> Type:
    """The type of a field, as CEL has it."""
    one = _one(field, scope)
    if not field.is_repeated:
        return one
    entry = scope.schema.messages.get(field.type) if field.is_message else None
    if entry is None or not entry.is_map_entry:
        return Type("list", of=(one,))
    key, value = entry.field("key"), entry.field("value")
    return Type("map", of=(_one(key, scope), _one(value, scope))) if key and value else ANY


def _one(field: Field, scope: Scope) -> Type:
    if field.is_message:
        return scope.message(field.type)
    if field.kind == "enum":
        return Type("enum", field.type, bits=32)
    return _SCALARS.get(field.kind, ANY)


def shown(kind: Type) -> str:
    """A type in words, with its article."""
    match kind:
        case Type(kind="message" | "enum", name=name):
            return f"a message `{name}`" if kind.kind == "message" else f"a value of `{name}`"
        case Type(kind="wrapper", of=(content,)):
            return f"{shown(content)} that may be null"
        case Type(kind="list", of=(item,)):
            return "a list" if item == ANY else f"a list of `{item.name or item.kind}`"
        case Type(kind="null"):
            return "null"
        case _:
            return f"{'an' if kind.kind[0] in 'iu' and kind.kind != 'uint' else 'a'} `{kind.kind}`"
