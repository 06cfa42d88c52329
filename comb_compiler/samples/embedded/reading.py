"""Records in order of time, from all partitions together, in bounded memory."""

import heapq
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from math import isnan
from typing import NamedTuple

from comb_compiler.samples.embedded.asking import asked
from comb_compiler.samples.embedded.catalogue import Catalogue, Part, snapshot
from comb_compiler.samples.queries import nanoseconds
from comb_compiler.samples.store import Query

__all__ = ["Place", "in_order", "may_have"]

_CHUNK = 500
_LAST = 2**63 - 1


class Place(NamedTuple):
    """Where a record is in the order of all."""

    time: int
    part: int
    number: int


_Fetch = Callable[[Part, Place | None], list[Place]]


def may_have(part: Part, query: Query) -> bool:
    """Whether a partition can have records of the times that are asked for."""
    if not part.sealed:
        return True
    if part.low is None or part.high is None:
        return False
    if any(bound is not None and isnan(bound) for bound in (query.since, query.until)):
        return False
    return (query.since is None or part.high >= nanoseconds(query.since)) and (
        query.until is None or part.low < nanoseconds(query.until)
    )


def in_order(
    catalogue: Catalogue, parts: Sequence[Part], query: Query, *, newest: bool, after: Place | None, chunk: int = _CHUNK
) -> Iterator[Place]:
    """The places of the records that are as asked: newest first or oldest first, after a place."""

    def fetch(part: Part, last: Place | None) -> list[Place]:
        return _fetch(catalogue, part, query, last, newest=newest, chunk=chunk)

    return _merged([part for part in parts if may_have(part, query)], fetch, newest=newest, after=after, chunk=chunk)


def _merged(parts: Sequence[Part], fetch: _Fetch, *, newest: bool, after: Place | None, chunk: int) -> Iterator[Place]:
    """Merges the partitions' orders. One is looked into only when its turn may have come."""
    sign = -1 if newest else 1
    waiting = sorted(((_begins(part, newest=newest), part) for part in parts), reverse=True)
    heads: list[tuple[tuple[int, int, int], int, list[Place], Part]] = []

    def push(part: Part, places: list[Place]) -> None:
        if places:
            first = places[-1]
            heapq.heappush(
                heads, ((sign * first.time, sign * first.part, sign * first.number), part.number, places, part)
            )

    while waiting or heads:
        while waiting and (not heads or waiting[-1][0] <= heads[0][0][0]):
            part = waiting.pop()[1]
            push(part, fetch(part, after)[::-1])
        if not heads:
            continue
        _, _, places, part = heapq.heappop(heads)
        place = places.pop()
        yield place
        push(part, places or fetch(part, place)[::-1])


def _begins(part: Part, *, newest: bool) -> int:
    bound = part.high if newest else part.low
    if not part.sealed or bound is None:
        return -_LAST
    return -bound if newest else bound


def _fetch(
    catalogue: Catalogue, part: Part, query: Query, last: Place | None, *, newest: bool, chunk: int
) -> list[Place]:
    with catalogue.partition(part.number) as connection:
        if connection is None:
            return []
        with snapshot(connection):
            return _places(connection, part, query, last, newest=newest, chunk=chunk)


def _places(
    connection: sqlite3.Connection, part: Part, query: Query, last: Place | None, *, newest: bool, chunk: int
) -> list[Place]:
    condition = asked(connection, query, in_order=True)
    if condition is None:
        return []
    if last is not None:
        condition = condition.and_also(f"(time, number) {'<' if newest else '>'} (?, ?)", *_bound(part, last, newest))
    way = "DESC" if newest else "ASC"
    rows = connection.execute(
        f"SELECT time, number FROM records WHERE {condition.where} ORDER BY time {way}, number {way} LIMIT ?",
        (*condition.values, chunk),
    )
    return [Place(time, part.number, number) for time, number in rows.fetchall()]


def _bound(part: Part, last: Place, newest: bool) -> tuple[int, int]:
    """The time and number in this partition that come last in the order up to a place."""
    if part.number == last.part:
        return last.time, last.number
    is_before = (part.number < last.part) != newest
    return last.time, (_LAST if newest else -1) if not is_before else (-1 if newest else _LAST)
