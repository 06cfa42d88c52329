"""The document tree: what the YAML says, and where.

Every node carries `data`, the plain Python value of all below it, built once while composing; the tree itself is
walked only to find places, and to lay one document over another.
"""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from typing import Any, NamedTuple, Protocol

from comb_compiler.diagnostics import Position, Span

__all__ = ["Document", "Entry", "Mapping", "Mark", "Node", "Path", "Scalar", "Sequence", "aliased", "between", "child"]

Path = tuple[str | int, ...]
"""Keys and indexes from the root down."""


class Mark(Protocol):
    """libyaml's mark: everything counts from 0, in code points."""

    @property
    def index(self) -> int: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


class _Placed:
    """What all nodes share. Marks are kept as libyaml gives them: most nodes are never asked for their span.

    Each kind sets all of its fields itself: a file has hundreds of nodes, and a call for each of them adds up.
    """

    __slots__ = ("alias", "data", "end", "file", "start")

    file: str
    start: Mark
    end: Mark
    data: Any
    alias: Span | None

    @property
    def span(self) -> Span:
        """Where the node stands; for one that is reached by an alias, where its anchor stands."""
        return between(self.file, self.start, self.end)

    @property
    def offsets(self) -> tuple[int, int]:
        """The node's half-open range of code points in the file's text."""
        return self.start.index, self.end.index


class Scalar(_Placed):
    """A leaf. `text` is its content, `plain` whether it was written without quotes.

    `source` is the text of the file, where the scalar is written there as it is.
    """

    __slots__ = ("plain", "source", "text")

    def __init__(self, file: str, start: Mark, end: Mark, data: Any, text: str, plain: bool, source: str = "") -> None:
        self.file = file
        self.start = start
        self.end = end
        self.data = data
        self.alias = None
        self.text = text
        self.plain = plain
        self.source = source

    def part(self, start: int, end: int) -> Span:
        """Where the half-open range of `text` stands; the whole scalar, where that cannot be told."""
        length = self.end.index - self.start.index
        quote = 0 if self.plain else 1
        if self.start.line == self.end.line and length == len(self.text) + 2 * quote:
            line, column = self.start.line + 1, self.start.column + 1 + quote
            return Span(self.file, Position(line, column + start), Position(line, column + end))
        if not self.source:
            return self.span
        from comb_compiler.source.written import written

        moved = written(self.source, *self.offsets, self.text)
        if moved is None:
            return self.span
        first, last = (self._position(moved.position(offset)) for offset in moved.offsets(start, end))
        return Span(self.file, first, last)

    def _position(self, place: tuple[int, int]) -> Position:
        line, column = place
        return Position(self.start.line + 1 + line, column + 1 + (self.start.column if line == 0 else 0))

    def replacement(self, start: int, end: int, text: str) -> str | None:
        """What to write in the place of a part, so that `text` stands there; None where that cannot be done."""
        from comb_compiler.source.written import replacement

        return replacement(self.source, *self.offsets, self.text, (start, end), text) if self.source else None

    @property
    def is_absent(self) -> bool:
        """Whether nothing was written at all, as after `key:`."""
        return self.start.index == self.end.index


class Sequence(_Placed):
    """A list of nodes."""

    __slots__ = ("flow", "items")

    def __init__(self, file: str, start: Mark, end: Mark, items: tuple[Node, ...], flow: bool) -> None:
        self.file = file
        self.start = start
        self.end = end
        self.data = [item.data for item in items]
        self.alias = None
        self.items = items
        self.flow = flow


class Entry(NamedTuple):
    """One `key: value` of a mapping."""

    key: Scalar
    value: Node


class Mapping(_Placed):
    """Entries by the text of their key, in the file's order; the text is also the key in `data`.

    Who has `data` already may give it.
    """

    __slots__ = ("entries", "flow")

    def __init__(
        self,
        file: str,
        start: Mark,
        end: Mark,
        entries: AbstractMapping[str, Entry],
        flow: bool,
        data: dict[str, Any] | None = None,
    ) -> None:
        self.file = file
        self.start = start
        self.end = end
        self.data = {text: entry.value.data for text, entry in entries.items()} if data is None else data
        self.alias = None
        self.entries = entries
        self.flow = flow

    def get(self, key: str) -> Node | None:
        """The value of `key`, or None."""
        entry = self.entries.get(key)
        return entry.value if entry else None

    def with_entries(self, entries: AbstractMapping[str, Entry]) -> Mapping:
        """The same place with other entries."""
        return Mapping(self.file, self.start, self.end, entries, self.flow)


Node = Scalar | Sequence | Mapping


class Document(NamedTuple):
    """One YAML document of a file. An empty document's root is an absent scalar.

    `typed_keys` are the keys that YAML reads as something else than text (`1.10:`); `has_nulls` says whether any value
    is null or absent. Both are gathered while composing, so that nobody has to walk the tree for what is rare.
    """

    file: str
    root: Node
    typed_keys: tuple[Scalar, ...] = ()
    has_nulls: bool = False

    def find(self, path: Path) -> Node | None:
        """The node at `path`, or None."""
        node: Node | None = self.root
        for step in path:
            node = child(node, step)
        return node


def child(node: Node | None, step: str | int) -> Node | None:
    """The value below `node` by key or index, or None."""
    if isinstance(node, Mapping):
        return node.get(str(step))
    if isinstance(node, Sequence) and isinstance(step, int) and 0 <= step < len(node.items):
        return node.items[step]
    return None


def aliased(node: Node, at: Span) -> Node:
    """`node` as it is seen through an alias at `at`: the same content, with the place that used it."""
    copy: Node
    if isinstance(node, Scalar):
        copy = Scalar(node.file, node.start, node.end, node.data, node.text, node.plain, node.source)
    elif isinstance(node, Sequence):
        copy = Sequence(node.file, node.start, node.end, node.items, node.flow)
    else:
        copy = node.with_entries(node.entries)
    copy.alias = at
    return copy


def between(file: str, start: Mark, end: Mark) -> Span:
    """The place from one mark to the other."""
    first = _position(start)
    return Span(file, first, max(first, _position(end)))


def _position(mark: Mark) -> Position:
    return Position(mark.line + 1, mark.column + 1)
