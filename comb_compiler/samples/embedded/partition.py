"""One partition: records in compressed blocks, and what they are found by, in one database.

Records are numbered in the order they came, and numbers are not used again. A block holds records from its first number
on, so nothing need say in which block a record is.
"""

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from comb_compiler.samples.embedded import blocks
from comb_compiler.samples.record_pb2 import Mark, Record
from comb_compiler.samples.rows import Kind, Row, searched
from comb_compiler.samples.store import StoreError

__all__ = [
    "TABLES", "Block", "Contents", "add", "block_of", "ids", "index", "is_full", "kinds", "known", "next_number",
    "put_mark", "span", "write_through",
]  # fmt: skip

TABLES = """
CREATE TABLE blocks (first INTEGER PRIMARY KEY, records INTEGER NOT NULL, content BLOB NOT NULL);
CREATE TABLE kinds (
    kind INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, comb TEXT NOT NULL, environment TEXT NOT NULL,
    subject TEXT NOT NULL, "release" TEXT NOT NULL, arm TEXT NOT NULL, code INTEGER NOT NULL, reason INTEGER NOT NULL,
    steps TEXT NOT NULL
);
CREATE TABLE records (
    number INTEGER PRIMARY KEY, id BLOB NOT NULL, time INTEGER NOT NULL, duration INTEGER NOT NULL,
    kind INTEGER NOT NULL, text INTEGER, size INTEGER NOT NULL, request_id TEXT NOT NULL, user TEXT NOT NULL,
    durations BLOB NOT NULL
);
CREATE UNIQUE INDEX by_id ON records (id);
CREATE INDEX by_time ON records (time);
CREATE INDEX by_kind ON records (kind, time);
CREATE TABLE texts (text INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, content TEXT NOT NULL);
CREATE TABLE marks (
    number INTEGER NOT NULL, mark TEXT NOT NULL, by TEXT NOT NULL, withdrawn INTEGER NOT NULL, why TEXT NOT NULL,
    content BLOB NOT NULL, PRIMARY KEY (number, mark, by)
) WITHOUT ROWID;
CREATE INDEX by_mark ON marks (mark) WHERE NOT withdrawn
"""
_SCATTERED = """
BEGIN IMMEDIATE;
CREATE INDEX IF NOT EXISTS by_request ON records (request_id) WHERE request_id != '';
CREATE INDEX IF NOT EXISTS by_user ON records (user) WHERE user != '';
COMMIT;
"""
_BY_ID = """
SELECT r.number, EXISTS (SELECT 1 FROM marks AS m WHERE m.number = r.number), b.first, b.records, b.content
FROM records AS r JOIN blocks AS b ON b.first = (SELECT max(first) FROM blocks WHERE first <= r.number) WHERE r.id = ?
"""
_FULL_BYTES = 1 << 29
_AT_ONCE = 500


def add(connection: sqlite3.Connection, rows: Sequence[Row], packed: Sequence[tuple[int, int, bytes]]) -> None:
    """Add records, and the blocks that they are in (from, to, bytes). The caller has begun a transaction."""
    first = next_number(connection)
    kind_of, text_of = _Kinds(connection), _Texts(connection)
    connection.executemany(
        "INSERT INTO blocks VALUES (?, ?, ?)", [(first + start, end - start, block) for start, end, block in packed]
    )
    connection.executemany(
        "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (number, one.id, one.time, one.duration, kind_of[one.kind], text_of[one.text] if one.text else None,
             len(one.content), one.request_id, one.user, one.durations)
            for number, one in enumerate(rows, first)
        ],
    )  # fmt: skip
    for number, one in enumerate(rows, first):
        for mark in one.marks:
            put_mark(connection, number, mark)


class _Kinds(dict[Kind, int]):
    """The numbers of kinds, which get one where they have none."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__()
        self._connection = connection

    def __missing__(self, kind: Kind) -> int:
        steps = json.dumps(kind.steps)
        digest = hashlib.sha256(json.dumps(kind).encode("ascii")).digest()
        self._connection.execute(
            "INSERT OR IGNORE INTO kinds VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (digest, *kind[:-1], steps)
        )
        (number,) = self._connection.execute("SELECT kind FROM kinds WHERE digest = ?", (digest,)).fetchone()
        self[kind] = number
        return int(number)


class _Texts(dict[str, int]):
    """The numbers of texts, which get one where they have none."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__()
        self._connection = connection

    def __missing__(self, text: str) -> int:
        digest = hashlib.sha256(text.encode()).digest()
        self._connection.execute("INSERT OR IGNORE INTO texts VALUES (NULL, ?, ?)", (digest, text))
        (number,) = self._connection.execute("SELECT text FROM texts WHERE digest = ?", (digest,)).fetchone()
        self[text] = number
        return int(number)


def next_number(connection: sqlite3.Connection) -> int:
    """The number of the record that comes next."""
    last = connection.execute("SELECT first + records FROM blocks ORDER BY first DESC LIMIT 1").fetchone()
    return int(last[0]) if last else 1


def known(connection: sqlite3.Connection, ids: Sequence[bytes]) -> dict[bytes, int]:
    """The numbers of the records of these ids that are here."""
    found: dict[bytes, int] = {}
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        marks = ",".join("?" * len(some))
        found.update(connection.execute(f"SELECT id, number FROM records WHERE id IN ({marks})", some).fetchall())
    return found


def is_full(connection: sqlite3.Connection, records: int) -> bool:
    """Whether the partition has so many records, or so many bytes, that it should be sealed."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return next_number(connection) > records or pages * size > _FULL_BYTES


def span(connection: sqlite3.Connection) -> tuple[int | None, int | None]:
    """The first time and the last; None where there are no records."""
    low, high = connection.execute("SELECT (SELECT min(time) FROM records), (SELECT max(time) FROM records)").fetchone()
    return low, high


def ids(connection: sqlite3.Connection) -> list[bytes]:
    """All ids, in their order."""
    return [one for (one,) in connection.execute("SELECT id FROM records ORDER BY id").fetchall()]


def kinds(connection: sqlite3.Connection, where: str, values: Sequence[object]) -> list[tuple[int, Kind]]:
    """The kinds of which something holds."""
    rows = connection.execute(
        f'SELECT kind, comb, environment, subject, "release", arm, code, reason, steps FROM kinds WHERE {where}', values
    )
    return [
        (kind, Kind._make((*fields, tuple([tuple(step) for step in json.loads(steps)]))))
        for kind, *fields, steps in rows.fetchall()
    ]


class Contents:
    """Reads records from a partition. The block that was read last is remembered: neighbours are asked for in turn."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._block = Block(0, [])

    def record(self, number: int) -> Record | None:
        """A record with all its marks; None where it was deleted meanwhile."""
        if not 0 <= number - self._block.first < len(self._block.contents):
            self._block = block_of(self._connection, number)
        return self._whole(number, marked=True)

    def by_id(self, id: bytes) -> Record | None:
        """The record of an id, in one question, as each costs SQLite a lock; None where there is none."""
        row = self._connection.execute(_BY_ID, (id,)).fetchone()
        if row is None:
            return None
        number, marked, first, count, content = row
        if first != self._block.first:
            self._block = _opened(self._connection, first, count, content)
        return self._whole(number, marked=marked)

    def _whole(self, number: int, *, marked: bool) -> Record | None:
        content = self._block.contents[number - self._block.first]
        if not content:
            return None
        found = Record.FromString(content)
        if marked or found.marks:
            del found.marks[:]
            found.marks.extend(marks_of(self._connection, number))
        return found


class Block(NamedTuple):
    """Records that are compressed together, from the first one's number on; those that were deleted are empty."""

    first: int
    contents: list[bytes]


def block_of(connection: sqlite3.Connection, number: int) -> Block:
    """The block that a record is in."""
    first, count, content = connection.execute(
        "SELECT first, records, content FROM blocks WHERE first <= ? ORDER BY first DESC LIMIT 1", (number,)
    ).fetchone()
    return _opened(connection, first, count, content)


def _opened(connection: sqlite3.Connection, first: int, count: int, content: bytes) -> Block:
    if not content:
        return Block(first, [b""] * count)
    try:
        return Block(first, blocks.unpack(content, count))
    except blocks.BadBlock as bad:
        raise StoreError(f"{_file(connection)}: the block of record {first} is damaged ({bad}): run `repair`") from bad


def _file(connection: sqlite3.Connection) -> str:
    return str(connection.execute("PRAGMA database_list").fetchone()[2])


def marks_of(connection: sqlite3.Connection, number: int) -> list[Mark]:
    """The marks of a record, oldest first."""
    rows = connection.execute("SELECT content FROM marks WHERE number = ?", (number,)).fetchall()
    return sorted((Mark.FromString(one) for (one,) in rows), key=lambda one: (one.time, one.mark, one.by))


def put_mark(connection: sqlite3.Connection, number: int, mark: Mark) -> None:
    """Keep a mark, in place of what the same one said before with it."""
    connection.execute(
        "INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?, ?, ?)",
        (number, mark.mark, mark.by, mark.withdrawn, searched(mark.why), mark.SerializeToString()),
    )


def index(connection: sqlite3.Connection) -> None:
    """Add the indexes that scatter, once there is nothing more to come: to fill them row by row costs as much as the
    rest. Until then there are so few records that to look at each is as good.
    """
    connection.executescript(_SCATTERED)


def write_through(connection: sqlite3.Connection) -> None:
    """Bring all that was written into the file itself, and leave nothing of it in the log beside it.

    Raises StoreError where a reader does not let go of the log for as long as one waits.
    """
    (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise StoreError(f"{_file(connection)}: somebody reads from it for too long: try again")
