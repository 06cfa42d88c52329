"""What the literals of CEL stand for."""

import re

__all__ = ["decode_bytes", "decode_string", "in_int64", "in_uint64"]

_ESCAPE = (
    r"\\(?:(?P<sign>[abfnrtv\"'\\?`])|(?P<octal>[0-3][0-7]{2})|[xX](?P<byte>[0-9a-fA-F]{2})"
    r"|(?:u(?P<short>[0-9a-fA-F]{4})|U(?P<long>[0-9a-fA-F]{8})))"
)
_SIGNS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_LAST_CHARACTER = 0x10FFFF


def decode_string(text: str) -> str | None:
    """What a literal with its quotes means.

    None where an escape stands for no character, or where a raw text ends with a backslash before its quote: the
    grammar allows that, and the official parser does not.
    """
    body, raw = _body(text)
    if raw and _is_open(body):
        return None
    decoded = body if raw else re.sub(_ESCAPE, lambda match: _character(match) or "\ud800", body)
    return None if any("\ud800" <= one <= "\udfff" for one in decoded) else decoded


def decode_bytes(text: str) -> bytes | None:
    """The same of `b"…"`, where `\\x` and octal escapes are bytes, `\\u` is none, and the rest is UTF-8."""
    body, raw = _body(text[1:])
    if raw and _is_open(body):
        return None
    if raw:
        return body.encode("utf-8", "surrogatepass")
    parts: list[bytes] = []
    position = 0
    for match in re.finditer(_ESCAPE, body):
        parts.append(body[position : match.start()].encode("utf-8", "surrogatepass"))
        number = int(match["byte"], 16) if match["byte"] else int(match["octal"], 8) if match["octal"] else None
        character = _character(match)
        if character is None or match["short"] or match["long"]:
            return None
        parts.append(bytes([number]) if number is not None else character.encode())
        position = match.end()
    return b"".join((*parts, body[position:].encode("utf-8", "surrogatepass")))


def in_int64(number: int) -> bool:
    """Whether it is an `int` of CEL."""
    return -(2**63) <= number < 2**63


def in_uint64(number: int) -> bool:
    """Whether it is a `uint` of CEL."""
    return 0 <= number < 2**64


def _body(text: str) -> tuple[str, bool]:
    raw = text[0] in "rR"
    text = text[1:] if raw else text
    quotes = 3 if len(text) >= 6 and text[:3] in ('"""', "'''") else 1
    return text[quotes:-quotes], raw


def _is_open(body: str) -> bool:
    """Whether it ends with a backslash that escapes what follows."""
    return (len(body) - len(body.rstrip("\\"))) % 2 == 1


def _character(match: re.Match[str]) -> str | None:
    if match["sign"]:
        return _SIGNS.get(match["sign"], match["sign"])
    if match["octal"]:
        return chr(int(match["octal"], 8))
    number = int(match["byte"] or match["short"] or match["long"], 16)
    surrogate = 0xD800 <= number <= 0xDFFF
    return None if surrogate or number > _LAST_CHARACTER else chr(number)
