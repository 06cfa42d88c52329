"""A rendered file line by line, each with what caused it: found after the fact, so that rendering pays nothing."""

from collections.abc import Iterator
from typing import NamedTuple

from comb_compiler.render.emit import emit
from comb_compiler.render.manifest import Cause, Manifest, Pointer, cause_of
from comb_compiler.source import Mapping, Node, Sequence, decode, parse

__all__ = ["Explained", "explain"]


class Explained(NamedTuple):
    """A line of a file and what caused what is written there."""

    text: str
    cause: Cause


def explain(made: Manifest) -> list[Explained]:
    """The lines of the object's file. A line of a text that has several belongs to where the text begins."""
    text = emit(made.object)
    source, _ = decode(made.file, text.encode())
    assert source is not None
    documents, _ = parse(source)
    starts = dict(_starts(documents[0].root, ()))
    explained: list[Explained] = []
    pointer: Pointer = ()
    for number, line in enumerate(text.removesuffix("\n").split("\n")):
        pointer = starts.get(number, pointer)
        explained.append(Explained(line, cause_of(made, pointer)))
    return explained


def _starts(node: Node, at: Pointer) -> Iterator[tuple[int, Pointer]]:
    """Where each part begins, by line from 0; of those that begin on one line the innermost comes last."""
    if isinstance(node, Mapping):
        for key, entry in node.entries.items():
            yield entry.key.start.line, (*at, key)
            yield from _starts(entry.value, (*at, key))
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield item.start.line, (*at, index)
            yield from _starts(item, (*at, index))
