"""What protoc made of a comb's .proto files, and its written form."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from comb_compiler.diagnostics import Diagnostic
from comb_compiler.diagnostics.render.json import from_json, render
from comb_compiler.protos.lazy import Lazy
from comb_compiler.protos.model import Enum as EnumType, Message, Schema
from comb_compiler.protos.places import ProtoTexts
from comb_compiler.protos.sites import ITEMS, Places, Site

__all__ = ["Protos", "from_bytes", "to_bytes"]

FORM = 3


class Protos(NamedTuple):
    """The types, and the serialised FileDescriptorSet (imports included, without source information) that has them.

    With errors in the files both are empty. `diagnostics` are those of the files themselves.
    """

    schema: Schema | None
    descriptors: bytes
    diagnostics: tuple[Diagnostic, ...] = ()


def to_bytes(protos: Protos) -> bytes:
    """A form that `from_bytes` reads back, without any library of Protobuf's: JSON, records as lists."""
    places = protos.schema.places if protos.schema is not None else None
    written = {
        "form": FORM,
        "schema": protos.schema,
        "places": None if places is None else [places.texts.all, base64.b64encode(places.sources).decode("ascii")],
        "descriptors": base64.b64encode(protos.descriptors).decode("ascii"),
        "diagnostics": render(protos.diagnostics) if protos.diagnostics else "",
    }
    return json.dumps(written, default=_word, separators=(",", ":")).encode()


@lru_cache(maxsize=64)
def from_bytes(content: bytes) -> Protos:
    """What `to_bytes` wrote. Raises ValueError, KeyError, IndexError or TypeError for anything else."""
    written = json.loads(content)
    if written["form"] != FORM:
        raise ValueError("another form")
    diagnostics = from_json(written["diagnostics"]) if written["diagnostics"] else ()
    schema = None
    if written["schema"] is not None:
        texts, sources = written["places"] or ({}, "")
        paired = {name: (path, text) for name, (path, text) in texts.items()}
        places = Places(ProtoTexts(paired), base64.b64decode(sources)) if written["places"] else None
        schema = _Reader(places).of(Schema)(written["schema"])
    return Protos(schema, base64.b64decode(written["descriptors"]), diagnostics)


def _word(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Lazy):  # each item ends with its site, which follows from that of what holds it
        return [item[:-1] for item in value]
    if isinstance(value, Places):
        return None
    raise TypeError(type(value).__name__)


class _Reader:
    """Functions that make values of types from their JSON. `places` are those of all that has a place."""

    def __init__(self, places: Places | None) -> None:
        self._places = places
        self._known: dict[Any, Callable[[Any], Any]] = {Places: lambda data: places}

    def of(self, kind: Any) -> Callable[[Any], Any]:
        """The function for a type."""
        if kind not in self._known:
            self._known[kind] = self._made(kind)
        return self._known[kind]

    def _made(self, kind: Any) -> Callable[[Any], Any]:
        origin = get_origin(kind)
        if origin in (Union, UnionType):
            inner = self.of(next(option for option in get_args(kind) if option is not NoneType))
            return inner if inner is self.of(Places) else lambda data: None if data is None else inner(data)
        if origin is tuple:
            item = self.of(get_args(kind)[0])
            return lambda data: tuple(map(item, data))
        if origin is not None and issubclass(origin, Mapping):
            value = self.of(get_args(kind)[1])
            return lambda data: {key: value(one) for key, one in data.items()}
        if hasattr(kind, "_fields"):
            hints = get_type_hints(kind)
            if kind in _HOLDERS:
                return self._holder(kind, hints)
            readers = [self.of(hints[name]) for name in kind._fields]
            return lambda data: kind(*[read(one) for read, one in zip(readers, data, strict=True)])
        return kind if issubclass(kind, Enum) else _same

    def _holder(self, kind: Any, hints: Mapping[str, Any]) -> Callable[[Any], Any]:
        """Of a type that has items, which are read when they are looked at."""
        number = next(number for number, name in enumerate(kind._fields) if get_origin(hints[name]) is Sequence)
        item = self.of(get_args(hints[kind._fields[number]])[0])
        readers = [_same if at == number else self.of(hints[name]) for at, name in enumerate(kind._fields)]

        def read(data: Any) -> Any:
            held = kind(*[reader(one) for reader, one in zip(readers, data, strict=True)])
            return held._replace(**{kind._fields[number]: Lazy(lambda: _items(item, data[number], held.site))})

        return read


_HOLDERS = (Message, EnumType)


def _items(read: Callable[[Any], Any], written: Any, site: Site | None) -> tuple[Any, ...]:
    items = (read([*one, None]) for one in written)
    return tuple(item._replace(site=site and site.below(ITEMS, index)) for index, item in enumerate(items))


def _same(data: Any) -> Any:
    return data
