"""Gates before and after a change → in what the change asks for less, each with its place in comb.yaml."""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from comb_compiler.cli.gate.sample_sets import Lost
from comb_compiler.diagnostics import Diagnostic, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.gates.weakening import Weakening
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.comb.gates import Comparison, Gates
from comb_compiler.spec.places import Place
from comb_compiler.spec.units import format_duration

__all__ = ["findings", "weakenings"]

_GATES = ("availability", "replay.regular", "replay.error", "replay.optimised", "load")
_LEAST = ("replay.regular.same", "replay.regular.count", "replay.optimised.better", "load.hold", "load.saturation")
"""What is weaker the smaller it is."""
_MOST = ("load.slower",)
"""What is weaker the larger it is."""
_SAMPLES = tuple(f"{gate}.samples" for gate in _GATES)
_WIDTHS = {"tolerance": 1, "relative": 1, "edits": 1, "overlap": -1}
"""Numbers of rules, and in which direction they let more pass."""


def weakenings(
    base: Gates, own: Gates, bound: Bound[Comb], lost: Sequence[Lost], recoded: Sequence[str], known: Sequence[str]
) -> list[Weakening]:
    """In what `own`, the gates of `bound`, ask for less than `base`.

    `lost` is what the change takes out of sample sets; `recoded` are the paths of `compare` whose comparator's code is
    another; `known` those that lead to a field of the answers before: a rule for a new one asks no less.
    """
    found = [*_taken_out(base, own), *_lower(base, own), *_elsewhere(base, own)]
    found += [Weakening(one.field, one.said, one.to, one.gate) for one in lost]
    found += _compared(base, own, recoded, known)
    return [one._replace(place=_where(_place(bound, one))) for one in found]


def findings(weakened: Sequence[Weakening], bound: Bound[Comb], comb: str) -> list[Diagnostic]:
    """What is weakened without a waiver that counts."""
    found = []
    for one in weakened:
        if one.waiver is not None:
            continue
        place = _place(bound, one)
        to = json.dumps(one.to, ensure_ascii=False)  # of YAML, too: a bare number would be none of text
        waiver = f"`waivers` of platform.yaml, `{{comb: {comb}, weakens: {one.field}, to: {to}, …}}`"
        over = f"; {one.passes}" if one.expired or one.another else ""
        found.append(
            diagnose(
                codes.WEAKENED_EXAM,
                f"{one.said}, so that less is proven of this comb{over}",
                place.key_span,
                path=one.field,
                hints=(
                    f"take it back, or ask the platform's team to waive it, with who, why and until when: {waiver}",
                ),
            )
        )
    return found


def _place(bound: Bound[Comb], one: Weakening) -> Place:
    """Where it is written in comb.yaml, or where it was: of samples, where their gate names them."""
    path = one.field if one.field.startswith("gates.") else f"gates.{_gate_of(bound, one)}.samples"
    *above, last = path.split(".", 2) if path.startswith("gates.compare.") else path.split(".")
    place = bound.place(*above, last)
    return place if place.path else bound.place("metadata", "name")


def _gate_of(bound: Bound[Comb], one: Weakening) -> str:
    assert bound.value is not None
    gates = bound.value.gates
    found = (path for path in _SAMPLES if str(_at(gates, path) or "") in (one.field, *_parents(one.field)))
    return next(found, one.place or "availability").removesuffix(".samples")


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _where(place: Place) -> str:
    start = place.key_span
    return f"{start.file}:{start.start.line}:{start.start.column}"


def _at(gates: Any, path: str) -> Any:
    for name in path.split("."):
        gates = getattr(gates, name, None)
    return gates


def _taken_out(base: Gates, own: Gates) -> Iterator[Weakening]:
    for gate in (*_GATES, *(["load.saturation"] if own.load is not None else [])):
        if _at(base, gate) is not None and _at(own, gate) is None:
            yield Weakening(f"gates.{gate}", f"gates.{gate} is taken out", "absent")


def _lower(base: Gates, own: Gates) -> Iterator[Weakening]:
    pairs = [(path, _at(base, path), _at(own, path)) for path in _LEAST]
    if base.load is not None and own.load is not None:
        pairs.append(("load.steps", max(base.load.steps), max(own.load.steps)))
    for path, before, after in pairs:
        if before is not None and after is not None and after < before:
            was, becomes = _said(before), _said(after)
            yield Weakening(
                f"gates.{path}", f"gates.{path} goes down from {was} to {becomes}", becomes.replace(",", "")
            )
    for path in _MOST:
        before, after = _at(base, path), _at(own, path)
        if before is not None and after is not None and after > before:
            was, becomes = _said(before), _said(after)
            yield Weakening(f"gates.{path}", f"gates.{path} goes up from {was} to {becomes}", becomes)


def _elsewhere(base: Gates, own: Gates) -> Iterator[Weakening]:
    for path in _SAMPLES:
        before, after = _at(base, path), _at(own, path)
        if before is not None and after is not None and before != after:
            yield Weakening(f"gates.{path}", f"gates.{path} is {after}: {before} is no longer asked", after)


def _compared(base: Gates, own: Gates, recoded: Sequence[str], known: Sequence[str]) -> Iterator[Weakening]:
    for path, rule in own.compare.items():
        before, field = base.compare.get(path), f"gates.compare.{path}"
        becomes = _rule(rule)
        if path in known and before is None:
            yield Weakening(field, f"{field} is new: {becomes}", becomes)
        elif before is not None and before != rule and not _is_stricter(before, rule):
            yield Weakening(field, f"{field} is no longer {_rule(before)}, but {becomes}", becomes)
        elif before is not None and path in recoded:
            yield Weakening(field, f"{field}: the code of `{rule.run}` is changed", "changed")


def _is_stricter(before: Comparison, after: Comparison) -> bool:
    """Whether a rule lets pass a part of what another does."""
    one, other = _given(before), _given(after)
    if not other.keys() <= one.keys() or not one.keys() <= _WIDTHS.keys() or not other:
        return False
    return all(_WIDTHS[name] * other[name] <= _WIDTHS[name] * one[name] for name in other)


def _given(rule: Comparison) -> dict[str, Any]:
    return {name: value for name, value in rule if value not in (None, False)}


def _rule(rule: Comparison) -> str:
    said = (name if value is True else f"{name} {_said(value)}" for name, value in _given(rule).items())
    return ", ".join(said) or "the same"


def _said(value: Any) -> str:
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, Decimal):
        return f"{(value * 100).normalize():f}%"
    return f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)
