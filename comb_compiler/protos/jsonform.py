"""Data → is it a message in Protobuf's JSON form?

Source: the Protobuf JSON mapping (protobuf.dev/programming-guides/json), as `google.protobuf.json_format.ParseDict`
reads it: fields by their JSON or their own name, null for "not set", numbers also as texts, enums by name or number,
bytes in base64, maps as objects, and the well-known types in forms of their own. Required fields must be there, as the
serialiser wants it.
"""

import base64
import binascii
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple

from comb_compiler.protos.model import Cardinality, Enum, Field, Message, Schema

__all__ = ["Mistake", "mistakes"]

Path = tuple[str | int, ...]


class Mistake(NamedTuple):
    """What is wrong at a path of the data; `is_key` where it is the key itself, with the keys that are `known`."""

    path: Path
    message: str
    hints: tuple[str, ...] = ()
    is_key: bool = False
    known: tuple[str, ...] = ()


_DEPTH = 100
_RANGES = {
    "int32": (-(1 << 31), (1 << 31) - 1),
    "sint32": (-(1 << 31), (1 << 31) - 1),
    "sfixed32": (-(1 << 31), (1 << 31) - 1),
    "int64": (-(1 << 63), (1 << 63) - 1),
    "sint64": (-(1 << 63), (1 << 63) - 1),
    "sfixed64": (-(1 << 63), (1 << 63) - 1),
    "uint32": (0, (1 << 32) - 1),
    "fixed32": (0, (1 << 32) - 1),
    "uint64": (0, (1 << 64) - 1),
    "fixed64": (0, (1 << 64) - 1),
}
_WRAPPED = {
    "DoubleValue": "double",
    "FloatValue": "float",
    "Int64Value": "int64",
    "UInt64Value": "uint64",
    "Int32Value": "int32",
    "UInt32Value": "uint32",
    "BoolValue": "bool",
    "StringValue": "string",
    "BytesValue": "bytes",
}
_FLOAT_MOST = 3.4028234663852886e38
_SPECIAL = ("NaN", "Infinity", "-Infinity")
_DURATION = r"-?\d{1,12}(\.\d{1,9})?s"
_TIMESTAMP = (
    r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})"
)
_GOOGLE = "google.protobuf."


def mistakes(schema: Schema, type_name: str, data: Any) -> tuple[Mistake, ...]:
    """Everything that keeps `data` from being a message of the type, which must be one of `schema`."""
    return tuple(_message(schema, schema.messages[type_name], data, (), 0))


def _message(schema: Schema, message: Message, data: Any, path: Path, depth: int) -> Iterator[Mistake]:
    if depth > _DEPTH:
        yield Mistake(path, f"messages are nested more than {_DEPTH} deep")
        return
    known = _WELL_KNOWN.get(message.name.removeprefix(_GOOGLE)) if message.name.startswith(_GOOGLE) else None
    if known is not None:
        yield from known(message, data, path)
        return
    if not isinstance(data, Mapping):
        yield Mistake(path, f"a `{message.name}` is a mapping of its fields, not {_shown(data)}")
        return
    given: dict[str, str] = {}
    for key, value in data.items():
        field = next((one for one in message.fields if key in (one.name, one.json_name)), None)
        if field is None:
            names = tuple(one.name for one in message.fields)
            shown = (
                f"its {'fields are' if len(names) > 1 else 'only field is'} {', '.join(f'`{name}`' for name in names)}"
            )
            hint = shown if names else "it has no fields"
            yield Mistake((*path, key), f"`{message.name}` has no field `{key}`", (hint,), True, names)
            continue
        slot = field.oneof or field.name
        if slot in given and value is not None:
            reason = f"the field `{field.name}` is set already, as `{given[slot]}`"
            if field.oneof:
                reason = f"only one field of `{slot}` can be set, and `{given[slot]}` is"
            yield Mistake((*path, key), reason, ("keep one of the two",), True)
        if value is not None:
            given.setdefault(slot, key)
            yield from _field(schema, field, value, (*path, key), depth)
    yield from _lacking(message, given, path)


def _lacking(message: Message, given: Collection[str], path: Path) -> Iterator[Mistake]:
    for field in message.fields:
        if field.cardinality is Cardinality.REQUIRED and field.name not in given:
            reason = f"the field `{field.name}` of `{message.name}` is required, and not given"
            yield Mistake(path, reason, ("a message without it can be built, and not be sent",))


def _field(schema: Schema, field: Field, value: Any, path: Path, depth: int) -> Iterator[Mistake]:
    entry = schema.messages.get(field.type)
    if entry is not None and entry.is_map_entry:
        yield from _map(schema, field, entry, value, path, depth)
    elif field.is_repeated:
        if not isinstance(value, list):
            yield Mistake(path, f"the field `{field.name}` is a list, not {_shown(value)}")
            return
        for index, item in enumerate(value):
            if item is None:
                yield Mistake((*path, index), f"an item of `{field.name}` cannot be null")
            else:
                yield from _single(schema, field, item, (*path, index), depth)
    else:
        yield from _single(schema, field, value, path, depth)


def _map(schema: Schema, field: Field, entry: Message, value: Any, path: Path, depth: int) -> Iterator[Mistake]:
    key_field, value_field = entry.field("key"), entry.field("value")
    assert key_field is not None
    assert value_field is not None
    if not isinstance(value, Mapping):
        yield Mistake(path, f"the field `{field.name}` is a mapping, not {_shown(value)}")
        return
    for key, item in value.items():
        if _key(key_field.kind, key) is not None:
            message = f"a key of `{field.name}` is {_article(key_field.kind)}, not {_shown(key)}"
            yield Mistake((*path, key), message, is_key=True)
        if item is None:
            yield Mistake((*path, key), f"a value of `{field.name}` cannot be null")
        else:
            yield from _single(schema, value_field, item, (*path, key), depth)


def _key(kind: str, key: str) -> str | None:
    if kind == "bool":
        return None if key in ("true", "false") else "not a bool"
    return _scalar(kind, key) if kind != "string" else None


def _single(schema: Schema, field: Field, value: Any, path: Path, depth: int) -> Iterator[Mistake]:
    if field.is_message:
        yield from _message(schema, schema.messages[field.type], value, path, depth + 1)
    elif field.kind == "enum":
        yield from _enum(schema.enums[field.type], value, path)
    else:
        wrong = _scalar(field.kind, value)
        if wrong is not None:
            yield Mistake(path, f"the field `{field.name}` is {_article(field.kind)}, {wrong}")


def _enum(enum: Enum, value: Any, path: Path) -> Iterator[Mistake]:
    names = tuple(one.name for one in enum.values)
    hint = f"write one of {', '.join(f'`{name}`' for name in names[:20])}"
    if enum.name == f"{_GOOGLE}NullValue":
        return
    if isinstance(value, int) and not isinstance(value, bool):
        if enum.is_closed and all(one.number != value for one in enum.values):
            yield Mistake(path, f"`{enum.name}` has no value {value}", (hint,))
        elif not _RANGES["int32"][0] <= value <= _RANGES["int32"][1]:
            yield Mistake(path, f"{value} is out of range for `{enum.name}`", (hint,))
    elif not isinstance(value, str):
        yield Mistake(path, f"a `{enum.name}` is a name or a number, not {_shown(value)}", (hint,))
    elif value not in names and not _is_number_text(value, enum):
        yield Mistake(path, f"`{enum.name}` has no value `{value}`", (hint,))


def _is_number_text(value: str, enum: Enum) -> bool:
    """The library reads the text of a number as that number."""
    try:
        number = int(value)
    except ValueError:
        return False
    low, high = _RANGES["int32"]
    return low <= number <= high and (not enum.is_closed or any(one.number == number for one in enum.values))


def _scalar(kind: str, value: Any) -> str | None:
    """Why a value is none of a scalar kind, or None where it is one."""
    if kind == "bool":
        return None if isinstance(value, bool) else f"not {_shown(value)}"
    if kind == "string":
        return _string(value)
    if kind == "bytes":
        return _bytes(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return f"not {_shown(value)}"
    return _floating(kind, value) if kind in ("double", "float") else _integer(kind, value)


def _string(value: Any) -> str | None:
    if not isinstance(value, str):
        return f"not {_shown(value)}"
    return "which cannot hold half of a surrogate pair" if re.search(r"[\ud800-\udfff]", value) else None


def _bytes(value: Any) -> str | None:
    if not isinstance(value, str):
        return f"written in base64, not {_shown(value)}"
    try:
        encoded = value.encode("ascii")
        base64.b64decode(encoded.replace(b"-", b"+").replace(b"_", b"/") + b"=" * (-len(encoded) % 4), validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        return "written in base64, and this is none"
    return None


def _floating(kind: str, value: float | str) -> str | None:
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return f"not {_shown(value)}"
    if isinstance(value, str) and not math.isfinite(number):
        return None if value in _SPECIAL else f"not {_shown(value)}"
    if not math.isfinite(number) or (kind == "float" and abs(number) > _FLOAT_MOST):
        return f"and {value} is out of its range"
    return None


def _integer(kind: str, value: float | str) -> str | None:
    try:
        number = int(value) if not isinstance(value, float) or value.is_integer() else None
    except ValueError:
        return f"not {_shown(value)}"
    if number is None or (isinstance(value, str) and value.strip() != value):
        return f"not {_shown(value)}"
    low, high = _RANGES[kind]
    return None if low <= number <= high else f"and {number} is out of its range ({low} to {high})"


def _article(kind: str) -> str:
    if kind == "bytes":
        return "bytes"
    return f"an {kind}" if kind[0] in "aeio" else f"a {kind}"


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f"the text `{value if len(value) <= 40 else value[:39] + '…'}`"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    return {list: "a list", dict: "a mapping", type(None): "null"}.get(type(value), "this")


def _text(pattern: str, example: str) -> Callable[[Message, Any, Path], Iterator[Mistake]]:
    def check(message: Message, data: Any, path: Path) -> Iterator[Mistake]:
        if not isinstance(data, str) or re.fullmatch(pattern, data) is None:
            yield Mistake(path, f"a `{message.name}` is a text such as `{example}`, not {_shown(data)}")

    return check


def _wrapper(kind: str) -> Callable[[Message, Any, Path], Iterator[Mistake]]:
    def check(message: Message, data: Any, path: Path) -> Iterator[Mistake]:
        wrong = _scalar(kind, data)
        if wrong is not None:
            yield Mistake(path, f"a `{message.name}` is {_article(kind)}, {wrong}")

    return check


def _mapping(message: Message, data: Any, path: Path) -> Iterator[Mistake]:
    if not isinstance(data, Mapping):
        yield Mistake(path, f"a `{message.name}` is a mapping, not {_shown(data)}")


def _list(message: Message, data: Any, path: Path) -> Iterator[Mistake]:
    if not isinstance(data, list):
        yield Mistake(path, f"a `{message.name}` is a list, not {_shown(data)}")


def _anything(message: Message, data: Any, path: Path) -> Iterator[Mistake]:
    yield from ()


def _any(message: Message, data: Any, path: Path) -> Iterator[Mistake]:
    if not isinstance(data, Mapping) or (data and "@type" not in data):
        yield Mistake(path, f"a `{message.name}` is a mapping with its type as `@type`, not {_shown(data)}")


_WELL_KNOWN: Mapping[str, Callable[[Message, Any, Path], Iterator[Mistake]]] = {
    "Duration": _text(_DURATION, "1.5s"),
    "Timestamp": _text(_TIMESTAMP, "2026-01-31T12:00:00Z"),
    "FieldMask": _text(r"[A-Za-z0-9_.,]*", "user.name,photo"),
    "Struct": _mapping,
    "ListValue": _list,
    "Value": _anything,
    "Any": _any,
    **{name: _wrapper(kind) for name, kind in _WRAPPED.items()},
}
