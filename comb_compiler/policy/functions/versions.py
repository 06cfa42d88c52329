"""`semver(…)` of Kubernetes' CEL: semantic versions 2.0.0, compared by precedence."""

import re
from typing import Any

from comb_compiler.policy.functions.declared import Function, functions, methods
from comb_compiler.policy.functions.values import Lacking, made, text_of

__all__ = ["VERSIONS"]

_NUMBER = r"(0|[1-9]\d*)"
_PART = r"(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_AFTER = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_FORM = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-({_PART}(?:\.{_PART})*))?(?:\+({_AFTER}))?", re.ASCII)
_LARGEST = 2**64 - 1


def _parse(text: str) -> Any:
    found = _FORM.fullmatch(text)
    if found is None or any(int(found[group]) > _LARGEST for group in (1, 2, 3)):
        raise ValueError(f"{text!r} is no semantic version")
    return found


def _normal(text: str, normalise: bool) -> str:
    if normalise:
        raise Lacking("a version that is to be normalised first")
    return text


def _semver(text: str) -> Any:
    """What follows `+` does not count, so that equal versions are equal."""
    _parse(text)
    return made("Semver", text.partition("+")[0])


def _is_semver(text: str) -> bool:
    try:
        _parse(text)
    except ValueError:
        return False
    return True


def _key(value: Any) -> tuple[Any, ...]:
    found = _parse(text_of(value))
    numbers = tuple(int(found[group]) for group in (1, 2, 3))
    before = found[4]
    if before is None:
        return (*numbers, (1,))
    parts = tuple((0, int(one), "") if one.isdigit() else (1, 0, one) for one in before.split("."))
    return (*numbers, (0, *parts))


def _compared(one: Any, other: Any) -> int:
    first, second = _key(one), _key(other)
    return (first > second) - (first < second)


VERSIONS: tuple[Function, ...] = (
    *functions("Semver", (("semver", _semver),), "string"),
    *functions("Semver", (("semver", lambda text, normalise: _semver(_normal(text, normalise))),), "string", "bool"),
    *functions("bool", (("isSemver", _is_semver),), "string"),
    *functions("bool", (("isSemver", lambda text, normalise: _is_semver(_normal(text, normalise))),), "string", "bool"),
    *methods("Semver", "int", (("semverCompareTo", _compared),), "Semver"),
    *methods(
        "Semver",
        "bool",
        (
            ("semverIsGreaterThan", lambda one, other: _compared(one, other) > 0),
            ("semverIsLessThan", lambda one, other: _compared(one, other) < 0),
        ),
        "Semver",
    ),
    *methods(
        "Semver",
        "int",
        (
            ("major", lambda value: _key(value)[0]),
            ("minor", lambda value: _key(value)[1]),
            ("patch", lambda value: _key(value)[2]),
        ),
    ),
)
"""Comparisons have names of their own here (`expressions`): the library keeps apart no two messages."""
