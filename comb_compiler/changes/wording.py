"""What a change does, in words: the same for a terminal, a comment and a page."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from comb_compiler.changes.amounts import quantity_text
from comb_compiler.changes.effects import Effects, Restart, Usage, Was
from comb_compiler.changes.model import Cause, CombChanges, Fate

__all__ = ["CAUSES", "Line", "counts_text", "effect_lines", "folded_text", "title_text", "values_text"]

_MOST_IMAGE = 12
CAUSES = {
    None: "",
    Cause.COMPILER: " (this Comb, of the same sources)",
    Cause.SOURCES: " (the sources)",
}
"""Whose doing a change is, behind its title."""


class Line(NamedTuple):
    """One thing that a change does: `topic` says of what kind, `grave` that somebody has to look."""

    topic: str
    text: str
    grave: bool = False


def effect_lines(changes: CombChanges) -> Iterator[Line]:
    """What a change does in a cluster, the gravest first."""
    effects = changes.effects
    for one in changes.objects:
        for refused in one.forbidden:
            yield Line("refused", f"{one.identity.kind} {one.identity.name}: {refused.path}: {refused.why}", grave=True)
    for name in effects.lost:
        yield Line("data lost", f"the claim {name} goes, and what is in it", grave=True)
    yield from _released(effects)
    yield from (Line("arms", _was(one)) for one in effects.arms)
    yield from (Line("images", f"{one.name} {_image(one.before)} → {_image(one.after)}") for one in effects.images)
    yield from (Line("replicas", _scaled(one)) for one in effects.replicas)
    yield from (_used(one) for one in effects.usage)
    yield from (_restarted(one) for one in effects.restarts)
    for fate in (Fate.REPLACED, Fate.DELETED, Fate.CREATED):
        found = [one.identity for one in changes.objects if one.fate is fate]
        if found and not changes.is_new:
            yield Line(fate.value, ", ".join(f"{one.kind} {one.name}" for one in found))


def _released(effects: Effects) -> Iterator[Line]:
    yield from (Line("models", _was(one)) for one in effects.models)
    yield from (Line("parameters", _was(one)) for one in effects.parameters)
    if not effects.proven:
        images = "" if effects.images else "; images are to be built anew, and then all pods restart"
        yield Line("to prove", f"what the gates prove is another{images}")


def _was(one: Was) -> str:
    before, after = values_text(one.before, one.after, 60)
    return f"{one.name} {before} → {after}"


def values_text(before: Any, after: Any, most: int) -> tuple[str, str]:
    """Two values in a line each, cut where they are long: at the beginning too, where that is the same."""
    old, new = _line(before), _line(after)
    first = next((at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), None)
    same = min(len(old), len(new)) if first is None else first
    if old != new and same > most // 2 and max(len(old), len(new)) > most:
        old, new = (f"…{one[same - most // 3 :]}" for one in (old, new))
    return _cut(old, most), _cut(new, most)


def _line(value: Any) -> str:
    if value is None:
        return "–"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text.replace("\n", "⏎")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _image(image: Any) -> str:
    """An image by the beginning of its digest."""
    if image is None:
        return "–"
    name, mark, digest = str(image).partition("@sha256:")
    return f"{digest[:_MOST_IMAGE]}" if mark else name


def _scaled(one: Was) -> str:
    return f"{one.name} {_range(one.before)} → {_range(one.after)}"


def _range(counts: tuple[int, int] | None) -> str:
    if counts is None:
        return "–"
    least, most = counts
    return str(least) if least == most else f"{least}–{most}"


def _used(one: Usage) -> Line:
    before, after = (
        " to ".join(dict.fromkeys(quantity_text(one.resource, amount) for amount in pair))
        for pair in ((one.least_before, one.most_before), (one.least, one.most))
    )
    of = "" if one.quota is None else f", of {quantity_text(one.resource, one.quota)} that the namespace may have"
    return Line("resources", f"{one.resource} {before} → {after}{of}", one.quota is not None and one.least > one.quota)


def _restarted(one: Restart) -> Line:
    how = ", as soon as somebody deletes its pods" if one.by_hand else ""
    return Line("restarts", f"{one.workload}{how}: {', '.join(one.because)}")


def title_text(changes: CombChanges) -> str:
    """What is compared, and where."""
    where = changes.where
    named = f"{changes.comb} in {changes.environment}: cluster {where.cluster}, namespace {where.namespace}"
    return f"{named}{CAUSES[changes.cause]}"


def counts_text(changes: CombChanges) -> str:
    """How many objects there are of each fate."""
    noise = sum(one.is_noise for one in changes.objects)
    counts = {fate: sum(one.fate is fate and not one.is_noise for one in changes.objects) for fate in Fate}
    said = [f"{count} {fate.value}" for fate, count in counts.items() if count]
    said += [f"{noise} in nothing that matters"] if noise else []
    return ", ".join([*said, f"{changes.unchanged} unchanged"])


def folded_text(changes: CombChanges) -> str:
    """What nobody needs to look at, counted; empty where there is nothing."""
    folded = [f"{count} × {reason}" for reason, count in changes.folded().items()]
    folded += [f"{changes.reworded} × the same in other words"] if changes.reworded else []
    return "; ".join(folded)
