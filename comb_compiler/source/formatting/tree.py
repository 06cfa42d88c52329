"""A YAML file as it is written: its structure, the spelling of its scalars, and every comment at a place.

Positions are gone, except where the author's columns mean something: those of comments and of padded values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

__all__ = [
    "Above",
    "Alias",
    "BlockText",
    "Brackets",
    "Comment",
    "Content",
    "Document",
    "Entry",
    "Item",
    "Mapping",
    "Node",
    "Piece",
    "Sequence",
    "Text",
    "nodes_of",
]


class Comment(NamedTuple):
    """A comment from its `#` on. `column` is where it stood, after `blanks` blanks, both from 0."""

    text: str
    column: int
    blanks: int


Above = tuple[Comment | None, ...]
"""Lines of comments; None is a blank line."""


class Text(NamedTuple):
    """A plain or quoted scalar: `source` is its spelling, `value` what it says, `quote` its quote if it has one."""

    source: str
    value: str
    quote: str

    @property
    def is_wrapped(self) -> bool:
        """Whether it goes over several lines."""
        return "\n" in self.source


class Alias(NamedTuple):
    """`*name`."""

    source: str


class BlockText(NamedTuple):
    """A `|` or `>` scalar. `body` has its lines without their indentation.

    `indented` says whether a digit in the header gives the indentation: a body that begins with blanks needs it.
    """

    style: str
    indented: bool
    chomping: str
    body: tuple[str, ...]


class Item(NamedTuple):
    """What stands between two commas: a value, or `key: value` with either part left out.

    `breaks` says whether it begins a line.
    """

    above: Above
    breaks: bool
    key: Node | None
    has_colon: bool
    value: Node | None
    remark: Comment | None


class Brackets(NamedTuple):
    """A `[…]` or `{…}`; `head` is the comment behind the opening bracket, `tail` those before the closing one."""

    opening: str
    head: Comment | None
    items: tuple[Item, ...]
    tail: Above

    @property
    def is_broken(self) -> bool:
        """Whether items begin lines of their own; a comment leaves no choice."""
        return bool(self.head or any(self.tail)) or any(
            item.breaks or item.remark or any(item.above) for item in self.items
        )


class Entry(NamedTuple):
    """A line `key: value` of a block mapping, and the comments over it.

    `offset` is how far behind the beginning of the key the value began, after `gap` blanks; 0 where it began a line.
    """

    above: Above
    key: Node
    value: Node
    offset: int
    gap: int


class Mapping(NamedTuple):
    """A block mapping; `tail` are the comments after its last entry that are indented like one."""

    entries: tuple[Entry, ...]
    tail: Above


class Piece(NamedTuple):
    """A `- item` of a block sequence, and the comments over it."""

    above: Above
    node: Node


class Sequence(NamedTuple):
    """A block sequence; `tail` as in a mapping."""

    pieces: tuple[Piece, ...]
    tail: Above


Content = Text | Alias | BlockText | Brackets | Mapping | Sequence


class Node(NamedTuple):
    """Content, if there is any, with its anchor and tag, and the comments around it.

    `head` is the comment on the line of the `:` or `-` before the content, `above` are those between that line and the
    content, `remark` is the one on the line where it ends, and `below` are those beneath a value that was left out.
    `on_next_line` says whether the content begins below its `:` or `-`.
    """

    properties: tuple[str, ...] = ()
    content: Content | None = None
    head: Comment | None = None
    above: Above = ()
    remark: Comment | None = None
    below: Above = ()
    on_next_line: bool = False


class Document(NamedTuple):
    """A file. `root` is None where it holds nothing but comments; `is_marked` says whether it has a `---`."""

    above: Above
    root: Node | None
    tail: Above
    is_marked: bool


def nodes_of(node: Node | None) -> Iterator[Node]:
    """A node and all below it, keys included, in reading order."""
    if node is None:
        return
    yield node
    content = node.content
    if isinstance(content, Sequence):
        children: list[Node | None] = [piece.node for piece in content.pieces]
    elif isinstance(content, Mapping | Brackets):
        parts = content.entries if isinstance(content, Mapping) else content.items
        children = [child for part in parts for child in (part.key, part.value)]
    else:
        return
    for child in children:
        yield from nodes_of(child)
