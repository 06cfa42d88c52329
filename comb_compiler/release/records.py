"""Records (NamedTuples of plain types) ↔ JSON: the same bytes for the same value, and a strict reader.

A field that has its default is left out. Mappings are sorted by key; bytes are base64.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from comb_compiler.release.indented import indented
from comb_compiler.release.reading import repeated

__all__ = ["BadRecord", "read", "record_bytes", "record_data", "record_from"]


class BadRecord(Exception):
    """The bytes are no such record; the message is one sentence that says why and where."""


def record_bytes(record: Any, version: int, indent: int = 1) -> bytes:
    """The record's file, which begins with the version of its form."""
    return f"{indented({'version': version, **record_data(record)}, indent)}\n".encode()


def record_from(kind: Any, content: bytes, version: int, noun: str) -> Any:
    """A record of `kind` from its file. Raises BadRecord for anything else; `noun` is what messages call it."""
    try:
        data = json.loads(content, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise BadRecord("it is no JSON") from error
    if not isinstance(data, dict):
        raise BadRecord(f"{noun} is a JSON object")
    found = data.pop("version", None)
    if found != version or isinstance(found, bool):
        raise BadRecord(f"its version is {found!r:.40}, and this Comb runs version {version}")
    return read(kind, data, "", noun)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = repeated(pairs)
    if twice is not None:
        raise BadRecord(f"it has `{twice}` twice in one object")
    return dict(pairs)


def record_data(value: Any) -> Any:
    """A record, or what is in one, as JSON has it."""
    kind = type(value)
    if kind in _SCALARS:
        return value
    defaults = getattr(kind, "_field_defaults", None)
    if defaults is not None:
        fields = zip(kind._fields, value, strict=True)
        return {
            name: one if type(one) in _SCALARS else record_data(one)
            for name, one in fields
            if name not in defaults or one != defaults[name]
        }
    if kind is bytes:
        return base64.b64encode(value).decode("ascii")
    if kind is tuple or kind is list:
        return [record_data(one) for one in value]
    if kind is dict or isinstance(value, Mapping):
        return {key: record_data(one) for key, one in sorted(value.items())}
    return value


_SCALARS = frozenset((str, int, bool, NoneType))


def read(kind: Any, data: Any, path: str, noun: str) -> Any:
    """`data`, which stands at `path`, as a value of `kind`. Raises BadRecord."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        inner = next(option for option in get_args(kind) if option is not NoneType)
        return None if data is None else read(inner, data, path, noun)
    if isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return _record(kind, data, path, noun)
    if origin is tuple:
        _must(isinstance(data, list), path, "a list", noun)
        return tuple(read(get_args(kind)[0], one, f"{path}[{index}]", noun) for index, one in enumerate(data))
    if origin is not None:
        _must(isinstance(data, dict), path, "an object", noun)
        return {key: read(get_args(kind)[1], one, f"{path}.{key}", noun) for key, one in data.items()}
    return _scalar(kind, data, path, noun)


def _record(kind: Any, data: Any, path: str, noun: str) -> Any:
    _must(isinstance(data, dict), path, "an object", noun)
    hints = _hints(kind)
    for name in data:
        _must(name in hints, f"{path}.{name}".lstrip("."), f"one of {', '.join(hints)}", noun)
    for name in hints:
        _must(name in data or name in kind._field_defaults, f"{path}.{name}".lstrip("."), "there", noun)
    return kind(**{name: read(hints[name], one, f"{path}.{name}".lstrip("."), noun) for name, one in data.items()})


@cache
def _hints(kind: Any) -> Mapping[str, Any]:
    """The types of a kind's fields, which take longer to tell than all else."""
    return get_type_hints(kind)


def _scalar(kind: Any, data: Any, path: str, noun: str) -> Any:
    if kind is Any:
        return data
    if kind is bytes:
        try:
            return base64.b64decode(data, validate=True)
        except (binascii.Error, TypeError, ValueError) as error:
            raise BadRecord(f"`{path}` must be base64") from error
    if kind is float:
        _must(isinstance(data, int | float) and not isinstance(data, bool), path, "a number", noun)
        return float(data)
    is_right = isinstance(data, kind) and (kind is bool or not isinstance(data, bool))
    _must(is_right, path, f"a value of type {kind.__name__}", noun)
    return data


def _must(holds: bool, path: str, wanted: str, noun: str) -> None:
    if not holds:
        raise BadRecord(f"`{path}` must be {wanted}" if path else f"{noun} must be {wanted}")
