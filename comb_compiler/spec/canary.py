"""Steps of a rollout as other tools write them: `- setWeight: 10` and `- pause: {duration: 10m}`."""

from collections.abc import Sequence
from typing import Any

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Node, Path, Sequence as SequenceNode
from comb_compiler.spec.places import Place, format_path, place_of

__all__ = ["canary_steps"]

_MOST_SHOWN = 4


def canary_steps(root: Node, errors: Sequence[Any]) -> tuple[list[Diagnostic], list[Any]]:
    """One finding for each list of percentages that has several such steps, and the errors about everything else."""
    lists: dict[Path, list[Place]] = {}
    for error in errors:
        place = place_of(root, error["loc"]) if error["type"] == "percentage" else None
        if place is not None and isinstance(place.path[-1], int) and _is_step(place.value.data):
            lists.setdefault(place.path[:-1], []).append(place)
    several = {path: items for path, items in lists.items() if len(items) > 1}
    told = {item.path for items in several.values() for item in items}
    found = [_told(place_of(root, path), items) for path, items in several.items()]
    return found, [error for error in errors if error["loc"] not in told]


def _is_step(data: object) -> bool:
    return isinstance(data, dict) and ("setWeight" in data or "pause" in data)


def _told(steps: Place, items: list[Place]) -> Diagnostic:
    assert isinstance(steps.value, SequenceNode)
    meant = [weight for item in steps.value.items if (weight := _weight(item.data))]
    written = f"{steps.path[-1]}: [{', '.join(meant) or '1%, 10%'}]"
    hints = [f"write `{written}`"]
    if any("pause" in item.value.data for item in items):
        hints.append("how long each step is held stands beside `steps`: `hold: 10m`")
    edit = Edit(steps.key_span._replace(end=steps.span.end), written)
    return diagnose(
        codes.BAD_PERCENTAGE,
        f"`{steps.path[-1]}` takes percentages, and {len(items)} of its items are mappings",
        items[0].span,
        related=tuple(Label(item.span, "the same here") for item in items[1:_MOST_SHOWN]),
        path=format_path(items[0].path),
        hints=tuple(hints),
        fix=Fix(f"write `{written}`", (edit,), Applicability.UNSAFE) if meant and not steps.aliases else None,
    )


def _weight(step: object) -> str:
    """The share of a step; nothing for a pause, and for what comes before and after all steps."""
    if not isinstance(step, dict):
        return str(step)
    weight = step.get("setWeight")
    return f"{weight:g}%" if isinstance(weight, int | float) and 0 < weight < 100 else ""
