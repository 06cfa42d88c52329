"""What both schemas have: the subjects of the rules.

As in buf, files pair by name, messages, enums and services by full name, fields and values by number, methods by name,
and extensions by the message that they extend and their number. Unlike in buf, the entries of maps pair as their maps
do: their names follow the field's, so that renaming a map would count as giving it another type.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from comb_compiler.diagnostics import Span
from comb_compiler.protos.breaking.declared import Declared, declared_by_file, declared_by_package
from comb_compiler.protos.model import Enum, Extension, Field, Message, Method, ProtoFile, Schema, Service

__all__ = ["Comparison", "EnumPair", "FieldPair", "FilePair", "MessagePair", "MethodPair", "ServicePair"]

_WELL_KNOWN = "google/protobuf/"


class Comparison:
    """Two schemas, of which only the comb's own files count: in `new` those with a path, in `old` what they had.

    A file that is gone from `new` was the comb's own unless it is one of Google's.
    """

    def __init__(self, old: Schema, new: Schema) -> None:
        self.old = old
        self.new = new

    @cached_property
    def map_fields(self) -> Mapping[str, tuple[Message, Field]]:
        """The map of each map entry of `new`, and the message that has it."""
        messages = self.new.messages
        entries = {name for name, message in messages.items() if message.is_map_entry}
        homes = (messages[home] for home in dict.fromkeys(name.rpartition(".")[0] for name in entries))
        return {field.type: (home, field) for home in homes for field in home.fields if field.type in entries}

    @cached_property
    def old_files(self) -> Mapping[str, Declared]:
        """What the comb's own files declared."""
        return declared_by_file(self.old, self.is_own)

    @cached_property
    def new_files(self) -> Mapping[str, Declared]:
        """What the comb's own files declare."""
        return declared_by_file(self.new, self.is_own)

    @cached_property
    def old_packages(self) -> Mapping[str, Declared]:
        """What their packages declared."""
        return declared_by_package(self.old, self.is_own)

    @cached_property
    def new_packages(self) -> Mapping[str, Declared]:
        """What their packages declare."""
        return declared_by_package(self.new, self.is_own)

    def is_own(self, file: str) -> bool:
        """Whether a file of either schema is one of the comb's."""
        found = self.new.files.get(file)
        return bool(found.path) if found else not file.startswith(_WELL_KNOWN)

    def place(self, name: str, file: str) -> Span | None:
        """Where the message is, or the nearest message around it that is there, or else the file."""
        while name:
            if name in self.map_fields:
                return self.map_fields[name][1].span
            if name in self.new.messages:
                return self.new.messages[name].span
            name = name.rpartition(".")[0]
        return self.new.files[file].span if file in self.new.files else None

    def files(self) -> Iterator["FilePair"]:
        """The files that are there in both."""
        for name, old in self.old.files.items():
            if name in self.new.files and self.is_own(name):
                yield FilePair(old, self.new.files[name], self)

    def messages(self) -> Iterator["MessagePair"]:
        """The messages that are there in both, in whatever files."""
        for name, old in self.old.messages.items():
            new = self.new.messages.get(name)
            if new is None or old.is_map_entry or new.is_map_entry or not self.is_own(new.file):
                continue
            pair = MessagePair(old, new, self)
            yield pair
            for field in pair.fields():
                if field.are_maps:
                    old_entry, entry = self.old.messages[field.old.type], self.new.messages[field.new.type]
                    yield MessagePair(old_entry, entry, self)

    def enums(self) -> Iterator["EnumPair"]:
        """The enums that are there in both."""
        for name, old in self.old.enums.items():
            new = self.new.enums.get(name)
            if new is not None and self.is_own(new.file):
                yield EnumPair(old, new, self)

    def services(self) -> Iterator["ServicePair"]:
        """The services that are there in both."""
        for name, old in self.old.services.items():
            new = self.new.services.get(name)
            if new is not None and self.is_own(new.file):
                yield ServicePair(old, new)

    def extensions(self) -> Iterator["FieldPair"]:
        """The extensions with the same number of the same message."""
        found = {(one.extendee, one.field.number): one for one in self.new.extensions.values() if self.is_own(one.file)}
        for old in self.old.extensions.values():
            new = found.get((old.extendee, old.field.number))
            if new is not None:
                yield FieldPair(old.field, new.field, old, new, self)


class FilePair(NamedTuple):
    """A file."""

    old: ProtoFile
    new: ProtoFile
    schemas: Comparison

    @property
    def span(self) -> Span | None:
        """Where its package is, or its syntax."""
        return self.new.span


class MessagePair(NamedTuple):
    """A message."""

    old: Message
    new: Message
    schemas: Comparison

    def fields(self) -> Iterator["FieldPair"]:
        """The fields with the same number, without those that surely stayed as they were: most of a large schema's."""
        found = {field.number: field for field in self.new.fields}
        old_file = self.schemas.old.files[self.old.file]
        same_file = (old_file.syntax, old_file.options) == (self.file.syntax, self.file.options)
        for old in self.old.fields:
            new = found.get(old.number)
            if new is not None and not (same_file and _is_same_scalar(old, new)):
                yield FieldPair(old, new, self.old, self.new, self.schemas)

    @property
    def file(self) -> ProtoFile:
        """The file that declares it."""
        return self.schemas.new.files[self.new.file]

    @property
    def span(self) -> Span | None:
        """The message's place."""
        return self.schemas.place(self.new.name, self.new.file)


class FieldPair(NamedTuple):
    """A field; `home` is its message or, of an extension, the extension itself."""

    old: Field
    new: Field
    old_home: Message | Extension
    home: Message | Extension
    schemas: Comparison

    @property
    def old_file(self) -> ProtoFile:
        """The file that declares it in the old schema."""
        return self.schemas.old.files[self.old_home.file]

    @property
    def file(self) -> ProtoFile:
        """The file that declares it."""
        return self.schemas.new.files[self.home.file]

    @property
    def is_extension(self) -> bool:
        """Whether another message than the one it belongs to declares it."""
        return isinstance(self.home, Extension)

    @property
    def extendee(self) -> str:
        """The message that an extension is a field of; else empty."""
        return self.home.extendee if isinstance(self.home, Extension) else ""

    @property
    def is_map_entry(self) -> bool:
        """Whether it is the key or the value of a map."""
        return isinstance(self.home, Message) and self.home.is_map_entry

    @property
    def are_maps(self) -> bool:
        """Whether it is a map in both."""
        old, new = self.schemas.old.messages.get(self.old.type), self.schemas.new.messages.get(self.new.type)
        return old is not None and new is not None and old.is_map_entry and new.is_map_entry

    @property
    def element(self) -> str:
        """Its full name."""
        return self.home.name if isinstance(self.home, Extension) else f"{self.home.name}.{self.new.name}"

    @property
    def what(self) -> str:
        """How a sentence begins that is about it."""
        if isinstance(self.home, Extension):
            return f"the extension `{self.home.name}` ({self.new.number}) of `{self.home.extendee}`"
        if self.home.name in self.schemas.map_fields:
            message, field = self.schemas.map_fields[self.home.name]
            return f"the {self.new.name} of the map `{field.name}` ({field.number}) of `{message.name}`"
        return f"the field `{self.new.name}` ({self.new.number}) of `{self.home.name}`"

    @property
    def span(self) -> Span | None:
        """Where its name is."""
        return self.new.span or self.schemas.place(self.home.name, self.home.file)

    @property
    def type_span(self) -> Span | None:
        """Where its type is."""
        return self.new.type_span or self.span


class EnumPair(NamedTuple):
    """An enum."""

    old: Enum
    new: Enum
    schemas: Comparison

    @property
    def file(self) -> ProtoFile:
        """The file that declares it."""
        return self.schemas.new.files[self.new.file]

    @property
    def span(self) -> Span | None:
        """Where its name is."""
        return self.new.span or self.schemas.place(self.new.name, self.new.file)


class ServicePair(NamedTuple):
    """A service."""

    old: Service
    new: Service

    def methods(self) -> Iterator["MethodPair"]:
        """The methods of the same name."""
        found = {method.name: method for method in self.new.methods}
        for old in self.old.methods:
            if old.name in found:
                yield MethodPair(old, found[old.name], self.new.name)


class MethodPair(NamedTuple):
    """A method of `service`."""

    old: Method
    new: Method
    service: str

    @property
    def element(self) -> str:
        """`package.Service/Method`."""
        return f"{self.service}/{self.new.name}"

    @property
    def what(self) -> str:
        """How a sentence begins that is about it."""
        return f"the method `{self.element}`"


_WITHOUT_PLACES = slice(0, Field._fields.index("site"))


def _is_same_scalar(old: Field, new: Field) -> bool:
    """Whether two fields whose types are no others' business are the same but for their places."""
    return not new.type and old[_WITHOUT_PLACES] == new[_WITHOUT_PLACES]
