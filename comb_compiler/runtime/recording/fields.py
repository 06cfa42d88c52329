"""Message types as who hides something in them sees them: which fields are hidden, and which can hold texts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from google.protobuf.descriptor import FieldDescriptor

__all__ = ["Kind", "Kinds", "follow", "is_map"]

_ANY = "google.protobuf.Any"
_FLOATS = (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT)


class _Hidden(NamedTuple):
    """A field that is hidden, and the path that says so."""

    name: str
    path: str
    counts: bool
    """Whether its value is a list or a map."""
    has_presence: bool

    def is_there(self, message: Any) -> bool:
        """Whether the message has it."""
        if self.has_presence:
            return bool(message.HasField(self.name))
        value = getattr(message, self.name)
        return len(value) > 0 if self.counts else bool(value)


class _Map(NamedTuple):
    name: str
    has_messages: bool


class Kind(NamedTuple):
    """The fields of a message type, by what is done with them; those that are hidden are in no other row."""

    hidden: tuple[_Hidden, ...]
    texts: tuple[str, ...]
    bytes: tuple[str, ...]
    text_lists: tuple[str, ...]
    bytes_lists: tuple[str, ...]
    messages: tuple[str, ...]
    lists: tuple[str, ...]
    maps: tuple[_Map, ...]
    is_any: bool


class Kinds:
    """Message types, each looked at once. `hidden` has fields by message and name, each with the path that says so."""

    def __init__(self, hidden: Mapping[tuple[str, str], str]) -> None:
        self._hidden = hidden
        self._known: dict[str, Kind] = {}

    def __getitem__(self, descriptor: Any) -> Kind:
        name = descriptor.full_name
        kind = self._known.get(name)
        if kind is None:
            kind = self._known[name] = self._made(descriptor)
        return kind

    def secrets(self, message: Any) -> Iterator[str]:
        """The values of hidden fields in a message and all below it, as texts."""
        kind = self[message.DESCRIPTOR]
        for field in kind.hidden:
            yield from _texts(getattr(message, field.name), message.DESCRIPTOR.fields_by_name[field.name])
        for name in kind.messages:
            if message.HasField(name):
                yield from self.secrets(getattr(message, name))
        for name in kind.lists:
            for inner in getattr(message, name):
                yield from self.secrets(inner)
        for one in kind.maps:
            if one.has_messages:
                for value in getattr(message, one.name).values():
                    yield from self.secrets(value)

    def _made(self, descriptor: Any) -> Kind:
        rows: dict[str, list[Any]] = {name: [] for name in Kind._fields if name != "is_any"}
        for field in descriptor.fields:
            path = self._hidden.get((descriptor.full_name, field.name))
            if path is not None:
                rows["hidden"].append(_Hidden(field.name, path, field.is_repeated, _has_presence(field)))
            elif is_map(field):
                value = field.message_type.fields_by_name["value"]
                rows["maps"].append(_Map(field.name, value.message_type is not None))
            else:
                row = _row(field)
                if row:
                    rows[row].append(field.name)
        return Kind(**{name: tuple(row) for name, row in rows.items()}, is_any=descriptor.full_name == _ANY)


def follow(descriptor: Any, names: Sequence[str]) -> Any:
    """The field that names lead to from a message, through lists and the values of maps; None where there is none."""
    field: Any = None
    for place, name in enumerate(names):
        field = descriptor.fields_by_name.get(name) if descriptor is not None else None
        if field is None:
            return None
        if place < len(names) - 1:
            held = field.message_type.fields_by_name["value"] if is_map(field) else field
            descriptor = held.message_type
    return field


def is_map(field: Any) -> bool:
    """Whether a field is a map."""
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


def _has_presence(field: Any) -> bool:
    return bool(field.has_presence) and not field.is_repeated


def _row(field: Any) -> str:
    if field.message_type is not None:
        return "lists" if field.is_repeated else "messages"
    if field.type == FieldDescriptor.TYPE_STRING:
        return "text_lists" if field.is_repeated else "texts"
    if field.type == FieldDescriptor.TYPE_BYTES:
        return "bytes_lists" if field.is_repeated else "bytes"
    return ""


def _texts(value: Any, field: Any) -> Iterator[str]:
    """A value as texts that may stand elsewhere: numbers as they are written, messages by all that they hold."""
    if is_map(field):
        entry = field.message_type.fields_by_name
        for key in value:
            yield from _texts_of_one(key, entry["key"])
            yield from _texts_of_one(value[key], entry["value"])
    elif field.is_repeated:
        for one in value:
            yield from _texts_of_one(one, field)
    else:
        yield from _texts_of_one(value, field)


def _texts_of_one(value: Any, field: Any) -> Iterator[str]:
    if field.message_type is not None:
        for inner, one in value.ListFields():
            yield from _texts(one, inner)
    elif isinstance(value, bytes):
        text = value.decode("utf-8", "ignore")
        if text:
            yield text
    elif isinstance(value, str):
        if value:
            yield value
    elif field.enum_type is None and field.cpp_type not in _FLOATS and not isinstance(value, bool) and value:
        yield str(value)
