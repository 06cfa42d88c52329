"""What is wrong in a partition; and a new one from what can be read of it."""

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from google.protobuf.message import DecodeError

from comb_compiler.samples.embedded import blocks, partition
from comb_compiler.samples.embedded.catalogue import snapshot, transaction
from comb_compiler.samples.embedded.files import Directory
from comb_compiler.samples.record_pb2 import Mark, Record
from comb_compiler.samples.rows import Kind, Row, row
from comb_compiler.samples.store import StoreError

__all__ = ["Saved", "Seen", "copy", "examine"]

_AT_ONCE = 500
_MISSES = 1 << 16  # numbers in a row that cannot be asked for: there is no more to be had
_ROWS = """
SELECT number, id, time, duration, kind, size, request_id, user, durations, content
FROM records LEFT JOIN texts USING (text) WHERE number >= ? AND number < ?
"""


class Seen(NamedTuple):
    """How many records a partition has, and what is wrong in it; empty for nothing."""

    records: int
    complaint: str = ""


class Saved(NamedTuple):
    """How many records were read, and in words what was not; empty for nothing."""

    records: int
    lost: str


def examine(connection: sqlite3.Connection) -> Seen:
    """Hold a partition's indexes to its tables, and its tables to its records."""
    with snapshot(connection):
        (complaint,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if complaint != "ok":  # by the numbers of SQLite's pages, which say nothing of records
            return Seen(0, "its tables and indexes do not fit together")
        kinds = dict(partition.kinds(connection, "1", ()))
        number = 0
        for first, count, content in connection.execute("SELECT first, records, content FROM blocks ORDER BY first"):
            wanted = {one[0]: one[1:] for one in connection.execute(_ROWS, (first, first + count))}
            try:
                found = dict(_read(first, count, content))
            except _Unreadable as bad:
                return Seen(0, str(bad))
            if {place: _as_kept(one, kinds, wanted.get(place)) for place, one in found.items()} != wanted:
                return Seen(0, f"the records from number {first} on are not those that they are found by")
            number += len(found)
        (rows,) = connection.execute("SELECT count(*) FROM records").fetchone()
    return Seen(number) if rows == number else Seen(0, f"{rows - number:,} records are in no block")


def _as_kept(one: Row, kinds: dict[int, Kind], kept: tuple[object, ...] | None) -> tuple[object, ...]:
    """What is to be in the tables of a record; the number of its kind is right where the kind is."""
    kind = kept[3] if kept and kinds.get(int(str(kept[3]))) == one.kind else None
    size = len(one.content)
    return (one.id, one.time, one.duration, kind, size, one.request_id, one.user, one.durations, one.text or None)


class _Unreadable(Exception):
    """A block that no record can be had from."""


def _read(first: int, count: int, content: bytes) -> Iterator[tuple[int, Row]]:
    try:
        for number, one in enumerate(blocks.unpack(content, count) if content else [], first):
            found = row(Record.FromString(one)) if one else None
            if isinstance(found, Row):
                # The bytes as they are: a newer Comb may have put more into them than this one reads.
                yield number, found._replace(content=one)
    except (blocks.BadBlock, DecodeError, ValueError) as bad:
        why = f" ({bad})" if isinstance(bad, blocks.BadBlock) else ""
        raise _Unreadable(f"the block of record {first} is damaged{why}") from bad


def copy(directory: Directory, path: Path, new: sqlite3.Connection, known: int | None) -> Saved:
    """Put all that can be read of a partition into an empty one. `known` is how many records others say it had."""
    tally = _Tally(known)
    with suppress(StoreError, sqlite3.Error), directory.raw(path) as old:
        with suppress(sqlite3.Error):
            (tally.expected,) = old.execute("SELECT count(*) FROM records").fetchone()
        rows = _salvaged(old, tally)
        while some := list(islice(rows, _AT_ONCE)):
            tally.saved += _put(new, some)
    return tally.result()


class _Tally:
    """What is counted on the way."""

    def __init__(self, expected: int | None) -> None:
        self.expected = expected
        self.saved = self.blocks = self.marks = 0

    def result(self) -> Saved:
        lost = []
        if self.expected is None:
            lost.append("how many records it had cannot be read")
        elif self.expected > self.saved:
            lost.append(f"{self.expected - self.saved:,} records cannot be read")
        if self.marks:
            lost.append(f"the marks of {self.marks:,} records cannot be read but for those of rules")
        return Saved(self.saved, "; ".join(lost))


def _salvaged(old: sqlite3.Connection, tally: _Tally) -> Iterator[Row]:
    """Asks for one block after the other; where that fails, for each number: a page that is lost hides no other."""
    number, misses = 1, 0
    while misses < _MISSES:
        try:
            found = old.execute(
                "SELECT first, records, content FROM blocks WHERE first >= ? ORDER BY first LIMIT 1", (number,)
            ).fetchone()
        except sqlite3.Error:
            number, misses = number + 1, misses + 1
            continue
        if found is None:
            return
        first, count, content = found
        with suppress(_Unreadable):
            for place, one in list(_read(first, count, content)):
                yield one._replace(marks=_marks(old, place, one, tally))
        number, misses = first + max(int(count), 1), 0


def _marks(old: sqlite3.Connection, number: int, one: Row, tally: _Tally) -> list[Mark]:
    try:
        rows = old.execute("SELECT content FROM marks WHERE number = ?", (number,)).fetchall()
        return [Mark.FromString(content) for (content,) in rows]
    except (sqlite3.Error, DecodeError):
        tally.marks += 1
        return list(one.marks)


def _put(new: sqlite3.Connection, rows: list[Row]) -> int:
    known = partition.known(new, [one.id for one in rows])
    rows = [one for one in rows if one.id not in known]
    with transaction(new):
        partition.add(new, rows, blocks.packed([one.content for one in rows]))
    return len(rows)
