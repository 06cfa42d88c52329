"""Where the things of .proto files are declared, looked up when somebody asks.

A large file has a place for everything that is written in it, and hardly any of them is ever shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.diagnostics import Span
from comb_compiler.protos.places import ProtoTexts

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import SourceCodeInfo

__all__ = ["ITEMS", "Places", "Site"]

_LISTS = (4, 5, 6, 7)
"""The fields of a file's descriptor that hold its messages, enums, services and extensions."""


ITEMS = 2
"""The field of a message's descriptor that holds its fields, and of an enum's that holds its values."""


class Places:
    """The places in some files: `sources` is a FileDescriptorSet that has nothing but their source information."""

    def __init__(self, texts: ProtoTexts, sources: bytes) -> None:
        self.texts = texts
        self.sources = sources
        self._known: dict[tuple[str, tuple[int, ...]], Span | None] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Places) and (self.texts, self.sources) == (other.texts, other.sources)

    __hash__ = None  # type: ignore[assignment]

    def span(self, file: str, path: tuple[int, ...]) -> Span | None:
        """The place of what `path` leads to in a file's descriptor; None where none is known."""
        if (file, path) not in self._known:
            self._known[file, path] = self._span(file, path)
        return self._known[file, path]

    def _span(self, file: str, path: tuple[int, ...]) -> Span | None:
        locations = self._locations.get(file, ())
        found = next((at for at in range(_first(locations, path), len(locations)) if _ends(locations[at], path)), None)
        if found is None or tuple(locations[found].path) != path:
            return None
        return self.texts.span(file, tuple(locations[found].span))

    @cached_property
    def _locations(self) -> Mapping[str, Sequence[SourceCodeInfo.Location]]:
        from google.protobuf.descriptor_pb2 import FileDescriptorSet

        return {file.name: file.source_code_info.location for file in FileDescriptorSet.FromString(self.sources).file}


class Site(NamedTuple):
    """What `path` leads to in the descriptor of a file."""

    file: str
    path: tuple[int, ...]
    places: Places

    def below(self, *more: int) -> Site:
        """What stands further down on the path."""
        return Site(self.file, (*self.path, *more), self.places)

    def part(self, *more: int) -> Span | None:
        """The place of a part of it, such as its name."""
        return self.places.span(self.file, (*self.path, *more))


def _ends(location: SourceCodeInfo.Location, path: tuple[int, ...]) -> bool:
    """Whether the search ends at a location: it is the one, or what was looked for can only stand before it."""
    here = location.path
    if len(path) < 2 or len(here) < 2 or here[0] != path[0]:
        return tuple(here) == path
    return here[1] > path[1] or (here[1] == path[1] and tuple(here) == path)


def _first(locations: Sequence[SourceCodeInfo.Location], path: tuple[int, ...]) -> int:
    """Where the locations of a message, enum, service or extension begin: they are in the file's order."""
    if len(path) < 2 or path[0] not in _LISTS:
        return 0
    low, high = 0, len(locations)
    while low < high:
        middle = at = (low + high) // 2
        while at < high and (len(locations[at].path) < 2 or locations[at].path[0] != path[0]):
            at += 1
        if at < high and locations[at].path[1] < path[1]:
            low = at + 1
        else:
            high = middle
    return low
