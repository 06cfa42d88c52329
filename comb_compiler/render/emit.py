"""Objects → YAML text: the same bytes for the same object, readable in a pull request.

Written so that every reader agrees: PyYAML and others of YAML 1.1, and the Go readers of kubectl, kustomize and Flux.
A string is plain only where no reader could take it for anything else; what has several lines is a literal block.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

__all__ = ["emit"]

_PLAIN = re.compile(r"(?:--)?[A-Za-z/][A-Za-z0-9_./@+-]*(?:[:=][A-Za-z0-9_./@+-]+)*(?:[ ,;(]+[A-Za-z0-9_./@+-]+[)]?)*")
_AMOUNT = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:m|s|ms|h|[KMGTP]i|%)")
_TAKEN = re.compile(r"(?:y|n|yes|no|on|off|true|false|null|[.]inf|[.]nan)\b.*", re.IGNORECASE | re.DOTALL)
"""What begins with a word that some reader takes for another type is quoted, whatever comes after it."""
_BLOCK = re.compile(r"[ -~\n]*[!-~]\n*")
_BLOCK_BEYOND_ASCII = r"[ -~\n\u00a1-\u1fff\u3000-\ud7ff]*[!-~\u00a1-\u1fff\u3001-\ud7ff]\n*"
_SPECIAL = re.compile(r"[^ !#-\[\]-~]")
"""What may not stand between quotes as it is; whether it does, `_character` says."""
_ESCAPED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_LONGEST_KEY = 1000
"""Characters of a key on one line: YAML has no more than 1,024, quotes and escapes included."""


def emit(manifest: Mapping[str, Any]) -> str:
    """One document; keys keep the manifest's order. Values are what JSON has, keys are strings.

    Raises TypeError for other values, and ValueError for numbers that are not finite.
    """
    lines: list[str] = []
    _mapping(manifest, "", "", lines)
    return "\n".join(lines) + "\n"


def _mapping(mapping: Mapping[str, Any], first: str, margin: str, lines: list[str]) -> None:
    """Write the entries: the first after `first`, the others after `margin`."""
    if not mapping:
        lines.append(f"{first}{{}}")
    for key, value in mapping.items():
        kind = type(value)  # what is most of a manifest is written here, without a call
        if kind is str and "\n" not in value:
            lines.append(f"{first}{_key(key)}: {_string(value)}")
        elif kind is dict and value:
            lines.append(f"{first}{_key(key)}:")
            _mapping(value, f"{margin}  ", f"{margin}  ", lines)
        elif kind is list and value:
            lines.append(f"{first}{_key(key)}:")
            _sequence(value, margin, lines)
        else:
            _value(f"{first}{_key(key)}:", value, margin, lines, sequence_margin=margin)
        first = margin


def _sequence(sequence: Sequence[Any], margin: str, lines: list[str]) -> None:
    first, below = f"{margin}- ", f"{margin}  "
    for item in sequence:
        kind = type(item)
        if kind is dict and item:
            _mapping(item, first, below, lines)
        elif kind is str and "\n" not in item:
            lines.append(f"{first}{_string(item)}")
        else:
            _value(f"{margin}-", item, margin, lines, sequence_margin=below)


def _value(head: str, value: Any, margin: str, lines: list[str], *, sequence_margin: str) -> None:
    """Write `head` and the value after it, on its line or below."""
    kind = type(value)
    if kind is str:
        if "\n" in value and not value.startswith("\n") and _may_be_block(value):
            lines.extend(_block(head, value, margin))
        else:
            lines.append(f"{head} {_string(value)}")
    elif kind is list or kind is tuple:
        if value:
            lines.append(head)
            _sequence(value, sequence_margin, lines)
        else:
            lines.append(f"{head} []")
    elif kind is int:
        lines.append(f"{head} {value}")
    elif kind is bool:
        lines.append(f"{head} {'true' if value else 'false'}")
    elif isinstance(value, Mapping):
        if value:
            lines.append(head)
            _mapping(value, f"{margin}  ", f"{margin}  ", lines)
        else:
            lines.append(f"{head} {{}}")
    else:
        lines.append(f"{head} {_scalar(value)}")


def _may_be_block(text: str) -> bool:
    if text.isascii():
        return _BLOCK.fullmatch(text) is not None
    return re.fullmatch(_BLOCK_BEYOND_ASCII, text) is not None


def _block(head: str, text: str, margin: str) -> Iterator[str]:
    """A literal block. The indicator says what becomes of the newlines at the end, and where the text begins."""
    ends = len(text) - len(text.rstrip("\n"))
    indent = "2" if text.startswith(" ") else ""
    yield f"{head} |{indent}{'-' if not ends else '+' if ends > 1 else ''}"
    body = text[:-1] if ends else text
    if ends <= 1 and "\n\n" not in body:  # no line is empty, and all get the same margin
        yield f"{margin}  {body}".replace("\n", f"\n{margin}  ")
        return
    for line in body.split("\n"):
        yield f"{margin}  {line}" if line else ""


@lru_cache(maxsize=16_384)
def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a key is a string, not {key!r}")
    written = _string(key)
    if len(written) > _LONGEST_KEY:
        raise ValueError(f"a key has at most {_LONGEST_KEY} characters: {written[:60]}…")
    return written


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _string(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return _float(value)
    raise TypeError(f"a manifest has no {type(value).__name__}")


def _float(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError(f"a manifest has no {value}")
    digits, mark, exponent = float.__repr__(value).partition("e")
    if not mark:
        return digits
    # YAML 1.1 wants a point and a sign, or it reads a string.
    return f"{digits if '.' in digits else f'{digits}.0'}e{exponent if exponent[0] in '+-' else f'+{exponent}'}"


@lru_cache(maxsize=16_384)
def _string(text: str) -> str:
    if (_PLAIN.fullmatch(text) and not _TAKEN.fullmatch(text)) or _AMOUNT.fullmatch(text):
        return text
    return f'"{_SPECIAL.sub(lambda found: _character(found[0]), text)}"'


def _character(character: str) -> str:
    if character in _ESCAPED:
        return _ESCAPED[character]
    code = ord(character)
    if character.isprintable() and not 0xD800 <= code <= 0xDFFF:
        return character
    if 0xD800 <= code <= 0xDFFF:
        raise ValueError("a manifest has no lone surrogates")
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
