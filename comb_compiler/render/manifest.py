"""Kubernetes objects as data, and for each part of one the line that caused it."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from comb_compiler.source import Path

__all__ = ["Cause", "Manifest", "Pointer", "Written", "cause_of", "caused", "manifest"]

Pointer = tuple[str | int, ...]
"""Where something is in an object: keys and indexes, from the top."""


class Written(StrEnum):
    """The file that something is written in."""

    COMB = "comb"
    PLATFORM = "platform"


class Cause(NamedTuple):
    """What caused a part of an object: a path of comb.yaml or platform.yaml, or as much of it as was written there."""

    written: Written
    path: Path

    @classmethod
    @lru_cache(maxsize=4096)
    def comb(cls, *path: str | int) -> "Cause":
        """What comb.yaml says at `path`."""
        return cls(Written.COMB, path)

    @classmethod
    @lru_cache(maxsize=4096)
    def platform(cls, *path: str | int) -> "Cause":
        """What platform.yaml says at `path`."""
        return cls(Written.PLATFORM, path)

    def below(self, *path: str | int) -> "Cause":
        """What is said at `path` from here."""
        return Cause(self.written, (*self.path, *path))


class Manifest(NamedTuple):
    """An object, the file that it is written to (a path in the tree of a comb), and what caused which part of it.

    `causes` are by pointer; a part has the cause of the nearest pointer at or above it. `()` has one always.
    """

    file: str
    object: Mapping[str, Any]
    causes: Mapping[Pointer, Cause]


class _Caused(NamedTuple):
    value: Any
    cause: Cause


def caused(value: Any, cause: Cause) -> Any:
    """A value for an object that is being made, with what caused it."""
    return None if value is None else _Caused(value, cause)


def manifest(made: Mapping[str, Any], cause: Cause, file: str = "") -> Manifest:
    """The object, without the marks that `caused` made; keys whose value is None are left out.

    The file is named by kind and name, unless it is given. What nothing else caused, `cause` did.
    """
    causes: dict[Pointer, Cause] = {(): cause}
    plain = _plain(made, (), causes)
    return Manifest(file or f"{plain['kind'].lower()}-{plain['metadata']['name']}.yaml", plain, causes)


def _plain(value: Any, pointer: Pointer, causes: dict[Pointer, Cause]) -> Any:
    kind = type(value)
    if kind is _Caused:
        causes[pointer] = value.cause
        return _plain(value.value, pointer, causes)
    if kind in _SCALARS:
        return value
    if kind is list or kind is tuple:
        return [
            one if type(one) in _SCALARS else _plain(one, (*pointer, index), causes) for index, one in enumerate(value)
        ]
    if kind is dict or isinstance(value, Mapping):
        plain: dict[str, Any] = {}
        for key, marked in value.items():  # a comprehension would make a function of it each time
            one = marked
            if type(marked) is _Caused:
                one, causes[(*pointer, key)] = marked
            if type(one) in _SCALARS:
                plain[key] = one
            elif one is not None:
                plain[key] = _plain(one, (*pointer, key), causes)
        return plain
    return value


_SCALARS = frozenset((str, int, bool))


def cause_of(made: Manifest, pointer: Pointer) -> Cause:
    """What caused the part at `pointer`."""
    return next(made.causes[above] for above in _upwards(pointer) if above in made.causes)


def _upwards(pointer: Pointer) -> Iterator[Pointer]:
    for length in range(len(pointer), -1, -1):
        yield pointer[:length]
