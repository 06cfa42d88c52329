"""A value that is to stand at a path of a file → the edit that puts it there."""

from comb_compiler.diagnostics import Edit, Position, Span
from comb_compiler.source import Mapping, Node, Path, Scalar
from comb_compiler.spec.places import place_of

__all__ = ["put"]


def put(root: Node, path: Path, text: str) -> Edit | None:
    """`text`, which is YAML in one line, at a path of keys below `root`; what is missing on the way is written, too.

    None where that cannot be done in one place: what an alias leads to is others' as well.
    """
    place = place_of(root, path)
    if place.aliases or not path:
        return None
    missing = path[len(place.path) :]
    if not missing:
        return Edit(place.value.span, text) if place.key is not None and not _is_block(place.value) else None
    value = text
    for key in reversed(missing[1:]):
        value = f"{{{key}: {value}}}"
    if isinstance(place.value, Mapping) and place.value.entries:
        return _entry(place.value, f"{missing[0]}: {value}")
    if place.key is not None and isinstance(place.value, Scalar | Mapping) and place.value.data in (None, {}):
        return Edit(place.span._replace(start=place.key.span.end), f": {{{missing[0]}: {value}}}")
    return None


def _is_block(node: Node) -> bool:
    """Whether it is written over lines that begin with its keys or items."""
    return not isinstance(node, Scalar) and not node.flow


def _entry(mapping: Mapping, entry: str) -> Edit:
    """Behind the last entry in braces; before the last one in lines, where no comment is torn from what it is about."""
    last = list(mapping.entries.values())[-1]
    if mapping.flow:
        return Edit(_at(mapping.file, last.value.span.end), f", {entry}")
    start = last.key.span.start
    return Edit(_at(mapping.file, start), f"{entry}\n{' ' * (start.column - 1)}")


def _at(file: str, place: Position) -> Span:
    return Span(file, place, place)
