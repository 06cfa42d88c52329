"""A query → what SQLite is asked of one partition."""

import sqlite3
from collections.abc import Iterator
from math import isnan
from typing import NamedTuple

from comb_compiler.samples.embedded import partition
from comb_compiler.samples.queries import asks_of_nodes, nanoseconds
from comb_compiler.samples.rows import Kind, Step, searched
from comb_compiler.samples.store import Query

__all__ = ["Asked", "asked"]

_FEW = 2000  # records of the kinds: up to so many are looked up by kind and sorted, more are met soon in order of time


class Asked(NamedTuple):
    """A condition on `records` with its values, and the kinds that the records can have, by number."""

    where: str
    values: tuple[object, ...]
    kinds: dict[int, Kind]

    def and_also(self, where: str, *values: object) -> "Asked":
        """The same, with one more condition."""
        return self._replace(where=f"{self.where} AND {where}", values=(*self.values, *values))


def asked(connection: sqlite3.Connection, query: Query, *, in_order: bool = False) -> Asked | None:
    """What a query asks of this partition; None where nothing can be found.

    `in_order` says that the records are wanted in order of time, and perhaps not all of them.
    """
    every = partition.kinds(connection, "1", ()) if not _asks_for_kind(query) else None
    found = dict(every if every is not None else _kinds(connection, query))
    if not found:
        return None
    parts = [*_times(query), *_keys(query), *_marks(query), *_words(query)]
    if every is None:
        numbers = ",".join(map(str, found))
        by_time = in_order and (bool(_keys(query)) or _are_many(connection, numbers))
        parts.append((f"{'+' if by_time else ''}kind IN ({numbers})", ()))
    where = " AND ".join(part for part, _ in parts) or "1"
    return Asked(where, tuple(value for _, values in parts for value in values), found)


_Part = tuple[str, tuple[object, ...]]


def _asks_for_kind(query: Query) -> bool:
    texts = (query.comb, query.environment, query.subject, query.release, query.arm, query.operator, query.model)
    return any(one is not None for one in (*texts, query.operator_code)) or bool(query.codes or query.reasons)


def _kinds(connection: sqlite3.Connection, query: Query) -> Iterator[tuple[int, Kind]]:
    where, values = ["1"], []
    for name in ("comb", "environment", "subject", "release", "arm"):
        if (value := getattr(query, name)) is not None:
            where.append(f'"{name}" = ?')
            values.append(_plain(value))
    for name, numbers in (("code", query.codes), ("reason", query.reasons)):
        if numbers:
            where.append(f"{name} IN ({','.join(str(int(one)) for one in numbers)})")
    of_nodes = asks_of_nodes(query)
    for number, kind in partition.kinds(connection, " AND ".join(where), values):
        if not of_nodes or any(Step(*step).is_asked(query) for step in kind.steps):
            yield number, kind


def _are_many(connection: sqlite3.Connection, numbers: str) -> bool:
    counted = connection.execute(f"SELECT count(*) FROM (SELECT 1 FROM records WHERE kind IN ({numbers}) LIMIT {_FEW})")
    return bool(counted.fetchone()[0] == _FEW)


def _times(query: Query) -> Iterator[_Part]:
    bounds = (
        ("time >= ?", query.since),
        ("time < ?", query.until),
        ("duration < ?", query.faster),
        ("duration >= ?", query.slower),
    )
    for where, value in bounds:
        if value is not None:
            yield ("0", ()) if isnan(value) else (where, (nanoseconds(value),))  # nothing is before, or after, NaN


def _keys(query: Query) -> list[_Part]:
    keys: list[_Part] = []
    if query.request_id is not None:
        keys.append((_key("request_id", query.request_id), (_plain(query.request_id),)))
    if query.user is not None:
        keys.append((_key("user", query.user), (_plain(query.user),)))
    return keys


def _key(name: str, value: str) -> str:
    return f"{name} = ? AND {name} != ''" if value else f"{name} = ?"  # the index leaves the empty ones out


def _marks(query: Query) -> Iterator[_Part]:
    if query.marks:
        places = ",".join("?" * len(query.marks))
        found = f"number IN (SELECT number FROM marks WHERE mark IN ({places}) AND NOT withdrawn)"
        yield found, tuple(map(_plain, query.marks))


def _words(query: Query) -> Iterator[_Part]:
    for word in searched(query.text or "").split():
        found = (
            "(text IN (SELECT text FROM texts WHERE instr(content, ?)) "
            "OR number IN (SELECT number FROM marks WHERE instr(why, ?)))"
        )
        yield found, (_plain(word), _plain(word))


def _plain(text: str) -> str:
    """A text that SQLite takes: half a character, as a broken argument has it, is in no record."""
    return text.encode("utf-8", "replace").decode()
