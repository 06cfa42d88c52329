"""Which partitions there are, and which of them has an id.

Everything here follows from the partitions, so that it can be made anew. One partition is open and takes what is put;
when it is full it is sealed: its ids come here, in their order, and a new one is opened. So the indexes into which each
record is put stay small, and what is looked up for all time is written in large, sorted portions.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import NamedTuple

from comb_compiler.samples.embedded import partition
from comb_compiler.samples.embedded.files import Directory, check_layout
from comb_compiler.samples.store import StoreError

__all__ = ["Catalogue", "Part", "snapshot", "transaction"]

_TABLES = """
CREATE TABLE parts (number INTEGER PRIMARY KEY AUTOINCREMENT, sealed INTEGER NOT NULL, low INTEGER, high INTEGER);
CREATE TABLE ids (id BLOB PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE purges (number INTEGER PRIMARY KEY, settled INTEGER NOT NULL);
INSERT INTO parts VALUES ({first}, 0, NULL, NULL)
"""
_PARTS_OF = """
SELECT NULL, number FROM parts WHERE NOT sealed UNION ALL SELECT id, number FROM ids WHERE id IN ({})
"""
_AT_ONCE = 500


class Part(NamedTuple):
    """A partition, and what is between its first time and its last; that of the open one is not known."""

    number: int
    sealed: bool
    low: int | None
    high: int | None


class Catalogue:
    """What the directory's catalogue says."""

    def __init__(self, directory: Directory, records: int) -> None:
        self._directory = directory
        self.records = records
        """How many records a partition has before it is sealed."""

    def connection(self) -> AbstractContextManager[sqlite3.Connection]:
        """A connection to it; it is made where there is nothing at all yet."""
        path = self._directory.catalogue
        try:
            inode = os.stat(path).st_ino
        except FileNotFoundError:
            self._make()
            inode = os.stat(path).st_ino
        return self._directory.connection(path, inode)

    def _make(self) -> None:
        with self._directory.writing():
            if self._directory.catalogue.exists():
                return
            self._directory.create(self._directory.partition(1), partition.TABLES)
            with self._directory.connection(self._directory.partition(1)) as first:
                is_new = partition.next_number(first) == 1
            if not is_new or self._directory.partitions() != [1]:
                raise StoreError(f"{self._directory.catalogue}: it is gone: `repair` makes it anew")
            self.make()

    def make(self, first: int = 1) -> None:
        """An empty one, with its first partition. The caller has the right to write."""
        self._directory.create(self._directory.partition(first), partition.TABLES)
        self._directory.create(self._directory.catalogue, _TABLES.format(first=first))

    def parts(self) -> list[Part]:
        """All partitions."""
        with self.connection() as found:
            check_layout(found, self._directory.catalogue)
            rows = found.execute("SELECT number, sealed, low, high FROM parts ORDER BY number").fetchall()
        found_parts = [Part(number, bool(sealed), low, high) for number, sealed, low, high in rows]
        self._directory.keep_only({self._directory.partition(part.number) for part in found_parts})
        return found_parts

    def partition(self, number: int) -> AbstractContextManager[sqlite3.Connection | None]:
        """A connection to a partition; None where it was deleted since one knew of it."""
        path = self._directory.partition(number)
        if os.path.exists(path):  # which costs a third of what Path's takes
            return self._directory.connection(path)
        if any(part.number == number for part in self.parts()):
            raise StoreError(f"{path}: it is gone, with its records: `repair` goes on without it")
        return nullcontext()

    def open_part(self) -> int:
        """The number of the partition that takes what is put."""
        with self.connection() as found:
            check_layout(found, self._directory.catalogue)
            (number,) = found.execute("SELECT number FROM parts WHERE NOT sealed").fetchone()
        return int(number)

    def parts_of(self, ids: Sequence[bytes]) -> dict[bytes, int]:
        """The partitions that these ids can be in: each in one, the open one where no other is known to have it."""
        known: dict[bytes, int] = {}
        with self.connection() as found:
            for start in range(0, len(ids), _AT_ONCE):
                some = ids[start : start + _AT_ONCE]
                # The open one first: what is sealed meanwhile is found in one of the two.
                (_, newest), *rows = found.execute(_parts_of(len(some)), some).fetchall()
                known |= dict.fromkeys(some, newest)
                known.update(rows)
        return known

    def seal(self, number: int) -> None:
        """Close a partition that is full, and open the next. The caller has the right to write."""
        with self._directory.connection(self._directory.partition(number)) as full:
            partition.index(full)
            partition.write_through(full)
            low, high = partition.span(full)
            ids = partition.ids(full)
        following = self.create_part()
        with self.connection() as found, transaction(found):
            found.executemany("INSERT OR IGNORE INTO ids VALUES (?, ?)", ((id, number) for id in ids))
            found.execute("UPDATE parts SET sealed = 1, low = ?, high = ? WHERE number = ?", (low, high, number))
            found.execute("INSERT INTO parts VALUES (?, 0, NULL, NULL)", (following,))

    def create_part(self) -> int:
        """The number of a partition that is empty and not listed yet; such a number is not used again."""
        with self.connection() as found:
            (last,) = found.execute("SELECT seq FROM sqlite_sequence WHERE name = 'parts'").fetchone()
        self._directory.create(self._directory.partition(last + 1), partition.TABLES)
        return int(last) + 1

    def purges(self) -> list[int]:
        """Partitions of which something is being deleted, or was when a process ended."""
        with self.connection() as found:
            return [number for (number,) in found.execute("SELECT number FROM purges").fetchall()]

    def unsettled(self) -> list[int]:
        """Those of them whose ids may be here for nothing."""
        with self.connection() as found:
            return [number for (number,) in found.execute("SELECT number FROM purges WHERE NOT settled").fetchall()]

    def begin_purge(self, number: int) -> None:
        """Note that something is deleted from a partition; before it is."""
        with self.connection() as found:
            found.execute("INSERT OR REPLACE INTO purges VALUES (?, 0)", (number,))

    def settle(self, number: int, ids: Sequence[bytes]) -> None:
        """Take out the ids of a partition that are none of these, which are left."""
        with self.connection() as found, transaction(found):
            left = set(ids)
            rows = found.execute("SELECT id FROM ids WHERE number = ?", (number,)).fetchall()
            found.executemany("DELETE FROM ids WHERE id = ?", [one for one in rows if one[0] not in left])
            found.execute("UPDATE purges SET settled = 1 WHERE number = ?", (number,))

    def end_purge(self, number: int) -> None:
        """Nothing is left of what was deleted from a partition."""
        with self.connection() as found:
            found.execute("DELETE FROM purges WHERE number = ?", (number,))

    def drop(self, number: int) -> None:
        """A partition is no more; its file is to go, and then its ids: a full disk has no room for more at once."""
        with self.connection() as found, transaction(found):
            found.execute("DELETE FROM parts WHERE number = ?", (number,))
            found.execute("INSERT OR REPLACE INTO purges VALUES (?, 0)", (number,))

    def ids_of(self, number: int) -> list[bytes]:
        """The ids that a partition is said to have."""
        with self.connection() as found:
            return [id for (id,) in found.execute("SELECT id FROM ids WHERE number = ?", (number,)).fetchall()]

    def take_in(self, part: Part, ids: Sequence[bytes], instead: int | None = None) -> None:
        """List a partition, with the ids that it has if it is sealed, and perhaps not another one any more."""
        with self.connection() as found, transaction(found):
            if instead is not None:
                found.execute("DELETE FROM ids WHERE number = ?", (instead,))
                found.execute("DELETE FROM parts WHERE number = ?", (instead,))
            found.execute("INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?)", part)
            if part.sealed:
                found.executemany("INSERT OR IGNORE INTO ids VALUES (?, ?)", ((id, part.number) for id in ids))


@cache
def _parts_of(ids: int) -> str:
    return _PARTS_OF.format(",".join("?" * ids))


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """What is read meanwhile is of one moment. It is to be short: who deletes waits for the end of it."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
