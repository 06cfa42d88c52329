"""A serialised FileDescriptorSet → `Schema`, by Protobuf's own library.

The library resolves what depends on syntax and edition (presence, packing, closed enums), and refuses sets that do not
hang together. Places come from the source information that protoc was asked for, where it is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from comb_compiler.diagnostics import Span
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

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, FileDescriptor
    from google.protobuf.descriptor_pb2 import (
        DescriptorProto,
        EnumDescriptorProto,
        FieldDescriptorProto,
        FileDescriptorProto,
    )
    from google.protobuf.descriptor_pool import DescriptorPool

__all__ = ["BadDescriptors", "Locate", "decode", "open_pool", "without_sources"]

Locate = Callable[[str, tuple[int, ...]], Span | None]
"""A file's import name and a `SourceCodeInfo` span (from 0: line, column, [end line,] end column) → a place."""


class BadDescriptors(Exception):
    """The bytes are no FileDescriptorSet, or one whose files do not hang together; the message says which."""


_NO_TEXT = "it holds a name that is not UTF-8"


def open_pool(descriptor_set: bytes) -> tuple[DescriptorPool, tuple[tuple[FileDescriptorProto, FileDescriptor], ...]]:
    """A DescriptorPool of its own for a set: two sets that declare the same names live beside each other.

    With it the files in the set's order, each with its descriptor (a pool finds no file by a name that is not ASCII).
    Raises BadDescriptors.
    """
    from google.protobuf.descriptor_pb2 import FileDescriptorSet
    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.message import DecodeError

    try:
        files = tuple(FileDescriptorSet.FromString(descriptor_set).file)
    except DecodeError as error:
        raise BadDescriptors("it is no Protobuf FileDescriptorSet") from error
    if not all(isinstance(file.name, str) for file in files):
        raise BadDescriptors(_NO_TEXT)
    twice = [name for name, count in Counter(file.name for file in files).items() if count > 1]
    if twice:
        raise BadDescriptors(f"it holds `{twice[0]}` more than once")
    pool = DescriptorPool()
    added: dict[str, FileDescriptor] = {}
    for file in _in_order(files):
        bare = type(file)()
        bare.CopyFrom(file)
        bare.ClearField("source_code_info")
        try:
            added[file.name] = pool.AddSerializedFile(bare.SerializeToString())
        except TypeError as error:
            raise BadDescriptors(f"`{file.name}` does not hang together: {_reason(error)}") from error
    return pool, tuple((file, added[file.name]) for file in files)


def decode(descriptor_set: bytes, paths: Mapping[str, str], locate: Locate | None = None) -> Schema:
    """What the files of a set declare. `paths` has the path in the checkout of each file that is one of it.

    Raises BadDescriptors.
    """
    _, files = open_pool(descriptor_set)
    reader = _Reader(locate)
    try:
        for file, descriptor in files:
            reader.file(file, descriptor, paths.get(file.name, ""))
    except UnicodeDecodeError as error:
        raise BadDescriptors(_NO_TEXT) from error
    return Schema(reader.files, reader.messages, reader.enums, reader.services, reader.extensions)


def without_sources(descriptor_set: bytes) -> bytes:
    """The same set without source information: comments and places, which change where meaning does not."""
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

    files = FileDescriptorSet.FromString(descriptor_set)
    for file in files.file:
        file.ClearField("source_code_info")
    return files.SerializeToString(deterministic=True)


def _reason(error: Exception) -> str:
    return str(error).replace("Couldn't build proto file into descriptor pool: ", "").strip().rstrip(".")


def _in_order(files: Iterable[FileDescriptorProto]) -> list[FileDescriptorProto]:
    """Each file after what it imports."""
    by_name = {file.name: file for file in files}
    done: dict[str, FileDescriptorProto] = {}
    for root in by_name.values():
        pending = [root]
        on_way: set[str] = set()
        while pending:
            file = pending[-1]
            missing = [name for name in file.dependency if name in by_name and name not in done and name not in on_way]
            if missing and file.name not in done:
                on_way.add(file.name)
                pending.append(by_name[missing[0]])
            else:
                done.setdefault(file.name, file)
                pending.pop()
    return list(done.values())


_EDITIONS = {1000: "2023", 1001: "2024"}
_KINDS = (
    "", "double", "float", "int64", "uint64", "int32", "fixed64", "fixed32", "bool", "string", "group", "message",
    "bytes", "uint32", "enum", "sfixed32", "sfixed64", "sint32", "sint64",
)  # fmt: skip
_LANGUAGE_FEATURES = {
    (1000, 2): ("(pb.cpp).string_type", ("", "VIEW", "CORD", "STRING")),
    (1001, 2): ("(pb.java).utf8_validation", ("", "DEFAULT", "VERIFY")),
}
"""Features of one language are extensions, which the library keeps as unknown fields: their numbers, and the words."""


class _Reader:
    """One set, read once."""

    def __init__(self, locate: Locate | None) -> None:
        self.files: dict[str, ProtoFile] = {}
        self.messages: dict[str, Message] = {}
        self.enums: dict[str, Enum] = {}
        self.services: dict[str, Service] = {}
        self.extensions: dict[str, Extension] = {}
        self._locate = locate
        self._places: dict[tuple[int, ...], tuple[int, ...]] = {}
        self._file = ""

    def file(self, proto: FileDescriptorProto, descriptor: FileDescriptor, path: str) -> None:
        self._file = proto.name
        self._places = {tuple(one.path): tuple(one.span) for one in proto.source_code_info.location}
        self.files[proto.name] = ProtoFile(
            name=proto.name,
            path=path,
            package=proto.package,
            syntax=_syntax(proto),
            imports=tuple(proto.dependency),
            options=_options(proto.options, proto.HasField("options")),
            span=self._span(2) or self._span(12),
        )
        for index, message in enumerate(proto.message_type):
            self._message(message, descriptor.message_types_by_name[message.name], (4, index))
        for index, enum in enumerate(proto.enum_type):
            self._enum(enum, descriptor.enum_types_by_name[enum.name], (5, index))
        for index, service in enumerate(proto.service):
            self._service(service, proto.package, (6, index))
        for index, extension in enumerate(proto.extension):
            self._extension(extension, descriptor.extensions_by_name[extension.name], (7, index))

    def _span(self, *path: int) -> Span | None:
        place = self._places.get(path)
        return self._locate(self._file, place) if place and self._locate else None

    def _message(self, proto: DescriptorProto, descriptor: Descriptor, at: tuple[int, ...]) -> None:
        synthetic = {field.oneof_index for field in proto.field if field.proto3_optional}
        real = [oneof.name for index, oneof in enumerate(proto.oneof_decl) if index not in synthetic]
        self.messages[descriptor.full_name] = Message(
            name=descriptor.full_name,
            file=self._file,
            fields=tuple(
                self._field(field, descriptor.fields_by_name[field.name], real, (*at, 2, index))
                for index, field in enumerate(proto.field)
            ),
            oneofs=tuple(real),
            reserved_numbers=tuple(Range(one.start, one.end - 1) for one in proto.reserved_range),
            reserved_names=tuple(proto.reserved_name),
            extension_ranges=tuple(Range(one.start, one.end - 1) for one in proto.extension_range),
            is_map_entry=proto.options.map_entry,
            options=_options(proto.options, proto.HasField("options")),
            span=self._span(*at, 1),
        )
        for index, nested in enumerate(proto.nested_type):
            self._message(nested, descriptor.nested_types_by_name[nested.name], (*at, 3, index))
        for index, enum in enumerate(proto.enum_type):
            self._enum(enum, descriptor.enum_types_by_name[enum.name], (*at, 4, index))
        for index, extension in enumerate(proto.extension):
            self._extension(extension, descriptor.extensions_by_name[extension.name], (*at, 6, index))

    def _extension(self, proto: FieldDescriptorProto, descriptor: FieldDescriptor, at: tuple[int, ...]) -> None:
        name, extendee = descriptor.full_name, proto.extendee.removeprefix(".")
        self.extensions[name] = Extension(name, self._file, extendee, self._field(proto, descriptor, (), at))

    def _field(
        self, proto: FieldDescriptorProto, field: FieldDescriptor, real_oneofs: Iterable[str], at: tuple[int, ...]
    ) -> Field:
        target = field.message_type or field.enum_type
        oneof = field.containing_oneof.name if field.containing_oneof else ""
        return Field(
            name=field.name,
            number=field.number,
            kind=_KINDS[field.type],
            type=target.full_name if target else "",
            cardinality=_cardinality(field),
            presence=field.has_presence,
            oneof=oneof if oneof in real_oneofs else "",
            json_name=field.json_name,
            default=_default(field),
            packed=field.is_packed,
            options=_options(proto.options, proto.HasField("options")),
            span=self._span(*at, 1),
            type_span=self._span(*at, 6) or self._span(*at, 5),
            number_span=self._span(*at, 3),
        )

    def _enum(self, proto: EnumDescriptorProto, descriptor: EnumDescriptor, at: tuple[int, ...]) -> None:
        self.enums[descriptor.full_name] = Enum(
            name=descriptor.full_name,
            file=self._file,
            values=tuple(
                EnumValue(value.name, value.number, self._span(*at, 2, index, 1))
                for index, value in enumerate(proto.value)
            ),
            is_closed=descriptor.is_closed,
            reserved_numbers=tuple(Range(one.start, one.end) for one in proto.reserved_range),
            reserved_names=tuple(proto.reserved_name),
            options=_options(proto.options, proto.HasField("options")),
            span=self._span(*at, 1),
        )

    def _service(self, proto: Any, package: str, at: tuple[int, ...]) -> None:
        name = f"{package}.{proto.name}" if package else proto.name
        methods = tuple(
            Method(
                name=method.name,
                input=method.input_type.removeprefix("."),
                output=method.output_type.removeprefix("."),
                client_streaming=method.client_streaming,
                server_streaming=method.server_streaming,
                options=_options(method.options, method.HasField("options")),
                span=self._span(*at, 2, index, 1),
            )
            for index, method in enumerate(proto.method)
        )
        self.services[name] = Service(name, self._file, methods, self._span(*at, 1))


def _syntax(proto: FileDescriptorProto) -> str:
    if proto.syntax != "editions":
        return proto.syntax or "proto2"
    return f"edition {_EDITIONS.get(proto.edition, proto.edition)}"


def _cardinality(field: FieldDescriptor) -> Cardinality:
    if field.is_repeated:
        return Cardinality.REPEATED
    return Cardinality.REQUIRED if field.is_required else Cardinality.SINGULAR


def _default(field: FieldDescriptor) -> str:
    """A default that the file states; what goes without saying is empty."""
    return repr(field.default_value) if field.has_default_value else ""


def _options(options: Any, given: bool) -> dict[str, str]:
    """What is stated, by name; features by `features.name`."""
    if not given:
        return {}
    stated: dict[str, str] = {}
    for descriptor, value in options.ListFields():
        if descriptor.name == "features":
            features = {**_options(value, True), **dict(_language_features(value))}
            stated.update({f"features.{name}": text for name, text in features.items()})
        elif descriptor.enum_type is not None and not descriptor.is_repeated:
            stated[descriptor.name] = descriptor.enum_type.values_by_number[value].name
        elif not descriptor.is_extension and not descriptor.is_repeated and descriptor.message_type is None:
            stated[descriptor.name] = str(value)
    return stated


def _language_features(features: Any) -> Iterator[tuple[str, str]]:
    from google.protobuf.empty_pb2 import Empty
    from google.protobuf.unknown_fields import UnknownFieldSet

    unknown: Any = UnknownFieldSet
    for language in unknown(features):
        if isinstance(language.data, bytes):
            for feature in unknown(Empty.FromString(language.data)):
                name, words = _LANGUAGE_FEATURES.get((language.field_number, feature.field_number), ("", ()))
                if feature.data in range(1, len(words)):
                    yield name, words[feature.data]
