"""`multipart/form-data`, as `curl -F frame.image=@picture.jpg` sends it → what the request's JSON would hold.

A part's name is the path of a field. A file is the value of a bytes field as it is; of other fields the text is taken.
"""

import base64
import json
import re
from typing import Any

from comb_compiler.runtime.codes import Code, OperatorError

__all__ = ["from_form"]

_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
_DISPOSITION = b"content-disposition:"
_NAME = re.compile(rb'[;\s]name="([^"]{1,200})"', re.IGNORECASE)
_MOST_PARTS = 256


def from_form(content: bytes, content_type: str, descriptor: Any) -> dict[str, Any]:
    """The request as what its JSON would hold. Raises OperatorError (INVALID_ARGUMENT)."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise _bad("the form's content-type has no boundary")
    boundary = b"\r\n--" + (found[1] or found[2]).encode("latin-1")
    pieces = (b"\r\n" + content).split(boundary, _MOST_PARTS + 1)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise _bad(f"the form does not end, or has more than {_MOST_PARTS} parts")
    request: dict[str, Any] = {}
    for piece in pieces[1:-1]:
        head, separator, body = piece.partition(b"\r\n\r\n")
        name = _name(head)
        if name is None or not separator:
            raise _bad("a part of the form has no name")
        _put(request, name.decode("utf-8", "replace"), body, descriptor)
    return request


def _name(head: bytes) -> bytes | None:
    """The name of a part. Its line is looked for first, so that no head takes longer than its length."""
    lines = head.split(b"\r\n")
    line = next((one for one in lines if one[: len(_DISPOSITION)].lower() == _DISPOSITION), b"")
    found = _NAME.search(line)
    return None if found is None else found[1]


def _put(request: dict[str, Any], path: str, content: bytes, descriptor: Any) -> None:
    place = request
    *parents, last = path.split(".")
    for parent in parents:
        field = descriptor.fields_by_name.get(parent)
        if field is None or field.message_type is None or field.is_repeated:
            raise _bad(f"the form's `{path}` is no field of the request")
        descriptor = field.message_type
        place = place.setdefault(parent, {})
        if not isinstance(place, dict):
            raise _bad(f"the form says `{parent}` in two ways")
    field = descriptor.fields_by_name.get(last)
    if field is None:
        raise _bad(f"the form's `{path}` is no field of the request")
    value = _value(content, field, path)
    if field.is_repeated and not isinstance(value, list | dict):
        place.setdefault(last, []).append(value)
    elif last in place:
        raise _bad(f"the form has `{path}` twice")
    else:
        place[last] = value


def _value(content: bytes, field: Any, path: str) -> Any:
    if field.type == field.TYPE_BYTES:
        return base64.b64encode(content).decode("ascii")
    try:
        text = content.decode("utf-8")
        if field.message_type is None and field.type != field.TYPE_BOOL:
            return text
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _bad(f"the form's `{path}` cannot be read") from error


def _bad(message: str) -> OperatorError:
    return OperatorError(Code.INVALID_ARGUMENT, message)
