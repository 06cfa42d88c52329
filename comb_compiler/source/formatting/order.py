"""The order in which top-level keys are read: what the file is, what it is made of, how that runs, what it promises."""

import re
from itertools import dropwhile

from comb_compiler.source.formatting.tree import (
    Above,
    Alias,
    BlockText,
    Document,
    Entry,
    Mapping,
    Sequence,
    Text,
    nodes_of,
)

__all__ = ["ORDERS", "in_order"]

ORDERS: dict[str, tuple[str, ...]] = {
    "Comb": (
        "apiVersion",
        "kind",
        "metadata",
        "interface",
        "models",
        "operators",
        "graph",
        "storage",
        "recording",
        "experiment",
        "rollout",
        "sla",
        "gates",
        "environments",
    )
}
"""By `kind`. A file of another kind keeps its order."""

_ABOUT_THE_FILE = re.compile(r"#!|# *yaml-language-server:|# *-\*-|# *vim:")


def in_order(document: Document) -> Document:
    """The document with its top-level keys in the order of its kind, each with the comments above it.

    A key that is not known stays behind the one that it follows. What stands at the top of the file and is parted from
    the first key by a blank line, or is for an editor, stays there. Nothing moves where that would change a value: past
    an anchor that another key refers to, or where blank lines belong to a text (`|+`).
    """
    root = document.root
    if root is None or not isinstance(root.content, Mapping):
        return document
    entries = list(root.content.entries)
    ranks = _ranks(entries)
    if ranks == sorted(ranks) or not _may_move(entries):
        return document
    pinned, rest = _pinned(entries[0].above)
    loose = [entries[0]._replace(above=rest), *entries[1:]]
    before = dict(zip(map(id, loose[1:]), loose, strict=False))
    moved = [entry for _, entry in sorted(zip(ranks, loose, strict=True), key=lambda ranked: ranked[0])]
    spaced = [
        entry._replace(above=_spaced(entry, previous, was_behind=before.get(id(entry)) is previous))
        for entry, previous in zip(moved, [None, *moved], strict=False)
    ]
    spaced[0] = spaced[0]._replace(above=(*pinned, *spaced[0].above))
    tail = (None, *root.content.tail) if root.content.tail else ()
    return document._replace(root=root._replace(content=Mapping(tuple(spaced), tail)))


def _ranks(entries: list[Entry]) -> list[int]:
    names = [entry.key.content.value if isinstance(entry.key.content, Text) else "" for entry in entries]
    kinds = (entry.value.content for name, entry in zip(names, entries, strict=True) if name == "kind")
    kind = next(kinds, None)
    order = ORDERS.get(kind.value, ()) if isinstance(kind, Text) else ()
    ranks: list[int] = []
    for name in names:
        behind = ranks[-1] if ranks else -1
        ranks.append(order.index(name) if name in order else behind)
    return ranks


def _may_move(entries: list[Entry]) -> bool:
    known: set[str] = set()
    for entry in entries:
        nodes = [*nodes_of(entry.key), *nodes_of(entry.value)]
        anchors = {one.removeprefix("&") for node in nodes for one in node.properties if one.startswith("&")}
        aliases = {node.content.source.removeprefix("*") for node in nodes if isinstance(node.content, Alias)}
        has_open_end = any(isinstance(node.content, BlockText) and node.content.chomping == "+" for node in nodes)
        if has_open_end or anchors & known or not aliases <= anchors:
            return False
        known |= anchors
    return True


def _pinned(above: Above) -> tuple[Above, Above]:
    """What stays at the top of the file, and what goes with its first key."""
    count = max((number for number, line in enumerate(above, start=1) if line is None), default=0)
    while count < len(above) and _is_about_the_file(above, count):
        count += 1
    return above[:count], above[count:]


def _is_about_the_file(above: Above, number: int) -> bool:
    comment = above[number]
    return comment is not None and _ABOUT_THE_FILE.match(comment.text) is not None


def _spaced(entry: Entry, previous: Entry | None, *, was_behind: bool) -> Above:
    """The comments above an entry, with a blank line before them where blocks meet, or where there was one."""
    comments = tuple(dropwhile(lambda line: line is None, entry.above))
    if previous is None:
        return comments
    is_parted = was_behind and entry.above[:1] == (None,)
    is_parted = is_parted or bool(comments) or _is_block(entry) or _is_block(previous)
    return (None, *comments) if is_parted else comments


def _is_block(entry: Entry) -> bool:
    return isinstance(entry.value.content, (Mapping, Sequence, BlockText))
