"""What a message says, in a few plain values: enough to tell whether two answers are the same but for rounding."""

from collections.abc import Mapping
from math import isclose, isfinite
from typing import Any

__all__ = ["difference", "fingerprint", "is_finite"]

_MOST = 64
"""Of a repeated field; what comes after is counted only."""
_RELATIVE, _ABSOLUTE = 0.02, 0.001
"""Numbers that are closer than this are the same: another processor rounds otherwise."""

Plain = Any


def fingerprint(message: Any) -> dict[str, Plain]:
    """The fields that are there, by name: numbers, texts and messages as they are, of bytes only how many.

    A repeated field is the number of its items, and the first 64.
    """
    return {field.name: _plain(field, value) for field, value in message.ListFields()}


def _plain(field: Any, value: Any) -> Plain:
    kind = field.message_type
    if field.is_repeated and kind is not None and kind.GetOptions().map_entry:
        return [len(value)]
    if field.is_repeated:
        return [len(value), *(_one(field, item) for item in value[:_MOST])]
    return _one(field, value)


def _one(field: Any, value: Any) -> Plain:
    if field.message_type is not None:
        return fingerprint(value)
    return len(value) if field.type == field.TYPE_BYTES else value


def is_finite(plain: Plain) -> bool:
    """Whether all numbers of a fingerprint are."""
    if isinstance(plain, Mapping):
        return all(is_finite(value) for value in plain.values())
    if isinstance(plain, list):
        return all(is_finite(value) for value in plain)
    return not isinstance(plain, float) or isfinite(plain)


def difference(recorded: Plain, seen: Plain) -> str | None:
    """The first place at which two fingerprints differ by more than rounding; None where they do not.

    A field that is not there has its default. The place of an item counts from 0.
    """
    if isinstance(recorded, Mapping) and isinstance(seen, Mapping):
        for name in (*recorded, *(name for name in seen if name not in recorded)):
            place = _in_field(name, recorded.get(name), seen.get(name))
            if place is not None:
                return place
        return None
    if isinstance(recorded, list) and isinstance(seen, list):
        return _in_list(recorded, seen)
    return None if _is_same(recorded, seen) else ""


def _in_field(name: str, recorded: Plain, seen: Plain) -> str | None:
    place = difference(_or_default(recorded, seen), _or_default(seen, recorded))
    if place is None:
        return None
    return f"{name}{place}" if not place or place.startswith("[") else f"{name}.{place}"


def _or_default(value: Plain, other: Plain) -> Plain:
    if value is not None:
        return value
    return type(other)() if not isinstance(other, list) else [0]


def _in_list(recorded: list[Plain], seen: list[Plain]) -> str | None:
    if recorded[0] != seen[0]:
        return ""
    for index, (one, other) in enumerate(zip(recorded[1:], seen[1:], strict=False)):
        place = difference(one, other)
        if place is not None:
            return f"[{index}]{'.' if place and not place.startswith('[') else ''}{place}"
    return None


def _is_same(recorded: Plain, seen: Plain) -> bool:
    numbers = isinstance(recorded, int | float) and isinstance(seen, int | float)
    if numbers and not isinstance(recorded, bool):
        return isclose(recorded, seen, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE)
    return bool(recorded == seen)
