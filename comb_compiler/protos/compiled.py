"""What protoc made of a comb's .proto files, and its written form."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache, lru_cache
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from comb_compiler.diagnostics import Diagnostic
from comb_compiler.diagnostics.render.json import from_json, render
from comb_compiler.protos.model import Schema

__all__ = ["Protos", "from_bytes", "to_bytes"]

FORM = 2


class Protos(NamedTuple):
    """The types, and the serialised FileDescriptorSet (imports included, without source information) that has them.

    With errors in the files both are empty. `diagnostics` are those of the files themselves.
    """

    schema: Schema | None
    descriptors: bytes
    diagnostics: tuple[Diagnostic, ...] = ()


def to_bytes(protos: Protos) -> bytes:
    """A form that `from_bytes` reads back, without any library of Protobuf's: JSON, records as lists."""
    written = {
        "form": FORM,
        "schema": protos.schema,
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
    schema = None if written["schema"] is None else _reader(Schema)(written["schema"])
    return Protos(schema, base64.b64decode(written["descriptors"]), diagnostics)


def _word(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    raise TypeError(type(value).__name__)


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """The function that makes a value of a type from its JSON."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        inner = _reader(next(option for option in get_args(kind) if option is not NoneType))
        return lambda data: None if data is None else inner(data)
    if origin is tuple:
        item = _reader(get_args(kind)[0])
        return lambda data: tuple(map(item, data))
    if origin is not None and issubclass(origin, Mapping):
        value = _reader(get_args(kind)[1])
        return lambda data: {key: value(one) for key, one in data.items()}
    if hasattr(kind, "_fields"):
        hints = get_type_hints(kind)
        readers = [_reader(hints[name]) for name in kind._fields]
        return lambda data: kind(*[read(one) for read, one in zip(readers, data, strict=True)])
    return kind if issubclass(kind, Enum) else _same


def _same(data: Any) -> Any:
    return data
