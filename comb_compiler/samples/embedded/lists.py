"""Places → the key fields of the records there."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from comb_compiler.samples.embedded.catalogue import Catalogue
from comb_compiler.samples.embedded.reading import Place
from comb_compiler.samples.store import Found

__all__ = ["found"]

_FIELDS = """
SELECT number, hex(id), time, duration, comb, environment, "release", subject, arm, code, reason, request_id, size
FROM records JOIN kinds USING (kind) WHERE number IN ({})
"""
_MARKS = "SELECT DISTINCT number, mark FROM marks WHERE NOT withdrawn AND number IN ({}) ORDER BY mark"
_AT_ONCE = 500


def found(catalogue: Catalogue, places: Sequence[Place]) -> list[Found]:
    """The records at these places, in their order, without those that were deleted meanwhile."""
    numbers: dict[int, list[int]] = {}
    for place in places:
        numbers.setdefault(place.part, []).append(place.number)
    by_place: dict[tuple[int, int], Found] = {}
    for part, some in numbers.items():
        with catalogue.partition(part) as connection:
            for start in range(0, len(some) if connection else 0, _AT_ONCE):
                here = _found(connection, some[start : start + _AT_ONCE]) if connection else {}
                by_place.update(((part, number), one) for number, one in here.items())
    return [by_place[key] for place in places if (key := (place.part, place.number)) in by_place]


def _found(connection: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, Found]:
    places = ",".join(map(str, numbers))
    marks: dict[int, list[str]] = {}
    for number, mark in connection.execute(_MARKS.format(places)).fetchall():
        marks.setdefault(number, []).append(mark)
    rows = connection.execute(_FIELDS.format(places)).fetchall()
    return {one[0]: _as_found(one, tuple(marks.get(one[0], ()))) for one in rows}


def _as_found(one: Sequence[Any], marks: tuple[str, ...]) -> Found:
    _, id, time, duration, *fields, size = one
    return Found._make((id.lower(), time / 1e9, duration / 1e9, *fields, marks, size))
