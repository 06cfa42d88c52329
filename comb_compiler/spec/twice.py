"""Keys that are given twice: where in the data that is, so that what the second was meant to be is not missed.

Of two equal keys the first is read. The second is mostly a copy that was to get a name of its own, by which others
already go; so what they name there, and what the entry around lacks, is not told while that is.
"""

from collections.abc import Iterable, Iterator

from comb_compiler.diagnostics import Diagnostic, Span, codes
from comb_compiler.source import Mapping, Node, Path, Sequence
from comb_compiler.spec.places import format_path

__all__ = ["Twice", "given_twice"]

Twice = tuple[Path, ...]
"""The paths of keys that are given twice, each as pydantic tells of a key that is no name."""


def given_twice(root: Node, found: Iterable[Diagnostic]) -> tuple[list[Diagnostic], Twice]:
    """`found` by the parser, with the paths of its duplicate keys; and these paths."""
    said = list(found)
    first = {one.related[0].span for one in said if one.code is codes.DUPLICATE_KEY}
    paths = dict(_keys(root, (), first)) if first else {}
    for number, one in enumerate(said):
        if one.code is codes.DUPLICATE_KEY and one.related[0].span in paths:
            said[number] = one._replace(path=format_path(paths[one.related[0].span]))
    return said, tuple((*path, "[key]") for path in paths.values())


def _keys(node: Node, path: Path, wanted: set[Span]) -> Iterator[tuple[Span, Path]]:
    """The paths of the keys that stand at `wanted`. What is reached by an alias stands elsewhere, and is seen there."""
    if node.alias is not None:
        return
    if isinstance(node, Mapping):
        for text, (key, value) in node.entries.items():
            if key.span in wanted:
                yield key.span, (*path, text)
            yield from _keys(value, (*path, text), wanted)
    elif isinstance(node, Sequence):
        for number, item in enumerate(node.items):
            yield from _keys(item, (*path, number), wanted)
