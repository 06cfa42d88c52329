"""Pictures in requests, for people to look at."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

__all__ = ["Picture", "pictures_of"]

_KINDS = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"))
_MOST_BYTES = 512 * 1024
_SHORTEST = 64


class Picture(NamedTuple):
    """A picture in a field of a request, as a data URI; empty where it is too large to be part of a page."""

    field: str
    uri: str


def pictures_of(request: Mapping[str, Any]) -> list[Picture]:
    """The pictures in a request in Protobuf's JSON form, told by their first bytes."""
    return list(_found(request, ""))


def _found(value: Any, path: str) -> Iterator[Picture]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from _found(one, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _found(one, f"{path}[{index}]")
    elif isinstance(value, str) and len(value) >= _SHORTEST:
        kind = _kind(value)
        if kind:
            is_small = len(value) * 3 // 4 <= _MOST_BYTES
            yield Picture(path, f"data:{kind};base64,{value}" if is_small else "")


def _kind(text: str) -> str:
    """The media type, where these are the first characters of a picture in base64."""
    try:
        start = base64.b64decode(text[:_SHORTEST], validate=True)
    except (binascii.Error, ValueError):
        return ""
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _KINDS if start.startswith(magic)), "")
