"""What two combs say otherwise of each operator: what to write so that it is as it was."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from comb_compiler.cli.opening import Clean
from comb_compiler.gates.load.guide import Write

__all__ = ["changed_since"]

_MOST = 4
"""Places: who changed more wants to look at it."""
_OF_WHAT_RUNS = ("run", "model", "batch", "workers", "retries", "timeout")
_ABSENT = object()


def changed_since(before: Clean, after: Clean) -> Mapping[str, tuple[Write, ...]]:
    """By operator. What was not there before, or is not written in one place, is none of it."""
    old, new = _data(before), _data(after)
    found = {name: tuple(_of(name, old, new)) for name in new.get("operators", {}) if name in old.get("operators", {})}
    return {name: writes for name, writes in found.items() if 0 < len(writes) <= _MOST}


def _data(clean: Clean) -> dict[str, Any]:
    comb = clean.compiled.checked.comb
    assert comb is not None
    return dict(comb.base.root.data)


def _of(name: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Write]:
    was, now = old["operators"][name], new["operators"][name]
    for field in _OF_WHAT_RUNS:
        yield from _differ(("operators", name, field), was.get(field, _ABSENT), now.get(field, _ABSENT))
    reference = now.get("model")
    if isinstance(reference, str) and was.get("model") == reference:
        model, _, version = reference.partition("@")
        params = [_at(one, "models", model, "versions", version, "params") for one in (old, new)]
        yield from _differ(("models", model, "versions", version, "params"), *params)


def _at(data: Any, *path: str) -> Any:
    for step in path:
        data = data.get(step, _ABSENT) if isinstance(data, dict) else _ABSENT
    return data


def _differ(path: tuple[str, ...], was: Any, now: Any) -> Iterator[Write]:
    """The leaves below a path that were there with another value."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in was:
            yield from _differ((*path, key), was[key], now.get(key, _ABSENT))
    elif was is not _ABSENT and now is not _ABSENT and was != now:
        yield Write(path, json.dumps(was, ensure_ascii=False, default=str))
