"""Requests in JSON, in Protobuf or as a form → messages; messages → JSON, by Protobuf's mapping."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.json_format import MessageToJson, ParseDict, ParseError, SerializeToJsonError

from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.messages import Message

__all__ = ["from_dict", "from_json", "json_size", "to_json"]

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")
_DEEPEST = 100
"""As deep as Protobuf itself reads."""
_LONGEST_REASON = 500


def json_size(size: int) -> int:
    """How many bytes of JSON a message of `size` bytes may take: its bytes fields are base64 there."""
    return size * 4 // 3 + 64 * 1024


def from_json(content: bytes, kind: type[Message]) -> Message:
    """A message from its JSON. Raises OperatorError (INVALID_ARGUMENT)."""
    try:
        value = json.loads(content, object_pairs_hook=_object, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _bad(kind, f"it is no JSON: {error}") from error
    return from_dict(value, kind)


def from_dict(value: Any, kind: type[Message]) -> Message:
    """A message from what its JSON holds. Raises OperatorError (INVALID_ARGUMENT)."""
    if not isinstance(value, dict):
        raise _bad(kind, "it is no JSON object")
    for problem in _problems(value, kind.DESCRIPTOR, "", 0):
        raise _bad(kind, problem)
    try:
        return ParseDict(value, kind(), max_recursion_depth=_DEEPEST)
    except (ParseError, ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise _bad(kind, " ".join(str(error).split())) from error


def to_json(message: Message) -> bytes:
    """A message as JSON that people can read. Raises OperatorError (INTERNAL) for one that has none."""
    try:
        return f"{MessageToJson(message, ensure_ascii=False)}\n".encode()
    except (ValueError, TypeError, RecursionError, SerializeToJsonError) as error:
        name = message.DESCRIPTOR.full_name
        raise OperatorError(Code.INTERNAL, f"the answer, a {name}, cannot be written as JSON") from error


def _bad(kind: type[Message], reason: str) -> OperatorError:
    name = kind.DESCRIPTOR.full_name
    return OperatorError(Code.INVALID_ARGUMENT, f"the request is no {name}: {reason}"[:_LONGEST_REASON])


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"`{twice}` is there twice")
    try:
        "".join(made).encode()
    except UnicodeEncodeError as error:  # which Protobuf's own reader cannot look up
        raise ValueError("a name has half of a surrogate pair") from error
    return made


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} must be in quotes")


def _problems(value: Mapping[str, Any], descriptor: Any, path: str, depth: int) -> Iterator[str]:
    """Bytes that are no base64: Protobuf's own reader passes over characters that it does not know."""
    if depth > _DEEPEST:
        yield f"it is nested more than {_DEEPEST} deep"
        return
    fields = {name: field for field in descriptor.fields for name in (field.name, field.json_name)}
    for name, one in value.items():
        field = fields.get(name)
        if field is not None:
            yield from _in_field(one, field, f"{path}{name}", depth)


def _in_field(value: Any, field: Any, path: str, depth: int) -> Iterator[str]:
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry and isinstance(value, dict):
        for key, one in value.items():
            yield from _in_one(one, kind.fields_by_name["value"], f"{path}.{key}", depth)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _in_one(one, field, f"{path}[{index}]", depth)
    else:
        yield from _in_one(value, field, path, depth)


def _in_one(value: Any, field: Any, path: str, depth: int) -> Iterator[str]:
    kind = field.message_type
    if isinstance(value, dict) and kind is not None:
        yield from _problems(value, kind, f"{path}.", depth + 1)
    elif isinstance(value, str) and _holds_bytes(field) and not _is_base64(value):
        yield f"`{path}` is no base64"


def _holds_bytes(field: Any) -> bool:
    kind = field.message_type
    return field.type == field.TYPE_BYTES or (kind is not None and kind.full_name == "google.protobuf.BytesValue")


def _is_base64(text: str) -> bool:
    return _BASE64.fullmatch(text) is not None and len(text.rstrip("=")) % 4 != 1
