"""Calls that the comb gives as a text, and an overlay tries to change by their parts."""

import re
from collections.abc import Mapping
from typing import Any

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Mapping as MappingNode, Path, Scalar
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.places import Place, entries_at, format_path, place_of
from comb_compiler.spec.wording import listed

__all__ = ["text_overlaid"]

_PARTS = ("operator", "in")
_CALL = r"\s*(?P<operator>[^\s(]+)\s*\((?P<inputs>[^()]*)\)\s*"


def text_overlaid(bound: Bound[Comb], name: str) -> Diagnostic | None:
    """What is said of an overlay that gives the step `name` an `operator` or `in` beside the call that it has."""
    if bound.overlaid is None or "call" not in bound.declared("graph", name):
        return None
    path: Path = ("graph", name)
    written = place_of(bound.overlaid.overlay, path)
    given = written.value
    if written.path != path or not isinstance(given, MappingNode) or "call" in given.entries:
        return None
    parts = [part for part in _PARTS if part in given.entries]
    if not parts:
        return None
    call = bound.place(*path, "call")
    meant = _meant(call, entries_at(bound.root.data, path))
    hint = "an overlay replaces a text as a whole: write " + (f"`call: {meant}`" if meant else "all of the call")
    return diagnose(
        codes.CONFLICTING_KEYS,
        f"{listed(parts)} cannot change a part of the step `{name}`, whose call is a text",
        written.below(parts[0]).key_span,
        related=(Label(call.span, "the call is given here"),),
        path=format_path((*path, parts[0])),
        hints=(hint,),
        fix=_fix(given, parts, meant),
    )


def _meant(call: Place, step: Mapping[str, Any]) -> str:
    """The text of the call with its parts changed, in quotes; empty where it cannot be taken apart."""
    found = re.fullmatch(_CALL, call.value.text) if isinstance(call.value, Scalar) else None
    changes = step.get("in") or {}
    if found is None or not isinstance(changes, dict):
        return ""
    pairs = (one.partition("=") for one in found["inputs"].split(",") if "=" in one)
    inputs = {port.strip(): source.strip() for port, _, source in pairs} | changes
    given = ", ".join(f"{port}={source}" for port, source in inputs.items())
    return f'"{step.get("operator", found["operator"])}({given})"'


def _fix(given: MappingNode, parts: list[str], meant: str) -> Fix | None:
    """The call in place of its parts, where they stand together."""
    keys = list(given.entries)
    first, last = keys.index(parts[0]), keys.index(parts[-1])
    if not meant or abs(last - first) != len(parts) - 1:
        return None
    begin, end = sorted((first, last))
    start, stop = given.entries[keys[begin]].key.span, given.entries[keys[end]].value.span
    return Fix(f"write `call: {meant}`", (Edit(start._replace(end=stop.end), f"call: {meant}"),), Applicability.UNSAFE)
