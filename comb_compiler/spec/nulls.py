"""Fields that are written without a value, where a default would hold if they were not written at all."""

from collections.abc import Iterator
from itertools import islice
from typing import TypeVar

from pydantic import BaseModel

from comb_compiler.diagnostics.bounds import MOST, bounded
from comb_compiler.source import Entry, Mapping, Path, Sequence
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.places import Place, empty_value

__all__ = ["FREE_IN_COMB", "FREE_IN_PLATFORM", "told_empty"]

M = TypeVar("M", bound=BaseModel)

Free = tuple[tuple[str, ...], ...]
"""Paths below which null means something: JSON values, and keys that an overlay takes away. `*` is any name."""

FREE_IN_COMB: Free = (
    ("models", "*", "versions", "*", "params"),
    ("operators", "*", "fallback", "value"),
    ("experiment", "arms", "*", "set"),
    ("environments", "*", "*"),
)
FREE_IN_PLATFORM: Free = (("patches", "*", "merge"),)


def told_empty(bound: Bound[M], free: Free) -> Bound[M]:
    """`bound`, with what has no value told as wrong, besides what is told as wrong already."""
    places = list(islice(_empty_places(bound, free), MOST + 1))
    found = tuple(bounded(map(empty_value, places)))
    wrong = tuple(place.path for place in places)
    return bound._replace(diagnostics=(*bound.diagnostics, *found), unsound=(*bound.unsound, *wrong))


def _empty_places(bound: Bound[M], free: Free) -> Iterator[Place]:
    todo: list[Place] = [Place(bound.root, None, ())]
    while todo:
        place = todo.pop()
        if not bound.is_whole(*place.path):
            continue
        if isinstance(place.value, Mapping):
            below = (_entry(place, text, entry) for text, entry in place.value.entries.items())
            todo += [one for one in below if one.value.data is None or not _is_free(one.path, free)]
        elif isinstance(place.value, Sequence):
            todo += [Place(item, None, (*place.path, i)) for i, item in enumerate(place.value.items)]
        elif place.value.data is None and place.path:
            yield place


def _entry(place: Place, text: str, entry: Entry) -> Place:
    alias = entry.value.alias
    aliases = place.aliases if alias is None else (*place.aliases, alias)
    return Place(entry.value, entry.key, (*place.path, text), None, aliases)


def _is_free(path: Path, free: Free) -> bool:
    return any(
        len(path) == len(one) and all(name in ("*", step) for name, step in zip(one, path, strict=True)) for one in free
    )
