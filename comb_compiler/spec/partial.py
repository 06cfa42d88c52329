"""A variant bound by what it changes alone, so that its cost follows the change and not the comb."""

from itertools import islice
from typing import Any

from pydantic import ValidationError

from comb_compiler.source import Mapping, Node
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.comb import Comb

__all__ = ["bind_changes", "removes"]

_HEAD = ("apiVersion", "kind")
_WHOLE = ("metadata", "interface", "storage", "recording", "sla", "gates")
"""Sections that a comb has anyhow: those that are not given pydantic would make, for each variant anew."""
_BY_NAME = {"models": 0, "operators": 1, "graph": 2}
"""Sections whose entries are bound one by one, with the fewest that a comb must have."""


def bind_changes(base: Bound[Comb], overlay: Mapping, merged: Node) -> Bound[Comb] | None:
    """`merged`, which is `overlay` laid over a base without errors: what the overlay does not touch is the base's own.

    `changed` of the result has what the overlay touches. None where all has to be bound anew: the overlay takes
    something away, or is wrong.
    """
    if base.value is None or base.unsound or not isinstance(merged, Mapping) or removes(overlay.data):
        return None
    try:
        changed = Comb.model_validate(_part(base.value, overlay.data, merged.data))
    except ValidationError:
        return None
    touched = {name: _joined(base.value, changed, name) for name in overlay.entries}
    return Bound(base.value.model_copy(update=touched), merged, changed=changed)


def removes(overlay: object) -> bool:
    """Whether an overlay, as plain data, takes anything away."""
    return any(map(removes, overlay.values())) if isinstance(overlay, dict) else overlay is None


def _part(base: Comb, overlay: dict[str, Any], merged: dict[str, Any]) -> dict[str, Any]:
    """Of `merged` what the overlay touches, and as much else as a comb must have: that is known to be right."""
    part = {name: _entries(name, merged[name], value) for name, value in overlay.items()}
    for name in _WHOLE:
        part.setdefault(name, getattr(base, name))
    part.setdefault("operators", dict(islice(base.operators.items(), _BY_NAME["operators"])))
    part.setdefault("graph", _entries("graph", merged["graph"], {}))
    return {**{name: merged[name] for name in _HEAD if name in merged}, **part}


def _entries(section: str, merged: Any, overlay: Any) -> Any:
    """Of a section with entries by name those that the overlay touches, and as many others as a comb must have."""
    if section not in _BY_NAME or not isinstance(merged, dict):
        return merged
    wanted = {*overlay, "return"} if section == "graph" else set(overlay)
    for other in merged:
        if len(wanted) >= _BY_NAME[section]:
            break
        wanted.add(other)
    return {name: value for name, value in merged.items() if name in wanted}


def _joined(base: Comb, changed: Comb, name: str) -> object:
    if name in _BY_NAME:
        return {**getattr(base, name), **getattr(changed, name)}
    return getattr(changed, name)
