"""The page that says which field changes which part of which object, found by changing each of them."""

import re
from collections.abc import Iterable, Iterator

from comb_compiler.render.manifest import Pointer, Written
from tests.render.effects.effects import Effect, effects
from tests.render.effects.reasons import REASONS, reason
from tests.render.effects.rendering import FILES

__all__ = ["what_changes_what"]

_HEAD = """
Found by changing each field of an example that uses all of them
([comb.yaml](../../tests/render/effects/data/comb.yaml),
[platform.yaml](../../tests/render/effects/data/platform.yaml)) and rendering it anew. `*` stands for any name, `[]` for
any item. "Itself" is said of objects that are there or not, or have another name. What a field of `environments` or of
an arm's `set` overlays is what that field changes.

Where `plan.json` changes, its ConfigMap has another name, and the pods that mount it start anew with it.
"""
_MOST = 4
"""Parts of one object that are told one by one."""
_DASHBOARD = re.compile(r"comb-[0-9a-f]{24}")
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")


def what_changes_what() -> Iterator[str]:
    """The page, below its title."""
    yield _HEAD
    for written, file in FILES.items():
        yield f"\n## {file}\n\n| field | changes |\n|---|---|\n"
        for pattern, places in _rows(written).items():
            yield f"| `{pattern}` | {_changes(places) or reason(REASONS, written, pattern) or '?'} |\n"


def _rows(written: Written) -> dict[str, list[Effect]]:
    found: dict[str, list[Effect]] = {}
    for effect in effects():
        if effect.written is written and not _is_overlay(effect):
            found.setdefault(effect.pattern, []).append(effect)
    return found


def _is_overlay(effect: Effect) -> bool:
    return effect.written is Written.COMB and (effect.path[0] == "environments" or ".set." in effect.pattern)


def _changes(places: Iterable[Effect]) -> str:
    by_kind: dict[str, dict[str, None]] = {}
    for change in (change for one in places for change in one.changes):
        by_kind.setdefault(change.object[1], {})[_written(change.pointer)] = None
    by_parts: dict[str, list[str]] = {}
    for kind, parts in sorted(by_kind.items()):
        by_parts.setdefault(_parts(list(parts)), []).append(kind)
    return "; ".join(f"{', '.join(kinds)}: {parts}" for parts, kinds in by_parts.items())


def _parts(parts: list[str]) -> str:
    """Itself where the object comes or goes: then its parts are no news."""
    if "" in parts:
        return "itself"
    if len(parts) > _MOST:
        common = parts[0]
        while not all(one.startswith(common) for one in parts):
            common = common[: max(common.rfind("."), 0)]
        parts = [f"{common}.…"]
    return ", ".join(f"`{one}`" for one in parts)


def _written(pointer: Pointer) -> str:
    told = ""
    for step in pointer:
        if isinstance(step, int):
            told += "[]"
        elif _PLAIN.fullmatch(step):
            told += f".{step}"
        else:
            told += f'."{_DASHBOARD.sub("DASHBOARD", step)}"'
    return told.removeprefix(".")
