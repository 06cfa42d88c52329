"""Pictures and texts in requests, for people to look at."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

__all__ = ["Picture", "pictures_of", "texts_of"]

_KINDS = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"))
_MOST_BYTES = 512 * 1024
_SHORTEST = 64
_MOST_TEXTS, _LONGEST_TEXT = 4, 300
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")


class Picture(NamedTuple):
    """A picture in a field of a request, as a data URI; empty where it is too large for a page. Or a `text`."""

    field: str
    uri: str
    text: str = ""


def pictures_of(request: Mapping[str, Any]) -> list[Picture]:
    """The pictures in a request in Protobuf's JSON form, told by their first bytes."""
    return list(_found(request, ""))


def texts_of(request: Mapping[str, Any]) -> list[Picture]:
    """The first texts in a request in Protobuf's JSON form, or their beginnings: what cannot be bytes in base64."""
    return list(islice(_texts(request, ""), _MOST_TEXTS))


def _texts(value: Any, path: str) -> Iterator[Picture]:
    if isinstance(value, str) and value.strip() and not _BASE64.fullmatch(value):
        yield Picture(path, "", value if len(value) <= _LONGEST_TEXT else f"{value[:_LONGEST_TEXT]}…")
    for inner, one in _inside(value, path):
        yield from _texts(one, inner)


def _inside(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((f"{path}.{name}" if path else str(name), one) for name, one in value.items())
    elif isinstance(value, list):
        yield from ((f"{path}[{index}]", one) for index, one in enumerate(value))


def _found(value: Any, path: str) -> Iterator[Picture]:
    for inner, one in _inside(value, path):
        yield from _found(one, inner)
    if isinstance(value, str) and len(value) >= _SHORTEST:
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
