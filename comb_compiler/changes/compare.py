"""Two sides of a comb in a cluster → all that changes."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from comb_compiler.changes.amounts import parse_quantity
from comb_compiler.changes.differing import Difference, differences, shown_path
from comb_compiler.changes.effects import Effects, Restart, Usage, changed
from comb_compiler.changes.facts import CONTROLLERS, Facts, facts_of
from comb_compiler.changes.forbidding import refusals
from comb_compiler.changes.generations import matched
from comb_compiler.changes.hiding import hidden, without_secrets
from comb_compiler.changes.model import Fate, Forbidden, Found, Hunk, ObjectChange, Side
from comb_compiler.changes.noise import reason_to_fold
from comb_compiler.render import emit

__all__ = ["Compared", "compare"]

_NONE = (Decimal(0), Decimal(0))
_MOST_REASONS = 3
_TEMPLATE = ("spec", "template")


class Compared(NamedTuple):
    """What came of a comparison, object by object."""

    objects: tuple[ObjectChange, ...]
    effects: Effects
    unchanged: int
    reworded: int


def compare(before: Side, after: Side, quota: Mapping[str, Any] | None = None) -> Compared:
    """What changes from one side to the other. `quota` is the `hard` of the namespace's ResourceQuota."""
    changes: list[ObjectChange] = []
    unchanged = reworded = 0
    restarts: list[Restart] = []
    for old, new in matched(before.objects, after.objects):
        if old is None or new is None:
            changes.append(_alone(old, new))
            continue
        found = differences(old.object, new.object)
        restarts += _restarts(old, new, found)
        if found or old.identity != new.identity:
            changes.append(_changed(old, new, found))
        else:
            unchanged += 1
            reworded += old.object != new.object
    effects = _effects(before, after, tuple(changes), tuple(restarts), quota or {})
    order = list(Fate)
    changes.sort(key=lambda one: (one.is_noise, order.index(one.fate), one.identity))
    return Compared(tuple(changes), effects, unchanged, reworded)


def _alone(old: Found | None, new: Found | None) -> ObjectChange:
    one, fate = (new, Fate.CREATED) if new is not None else (old, Fate.DELETED)
    assert one is not None
    text = emit(_emittable(without_secrets(one.identity.kind, one.object)))
    return ObjectChange(fate, one.identity, one.file, text=text, origin=one.origin(()))


def _emittable(value: Any) -> Any:
    """What others wrote, with keys that are texts and numbers that there are."""
    return json.loads(json.dumps(value, default=str))


def _changed(old: Found, new: Found, found: list[Difference]) -> ObjectChange:
    kind = new.identity.kind
    hunks = tuple(_hunk(kind, new, one) for one in found)
    if old.identity != new.identity:
        return ObjectChange(Fate.REPLACED, new.identity, new.file, hunks, origin=new.origin(()))
    forbidden = tuple(
        Forbidden(
            shown_path(tuple(map(str, one.pointer))), one.why, one.documented, one.pointer, new.origin(one.pointer)
        )
        for one in refusals(old.object, new.object)
    )
    return ObjectChange(Fate.CHANGED, new.identity, new.file, hunks, forbidden, origin=new.origin(()))


def _hunk(kind: str, new: Found, one: Difference) -> Hunk:
    beside = _named(one.path)
    before, after = (hidden(kind, one.path, value, beside=beside) for value in (one.before, one.after))
    return Hunk(shown_path(one.path), before, after, new.origin(one.pointer), reason_to_fold(kind, one))


def _named(path: tuple[str, ...]) -> str:
    """The name of the variable of which a path leads to the value."""
    is_value = len(path) > 2 and path[-1] == "value" and path[-2].startswith("[")
    return path[-2][1:-1] if is_value else ""


def _restarts(old: Found, new: Found, found: list[Difference]) -> Iterator[Restart]:
    """Whether the pods of a workload are made anew: where its template is another, the order of lists included."""
    if new.identity.kind not in CONTROLLERS or _template(old) == _template(new):
        return
    parts = [one for one in found if one.path[:2] == _TEMPLATE]
    parts = [one for one in parts if not reason_to_fold(new.identity.kind, one)] or parts[-1:]
    why = list(dict.fromkeys(_short(one.path) for one in parts)) or ["the order of a list"]
    more = [f"{len(why) - _MOST_REASONS} more"] if len(why) > _MOST_REASONS else []
    strategy = new.object.get("spec", {}).get("updateStrategy") or {}
    by_hand = strategy.get("type") == "OnDelete"
    yield Restart(new.identity.name, (*why[:_MOST_REASONS], *more), by_hand)


def _template(one: Found) -> Any:
    spec = one.object.get("spec")
    return spec.get("template") if isinstance(spec, Mapping) else None


def _short(path: tuple[str, ...]) -> str:
    return shown_path(path[2:]).removeprefix("spec.")


def _effects(
    before: Side,
    after: Side,
    changes: tuple[ObjectChange, ...],
    restarts: tuple[Restart, ...],
    quota: Mapping[str, Any],
) -> Effects:
    old, new = (facts_of(one.object for one in side.objects.values()) for side in (before, after))
    lost = tuple(
        one.identity.name
        for one in changes
        if one.fate is Fate.DELETED and one.identity.kind in ("PersistentVolumeClaim", "PersistentVolume")
    )
    return Effects(
        models=changed(old.models, new.models),
        parameters=tuple(
            one._replace(before=hidden("", (one.name,), one.before), after=hidden("", (one.name,), one.after))
            for one in changed(old.parameters, new.parameters)
        ),
        images=changed(old.images, new.images),
        replicas=changed(old.replicas, new.replicas),
        arms=changed(old.arms, new.arms),
        usage=tuple(_usages(old, new, quota)),
        restarts=restarts,
        lost=lost,
        proven=not before.subject or before.subject == after.subject,
    )


def _usages(old: Facts, new: Facts, quota: Mapping[str, Any]) -> Iterator[Usage]:
    for resource in sorted(old.usage.keys() | new.usage.keys()):
        had, has = old.usage.get(resource, _NONE), new.usage.get(resource, _NONE)
        if had != has:
            most = parse_quantity(quota.get(f"requests.{resource}", quota.get(resource)))
            yield Usage(resource, *had, *has, most)
