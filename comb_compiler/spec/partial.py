"""A variant bound by what it changes alone, so that its cost follows the change and not the comb."""

from comb_compiler.source import Entry, Mapping, Node
from comb_compiler.spec.binding import Bound, validated
from comb_compiler.spec.comb import Comb

__all__ = ["bind_changes"]

_ALWAYS = ("apiVersion", "kind", "metadata", "interface")
_BY_NAME = {"models": 0, "operators": 1, "graph": 2}
"""Sections whose entries are bound one by one, with the fewest that a comb must have."""


def bind_changes(base: Bound[Comb], overlay: Mapping, merged: Node) -> Bound[Comb] | None:
    """`merged`, which is `overlay` laid over a base without errors: what the overlay does not touch is the base's own.

    `changed` of the result has what the overlay touches. None where all has to be bound anew: the overlay takes
    something away, or is wrong.
    """
    if base.value is None or base.unsound or not isinstance(merged, Mapping) or _removes(overlay):
        return None
    part = merged.with_entries(
        {
            name: Entry(key, _part(name, value, overlay.get(name)))
            for name, (key, value) in merged.entries.items()
            if name in overlay.entries or name in _ALWAYS or _BY_NAME.get(name)
        }
    )
    changed, errors = validated(part, Comb)
    if errors or changed is None:
        return None
    touched = {name: _joined(base.value, changed, name) for name in overlay.entries}
    return Bound(base.value.model_copy(update=touched), merged, changed=changed)


def _removes(overlay: Node) -> bool:
    if isinstance(overlay, Mapping):
        return any(_removes(entry.value) for entry in overlay.entries.values())
    return overlay.data is None


def _part(name: str, merged: Node, overlay: Node | None) -> Node:
    """Of a section with entries by name those that the overlay touches, and as many others as a comb must have."""
    if name not in _BY_NAME or not isinstance(merged, Mapping):
        return merged
    wanted = set(overlay.entries) if isinstance(overlay, Mapping) else set()
    wanted |= {"return"} if name == "graph" else set()
    for other in merged.entries:
        if len(wanted) >= _BY_NAME[name]:
            break
        wanted.add(other)
    return merged.with_entries({one: entry for one, entry in merged.entries.items() if one in wanted})


def _joined(base: Comb, changed: Comb, name: str) -> object:
    if name in _BY_NAME:
        return {**getattr(base, name), **getattr(changed, name)}
    return getattr(changed, name)
