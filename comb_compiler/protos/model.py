"""What a set of .proto files declares, as far as Comb asks: plain values that need no Protobuf library.

Full names have no leading dot. A `span` is where a name was written, worked out when it is asked for; None in a schema
that came without sources, such as a published one. Most fields of a large schema are never looked at: some are `Lazy`.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from comb_compiler.diagnostics import Span
from comb_compiler.protos.sites import Places, Site

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


class Cardinality(StrEnum):
    """How often a field's value is there. `REQUIRED` is proto2's (or an edition's `LEGACY_REQUIRED`)."""

    SINGULAR = "singular"
    REPEATED = "repeated"
    REQUIRED = "required"


class Range(NamedTuple):
    """Numbers from `start` to `end`, both included."""

    start: int
    end: int


class Field(NamedTuple):
    """A field of a message.

    `kind` is Protobuf's own word (`int32`, `string`, `message`, `enum`, `group` …); `type` the full name of the message
    or enum, else empty. `presence` says whether "not set" can be told from the default; `oneof` is the oneof that it is
    a member of, else empty. A map is a repeated message whose type is a map entry.
    """

    name: str
    number: int
    kind: str
    type: str = ""
    cardinality: Cardinality = Cardinality.SINGULAR
    presence: bool = False
    oneof: str = ""
    json_name: str = ""
    default: str = ""
    packed: bool = False
    options: Mapping[str, str] = {}
    """What is stated, by name; features as `features.utf8_validation` and `features.(pb.cpp).string_type`."""
    site: Site | None = None

    @property
    def span(self) -> Span | None:
        """Where its name is."""
        return self.site.part(1) if self.site is not None else None

    @property
    def type_span(self) -> Span | None:
        """Where its type is."""
        return (self.site.part(6) or self.site.part(5)) if self.site is not None else None

    @property
    def is_message(self) -> bool:
        """Whether its values are messages."""
        return self.kind in ("message", "group")

    @property
    def is_repeated(self) -> bool:
        """Whether it is a list or a map."""
        return self.cardinality is Cardinality.REPEATED


class Message(NamedTuple):
    """A message type, nested ones under their full name as any other."""

    name: str
    file: str
    fields: Sequence[Field] = ()
    oneofs: tuple[str, ...] = ()
    reserved_numbers: tuple[Range, ...] = ()
    reserved_names: tuple[str, ...] = ()
    extension_ranges: tuple[Range, ...] = ()
    is_map_entry: bool = False
    options: Mapping[str, str] = {}
    site: Site | None = None

    @property
    def span(self) -> Span | None:
        """Where its name is."""
        return self.site.part(1) if self.site is not None else None

    def field(self, name: str) -> Field | None:
        """The field of that name, or None."""
        return next((field for field in self.fields if field.name == name), None)


class EnumValue(NamedTuple):
    """A value of an enum."""

    name: str
    number: int
    site: Site | None = None

    @property
    def span(self) -> Span | None:
        """Where its name is."""
        return self.site.part(1) if self.site is not None else None


class Enum(NamedTuple):
    """An enum type. A closed one takes no number that it does not declare (proto2)."""

    name: str
    file: str
    values: Sequence[EnumValue] = ()
    is_closed: bool = False
    reserved_numbers: tuple[Range, ...] = ()
    reserved_names: tuple[str, ...] = ()
    options: Mapping[str, str] = {}
    site: Site | None = None

    @property
    def span(self) -> Span | None:
        """Where its name is."""
        return self.site.part(1) if self.site is not None else None


class Method(NamedTuple):
    """A method of a service; `input` and `output` are full names of messages."""

    name: str
    input: str
    output: str
    client_streaming: bool = False
    server_streaming: bool = False
    options: Mapping[str, str] = {}
    site: Site | None = None

    @property
    def span(self) -> Span | None:
        """Where its name is."""
        return self.site.part(1) if self.site is not None else None


class Service(NamedTuple):
    """A service."""

    name: str
    file: str
    methods: tuple[Method, ...] = ()
    site: Site | None = None

    @property
    def span(self) -> Span | None:
        """Where its name is."""
        return self.site.part(1) if self.site is not None else None

    def method(self, name: str) -> Method | None:
        """The method of that name, or None."""
        return next((method for method in self.methods if method.name == name), None)


class Extension(NamedTuple):
    """A field that a file adds to the message `extendee`; `name` is its own full name."""

    name: str
    file: str
    extendee: str
    field: Field


class ProtoFile(NamedTuple):
    """A .proto file. `name` is what others import it by; `path` its path from the checkout's root.

    The path is empty where the file is none of the checkout's, as Google's well-known types are. `syntax` is `proto2`,
    `proto3` or an edition, such as `edition 2023`.
    """

    name: str
    path: str
    package: str
    syntax: str
    imports: tuple[str, ...] = ()
    options: Mapping[str, str] = {}
    site: Site | None = None

    @property
    def span(self) -> Span | None:
        """Where its package statement is, or its syntax where it has none."""
        return (self.site.part(2) or self.site.part(12)) if self.site is not None else None


class Schema(NamedTuple):
    """Everything that the files declare, by full name (files by import name), in the files' order."""

    files: Mapping[str, ProtoFile] = {}
    messages: Mapping[str, Message] = {}
    enums: Mapping[str, Enum] = {}
    services: Mapping[str, Service] = {}
    extensions: Mapping[str, Extension] = {}
    places: Places | None = None

    def method(self, reference: str) -> Method | None:
        """The method `package.Service/Method`, or None."""
        service, _, method = reference.partition("/")
        found = self.services.get(service)
        return found.method(method) if found else None
