"""Entries that stand too high: where they are they mean nothing, and the level that they belong into is missing."""

from collections.abc import Iterator, Mapping as AbstractMapping, Sequence as AbstractSequence
from itertools import takewhile
from typing import Any, get_origin

from pydantic import BaseModel

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Position, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Entry, Mapping, Node, Path, Scalar, Sequence
from comb_compiler.spec.places import Place, entries_at, format_path, place_of
from comb_compiler.spec.purpose import purpose
from comb_compiler.spec.shape import ANY, expected_at, field_names
from comb_compiler.spec.suggest import closest
from comb_compiler.spec.wording import listed

__all__ = ["wrap"]

_ARMS = ("experiment", "arms")
_STEP = 2
"""By how many columns a repair indents."""


def wrap(root: Node, model: type[BaseModel], errors: AbstractSequence[Any]) -> tuple[Node, list[Diagnostic]]:
    """`root` with such entries where they belong, and what is said of them: `fallback: {pass: true}` is meant to be
    `fallback: {value: {pass: true}}`, and `nudity: {artifact: …}` to be `nudity: {versions: {"1.0.0": {artifact: …}}}`.
    Places stay where they are.
    """
    lacking = _by_owner(errors, "missing")
    found: list[Diagnostic] = []
    for owner, unknown in _by_owner(errors, "extra_forbidden").items():
        missing = lacking.get(owner, [])
        levels = _levels(root, model, owner, missing[0], unknown) if len(missing) == 1 else ()
        if not missing and owner[:2] == _ARMS and "set" not in entries_at(root.data, owner):
            levels = ("set",) if set(unknown) <= {*field_names(model)} else ()
        if levels:
            found.append(_finding(root, model, owner, levels, unknown))
            root = _wrapped(root, owner, levels, unknown)
    return root, found


def _by_owner(errors: AbstractSequence[Any], kind: str) -> AbstractMapping[Path, list[str]]:
    keys: dict[Path, list[str]] = {}
    for error in errors:
        if error["type"] == kind:
            keys.setdefault(error["loc"][:-1], []).append(error["loc"][-1])
    return keys


def _levels(root: Node, model: type[BaseModel], owner: Path, name: str, unknown: list[str]) -> tuple[str, ...]:
    """The keys that are missing around the unknown entries; none where it is not that which is wrong."""
    if _belong(root, model, owner, name, unknown):
        return (name,)
    entry = expected_at(model, (*owner, name, ANY)) if name == "versions" else None
    return (name, _version(root, str(owner[-1]))) if entry and set(unknown) <= {*field_names(entry.type)} else ()


def _version(root: Node, name: str) -> str:
    """The version of the model `name` that operators ask for, if that is one."""
    operators = entries_at(root.data, ("operators",)).values()
    asked = {str(one.get("model", "")) for one in operators if isinstance(one, dict)}
    versions = {one.partition("@")[2] for one in asked if one.startswith(f"{name}@")}
    return versions.pop() if len(versions) == 1 else "1.0.0"


def _belong(root: Node, model: type[BaseModel], owner: Path, name: str, unknown: list[str]) -> bool:
    """Whether the mapping `name` would take each of the unknown entries, and none is a slip for another field."""
    wanted, holder = expected_at(model, (*owner, name)), expected_at(model, owner)
    if wanted is None or holder is None or get_origin(wanted.type) is not dict:
        return False
    known = field_names(holder.type)
    values = ((key, place_of(root, (*owner, key)).value) for key in unknown)
    return all(closest(key, known) is None and _takes(model, (*owner, name, key), value) for key, value in values)


def _takes(model: type[BaseModel], path: Path, value: Node) -> bool:
    expected = expected_at(model, path)
    if expected is None or expected.type is Any or expected.short_form:
        return True
    return isinstance(value, Mapping) == (isinstance(expected.type, type) and issubclass(expected.type, BaseModel))


def _finding(
    root: Node, model: type[BaseModel], owner: Path, levels: tuple[str, ...], unknown: list[str]
) -> Diagnostic:
    name, *inner = levels
    place = place_of(root, owner)
    first = place.below(unknown[0])
    what = f"`{owner[-1]}`" if owner else f"a {model.__name__}"
    hint = purpose(name, expected_at(model, (*owner, name)))
    if inner:
        hint = f'a model has versions, and these are of one: write `{name}: {{"{inner[0]}": {{{unknown[0]}: …}}}}`'
    return diagnose(
        codes.MISSING_KEY,
        f"{what} needs `{name}`, around {listed(unknown[:_MOST])}",
        first.key_span,
        label=f"belongs into `{name}`",
        related=place.related,
        path=format_path((*owner, name)),
        hints=(hint,) if hint else (),
        fix=_fix(place, levels, unknown),
    )


_MOST = 3


def _wrapped(node: Node, owner: Path, levels: tuple[str, ...], unknown: list[str]) -> Node:
    """A copy of `node` in which the mapping at `owner` has its unknown entries in others, below `levels`."""
    if owner and isinstance(node, Sequence):
        step = owner[0]
        items = (_wrapped(item, owner[1:], levels, unknown) if i == step else item for i, item in enumerate(node.items))
        return Sequence(node.file, node.start, node.end, tuple(items), node.flow)
    if not isinstance(node, Mapping):
        return node
    if owner:
        key, value = node.entries[str(owner[0])]
        entry = Entry(key, _wrapped(value, owner[1:], levels, unknown))
        return node.with_entries({**node.entries, str(owner[0]): entry})
    moved = {key: node.entries[key] for key in unknown}
    first, last = moved[unknown[0]].key, moved[unknown[-1]].value
    for name in reversed(levels):
        key = Scalar(node.file, first.start, first.end, name, name, plain=True)
        moved = {name: Entry(key, Mapping(node.file, first.start, last.end, moved, node.flow))}
    kept = {text: entry for text, entry in node.entries.items() if text not in unknown}
    return node.with_entries({**kept, **moved})


def _fix(place: Place, levels: tuple[str, ...], unknown: list[str]) -> Fix | None:
    """Put the new levels around the entries, where they stand together and the tree tells how they are written."""
    owner = place.value
    assert isinstance(owner, Mapping)
    others = [text for text in owner.entries if text not in unknown]
    before = list(takewhile(lambda text: text in others, owner.entries))
    together = list(owner.entries)[len(before) : len(before) + len(unknown)] == unknown
    entries = [owner.entries[text] for text in unknown]
    if place.aliases or not together or any(isinstance(one.value, Scalar) and one.value.is_absent for one in entries):
        return None
    keys = [levels[0], *(f'"{level}"' for level in levels[1:])]
    edits = _braced(entries, keys) if owner.flow else _indented(entries, keys)
    title = f"put {'them' if len(unknown) > 1 else 'it'} into `{levels[0]}`"
    return Fix(title, edits, Applicability.UNSAFE) if edits else None


def _braced(entries: list[Entry], keys: list[str]) -> tuple[Edit, ...]:
    begin, end = entries[0].key.span, entries[-1].value.span
    if entries[-1].value.alias is not None:
        return ()
    opening = "".join(f"{key}: {{" for key in keys)
    return (Edit(begin._replace(end=begin.start), opening), Edit(end._replace(start=end.end), "}" * len(keys)))


def _indented(entries: list[Entry], keys: list[str]) -> tuple[Edit, ...]:
    """A line of its own for each new key, and all lines of the entries further in."""
    start = entries[0].key.span.start
    lines: set[int] = set()
    for entry in entries:
        for node in (entry.key, *_below(entry.value)):
            if isinstance(node, Scalar) and node.start.line != node.end.line:
                return ()
            lines |= {node.span.start.line, node.span.end.line} if _is_closed(node) else {node.span.start.line}
    file = entries[0].key.file
    deeper = (" " * (start.column - 1 + _STEP * depth) for depth in range(1, len(keys) + 1))
    inserted = "".join(f"{key}:\n{indent}" for key, indent in zip(keys, deeper, strict=True))
    further = (Position(line, 1) for line in sorted(lines - {start.line}))
    return (
        Edit(Span(file, start, start), inserted),
        *(Edit(Span(file, at, at), " " * (_STEP * len(keys))) for at in further),
    )


def _is_closed(node: Node) -> bool:
    """Whether the node ends with a bracket of its own."""
    return not isinstance(node, Scalar) and node.flow


def _below(node: Node) -> Iterator[Node]:
    """The node and all nodes below it that are written there."""
    if node.alias is not None:
        return
    yield node
    if isinstance(node, Sequence):
        for item in node.items:
            yield from _below(item)
    elif isinstance(node, Mapping):
        for key, value in node.entries.values():
            yield key
            yield from _below(value)
