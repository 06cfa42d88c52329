"""A serialised FileDescriptorSet → `Schema`, by Protobuf's own library.

The library resolves what depends on syntax and edition (presence, packing, closed enums), and refuses sets that do not
hang together. Places come from the source information that protoc was asked for, where it is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from comb_compiler.protos.lazy import Lazy
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
from comb_compiler.protos.places import ProtoTexts
from comb_compiler.protos.sites import ITEMS, Places, Site

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, FileDescriptor
    from google.protobuf.descriptor_pb2 import (
        DescriptorProto,
        EnumDescriptorProto,
        FieldDescriptorProto,
        FileDescriptorProto,
    )
    from google.protobuf.descriptor_pool import DescriptorPool

__all__ = ["BadDescriptors", "decode", "open_pool", "without_sources"]


class BadDescriptors(Exception):
    """The bytes are no FileDescriptorSet, or one whose files do not hang together; the message says which."""


_NO_TEXT = "it holds a name that is not UTF-8"


def open_pool(descriptor_set: bytes) -> DescriptorPool:
    """A DescriptorPool of its own for a set: two sets that declare the same names live beside each other.

    Raises BadDescriptors.
    """
    return _pooled(_parsed(descriptor_set))[0]


def _parsed(descriptor_set: bytes) -> tuple[FileDescriptorProto, ...]:
    from google.protobuf.descriptor_pb2 import FileDescriptorSet
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
    return files


def _pooled(files: tuple[FileDescriptorProto, ...]) -> tuple[DescriptorPool, dict[str, FileDescriptor]]:
    """A pool with the files, whose source information is dropped; and their descriptors by name.

    By that, since a pool finds no file by a name that is not ASCII.
    """
    from google.protobuf.descriptor_pool import DescriptorPool

    pool = DescriptorPool()
    added: dict[str, FileDescriptor] = {}
    for file in _in_order(files):
        file.ClearField("source_code_info")
        try:
            added[file.name] = pool.AddSerializedFile(file.SerializeToString())
        except TypeError as error:
            raise BadDescriptors(f"`{file.name}` does not hang together: {_reason(error)}") from error
    return pool, added


def decode(descriptor_set: bytes, paths: Mapping[str, str], texts: ProtoTexts | None = None) -> Schema:
    """What the files of a set declare. `paths` has the path in the checkout of each file that is one of it.

    With `texts`, which are those of the checkout's, it is known where things are declared. Raises BadDescriptors.
    """
    files = _parsed(descriptor_set)
    places = Places(texts, _only_sources(files, texts)) if texts is not None else None
    _, descriptors = _pooled(files)
    reader = _Reader(places)
    try:
        for file in files:
            reader.file(file, descriptors[file.name], paths.get(file.name, ""))
    except UnicodeDecodeError as error:
        raise BadDescriptors(_NO_TEXT) from error
    return Schema(reader.files, reader.messages, reader.enums, reader.services, reader.extensions, places)


def without_sources(descriptor_set: bytes) -> bytes:
    """The same set without source information: comments and places, which change where meaning does not."""
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

    files = FileDescriptorSet.FromString(descriptor_set)
    for file in files.file:
        file.ClearField("source_code_info")
    return files.SerializeToString(deterministic=True)


def _only_sources(files: Iterable[FileDescriptorProto], texts: ProtoTexts) -> bytes:
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

    kept = FileDescriptorSet()
    for file in files:
        if file.name in texts.all:
            kept.file.add(name=file.name).source_code_info.MergeFrom(file.source_code_info)
    return kept.SerializeToString(deterministic=True)


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

    def __init__(self, places: Places | None) -> None:
        self.files: dict[str, ProtoFile] = {}
        self.messages: dict[str, Message] = {}
        self.enums: dict[str, Enum] = {}
        self.services: dict[str, Service] = {}
        self.extensions: dict[str, Extension] = {}
        self._places = places
        self._file = ""

    def file(self, proto: FileDescriptorProto, descriptor: FileDescriptor, path: str) -> None:
        self._file = proto.name
        self.files[proto.name] = ProtoFile(
            name=proto.name,
            path=path,
            package=proto.package,
            syntax=_syntax(proto),
            imports=tuple(proto.dependency),
            options=_options(proto.options, proto.HasField("options")),
            site=self._site(self._file, ()),
        )
        for index, message in enumerate(proto.message_type):
            self._message(message, descriptor.message_types_by_name[message.name], (4, index))
        for index, enum in enumerate(proto.enum_type):
            self._enum(enum, descriptor.enum_types_by_name[enum.name], (5, index))
        for index, service in enumerate(proto.service):
            self._service(service, proto.package, (6, index))
        for index, extension in enumerate(proto.extension):
            self._extension(extension, descriptor.extensions_by_name[extension.name], (7, index))

    def _site(self, file: str, path: tuple[int, ...]) -> Site | None:
        return Site(file, path, self._places) if self._places is not None else None

    def _message(self, proto: DescriptorProto, descriptor: Descriptor, at: tuple[int, ...]) -> None:
        _refuse_bytes(proto.field)
        oneofs = _real_oneofs(proto) if proto.oneof_decl else ()
        self.messages[descriptor.full_name] = Message(
            name=descriptor.full_name,
            file=self._file,
            fields=Lazy(partial(self._fields, proto, descriptor, oneofs, self._file, at)),
            oneofs=oneofs,
            reserved_numbers=tuple(Range(one.start, one.end - 1) for one in proto.reserved_range),
            reserved_names=tuple(proto.reserved_name),
            extension_ranges=tuple(Range(one.start, one.end - 1) for one in proto.extension_range),
            is_map_entry=proto.options.map_entry,
            options=_options(proto.options, proto.HasField("options")),
            site=self._site(self._file, at),
        )
        for index, nested in enumerate(proto.nested_type):
            self._message(nested, descriptor.nested_types_by_name[nested.name], (*at, 3, index))
        for index, enum in enumerate(proto.enum_type):
            self._enum(enum, descriptor.enum_types_by_name[enum.name], (*at, 4, index))
        for index, extension in enumerate(proto.extension):
            self._extension(extension, descriptor.extensions_by_name[extension.name], (*at, 6, index))

    def _fields(
        self, proto: DescriptorProto, descriptor: Descriptor, oneofs: Iterable[str], file: str, at: tuple[int, ...]
    ) -> tuple[Field, ...]:
        known, site = descriptor.fields_by_name, self._site(file, at)
        return tuple(
            _field(field, known[field.name], oneofs, site and site.below(ITEMS, index))
            for index, field in enumerate(proto.field)
        )

    def _extension(self, proto: FieldDescriptorProto, descriptor: FieldDescriptor, at: tuple[int, ...]) -> None:
        _refuse_bytes((proto,))
        name, extendee = descriptor.full_name, proto.extendee.removeprefix(".")
        field = _field(proto, descriptor, (), self._site(self._file, at))
        self.extensions[name] = Extension(name, self._file, extendee, field)

    def _enum(self, proto: EnumDescriptorProto, descriptor: EnumDescriptor, at: tuple[int, ...]) -> None:
        self.enums[descriptor.full_name] = Enum(
            name=descriptor.full_name,
            file=self._file,
            values=Lazy(partial(self._values, proto, self._file, at)),
            is_closed=descriptor.is_closed,
            reserved_numbers=tuple(Range(one.start, one.end) for one in proto.reserved_range),
            reserved_names=tuple(proto.reserved_name),
            options=_options(proto.options, proto.HasField("options")),
            site=self._site(self._file, at),
        )

    def _values(self, proto: EnumDescriptorProto, file: str, at: tuple[int, ...]) -> tuple[EnumValue, ...]:
        site = self._site(file, at)
        return tuple(
            EnumValue(value.name, value.number, site and site.below(ITEMS, index))
            for index, value in enumerate(proto.value)
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
                site=self._site(self._file, (*at, 2, index)),
            )
            for index, method in enumerate(proto.method)
        )
        self.services[name] = Service(name, self._file, methods, self._site(self._file, at))


def _field(proto: FieldDescriptorProto, field: FieldDescriptor, real_oneofs: Iterable[str], site: Site | None) -> Field:
    target = field.message_type or field.enum_type
    oneof = field.containing_oneof.name if field.containing_oneof else ""
    return Field(
        field.name,
        field.number,
        _KINDS[field.type],
        target.full_name if target else "",
        _cardinality(field),
        field.has_presence,
        oneof if oneof in real_oneofs else "",
        field.json_name,
        _default(field),
        field.is_packed,
        _options(proto.options, True) if proto.HasField("options") else {},
        site,
    )


def _real_oneofs(proto: DescriptorProto) -> tuple[str, ...]:
    """Those that are written, not made for a field that is `optional`: such ones come last."""
    made = sum([field.proto3_optional for field in proto.field])
    names = [oneof.name for oneof in proto.oneof_decl]
    return tuple(names[: len(names) - made])


def _refuse_bytes(fields: Iterable[FieldDescriptorProto]) -> None:
    """Refuse what must be text and is not, before anybody counts on it: the pool looks at names alone."""
    texts = [text for field in fields for text in (field.json_name, field.default_value)]
    if set(map(type, texts)) - {str}:
        raise BadDescriptors(_NO_TEXT)


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
