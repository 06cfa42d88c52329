"""HBase's half: whole records, with what people say of them. How they lie there is in `cells`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from comb_compiler.samples.elasticsearch_hbase.calls import Calls
from comb_compiler.samples.elasticsearch_hbase.cells import (
    CHUNK,
    FAMILIES,
    Attempt,
    Head,
    Kept,
    cells,
    chunks,
    head,
    kept,
    mark_cell,
    row_key,
    user_in_columns,
)
from comb_compiler.samples.elasticsearch_hbase.connections import Connections, verdict
from comb_compiler.samples.elasticsearch_hbase.settings import Settings
from comb_compiler.samples.record_pb2 import Mark, Record
from comb_compiler.samples.store import StoreError

if TYPE_CHECKING:
    from happybase import Table as Client

__all__ = ["Table"]

_AT_ONCE = 4 << 20
"""Bytes of a call, or a chunk more: neither side holds more of it in memory at once."""
_ROWS = 500
"""Rows of a call."""
_ALL = [name.encode() for name in FAMILIES]
_COLUMNS_ONLY = "KeyOnlyFilter()"
_END = b"g"
"""Before it are the keys of all records."""
_SALTS = [(b"%02x" % salt, b"%02x" % (salt + 1) if salt < 255 else _END) for salt in range(256)]
"""What keys of records begin with, and where the next begins."""


class Table:
    """The table. Every method raises StoreError where HBase does not answer."""

    def __init__(self, settings: Settings) -> None:
        self.calls = Calls(f"HBase at {settings.host}:{settings.port}", verdict, settings.timeout)
        self.connections = Connections(settings)
        self.seconds = settings.timeout
        self._name = settings.table

    def put(self, attempts: Iterable[Attempt]) -> None:
        """Write rows; they are on HBase's log when this returns."""
        batch: list[tuple[bytes, dict[bytes, bytes]]] = []
        held = 0
        for one in attempts:
            key = row_key(one.id, one.token)
            *early, last = cells(one)
            self._write_early(key, early)
            row = dict([last, *map(mark_cell, one.marks)])
            batch.append((key, row))
            held += sum(map(len, row.values()))
            if held >= _AT_ONCE:
                self._write(batch)
                batch, held = [], 0
        if batch:
            self._write(batch)

    def put_mark(self, id: str, token: str, mark: Mark) -> None:
        """What somebody says, in place of what they said before."""
        self._write([(row_key(id, token), dict([mark_cell(mark)]))])

    def keep(self, row: Kept, user: str) -> bool:
        """Keep a record, one of a user's, however old it becomes; whether its row is still there, without which nothing
        is kept. The row is marked, and is not damaged.

        HBase looks at the row and writes the last chunk in one step: who deletes it has deleted this as well.
        """
        assert row.content is not None
        key = row_key(row.id, row.token)
        *early, (column, content) = cells(Attempt(row.id, row.token, user, row.content, row.marks))
        self._write_early(key, early)
        looked_at = column.replace(b"k:", b"c:", 1)
        return bool(self._do(lambda table: _put_if(table, key, looked_at, column, content)))

    def head(self, id: str, token: str) -> Head | None:
        """A row by its columns; None where there is none."""
        key = row_key(id, token)
        columns = self._columns(key)
        return head(key, columns) if columns else None

    def all_heads(self) -> Iterator[Head]:
        """Every row, in the order of the keys; one that is written meanwhile may be there."""
        found = self._scan(b"", _END, _ALL, _COLUMNS_ONLY)
        yield from (head(key, row) for key, row in found)

    def heads_of_user(self, user: str) -> Iterator[Head]:
        """Every row of a user, found by looking at each: for those that nothing else knows.

        The servers look at a 256th of the table in each call, so that none of them takes long.
        """
        condition = f"QualifierFilter(=, 'substring:{user_in_columns(user)}') AND {_COLUMNS_ONLY}"
        for start, stop in _SALTS:
            yield from (head(key, row) for key, row in self._scan(start, stop, [b"c", b"k"], condition))

    def records(self, places: Sequence[tuple[str, str, int]]) -> Iterator[Record]:
        """Records by id, token and size, in this order, with their marks; those that are gone are left out.

        Raises StoreError for one that is damaged.
        """
        for one in self.rows(places):
            if one.content is None:
                raise StoreError(f"HBase: record {one.id} is damaged; `comb samples repair` says what is lost")
            record = Record.FromString(one.content)
            del record.marks[:]
            record.marks.extend(one.marks)
            yield record

    def rows(self, places: Sequence[tuple[str, str, int]]) -> Iterator[Kept]:
        """Rows by id, token and about what size, in this order; those that are gone, or not whole, are left out."""
        for some in _by_size(places):
            keys = [row_key(id, token) for id, token, _ in some]
            is_large = len(some) == 1 and some[0][2] > _AT_ONCE
            found = [self._large(keys[0])] if is_large else self._small(keys)
            yield from (one for one in found if one is not None)

    def _small(self, keys: Sequence[bytes]) -> list[Kept | None]:
        found: dict[bytes, Mapping[bytes, bytes]] = {}
        for some in _grouped(keys, _ROWS):
            found.update(self._do(lambda table, some=some: table.rows(some, columns=_ALL)))
        return [kept(key, found.get(key, {})) for key in keys]

    def _large(self, key: bytes) -> Kept | None:
        columns, row = self._columns(key), dict[bytes, bytes]()
        where = (f"{head(key, columns).family}:".encode(), b"m:")
        wanted = [name for name in columns if name.startswith(where)]
        for some in _grouped(wanted, _AT_ONCE // CHUNK):
            row |= self._do(lambda table, some=some: table.row(key, columns=some))
        return kept(key, row)

    def delete(self, places: Sequence[tuple[str, str]]) -> None:
        """Delete rows, wholly."""
        for some in _grouped(places, _ROWS):
            keys = [row_key(*place) for place in some]
            self._do(lambda table, keys=keys: _delete(table, keys))

    def put_interface(self, digest: str, descriptors: bytes) -> None:
        """Keep what messages are read with."""
        named = [(b"k:%05d" % number, chunk) for number, chunk in chunks(descriptors)]
        self._write_early(_interface(digest), named)

    def interface(self, digest: str) -> bytes | None:
        """What was kept under a digest."""
        row = self._do(lambda table: table.row(_interface(digest), columns=[b"k"]))
        return b"".join(row[name] for name in sorted(row)) if row else None

    def families(self) -> dict[str, int] | None:
        """The table's column families, each with its time to live in seconds; None where there is no table."""
        if self._name.encode() not in self._do(lambda table: table.connection.tables()):
            return None
        found = self._do(lambda table: table.families())
        return {name.decode().rstrip(":"): one["time_to_live"] for name, one in found.items()}

    def is_enabled(self) -> bool:
        """Whether the table takes anything, and gives it."""
        return bool(self._do(lambda table: table.connection.is_table_enabled(self._name)))

    def create(self, lives: Mapping[str, int | None]) -> None:
        """Make the table with these families, and how many seconds their cells live.

        Through Thrift it begins as one region; how to begin with more is in the docs.
        """
        families = {
            name: {"max_versions": 1} | ({} if live is None else {"time_to_live": live}) for name, live in lives.items()
        }
        self._do(lambda table: table.connection.create_table(self._name, families))

    def compact(self) -> None:
        """Ask HBase to write anew what has deleted cells in it, which it does when it can."""
        self._do(lambda table: table.connection.compact_table(self._name, major=True))

    def close(self) -> None:
        """Let go of connections."""
        self.connections.close()

    def _columns(self, key: bytes) -> list[bytes]:
        """The columns of a row."""
        scan = partial(_scanned, start=key, stop=key + b"\0", columns=_ALL, condition=_COLUMNS_ONLY)
        return [name for _, row in self._do(scan) for name in sorted(row)]

    def _scan(
        self, start: bytes, stop: bytes, columns: list[bytes], condition: str
    ) -> Iterator[tuple[bytes, Mapping[bytes, bytes]]]:
        """Rows, some at a time, each time from after the last: a connection that is lost between costs nothing."""
        while True:
            scan = partial(_scanned, start=start, stop=stop, columns=columns, condition=condition)
            some = self._do(scan)
            yield from some
            if len(some) < _ROWS:
                return
            start = some[-1][0] + b"\0"

    def _write_early(self, key: bytes, row: Sequence[tuple[bytes, bytes]]) -> None:
        """Chunks of one row."""
        for some in _grouped(row, _AT_ONCE // CHUNK):
            self._write([(key, dict(some))])

    def _write(self, rows: Sequence[tuple[bytes, Mapping[bytes, bytes]]]) -> None:
        self._do(lambda table: _put(table, rows))

    def _do(self, act: Any) -> Any:
        def once() -> Any:
            with self.connections.one() as connection:
                return act(connection.table(self._name))

        return self.calls(once)


def _scanned(
    table: "Client", *, start: bytes, stop: bytes, columns: list[bytes], condition: str
) -> list[tuple[bytes, Mapping[bytes, bytes]]]:
    return list(
        table.scan(row_start=start, row_stop=stop, columns=columns, filter=condition, batch_size=_ROWS, limit=_ROWS)
    )


def _put(table: "Client", rows: Sequence[tuple[bytes, Mapping[bytes, bytes]]]) -> None:
    batch = table.batch()
    for key, row in rows:
        batch.put(key, row)
    batch.send()


def _put_if(table: Any, key: bytes, looked_at: bytes, column: bytes, content: bytes) -> bool:
    """Write a cell if another one of the row has the same content; happybase has no word for it."""
    from happybase.batch import Mutation

    mutation = Mutation(isDelete=False, column=column, value=content, writeToWAL=True)
    return bool(table.connection.client.checkAndPut(table.name, key, looked_at, content, mutation, {}))


def _delete(table: "Client", keys: Sequence[bytes]) -> None:
    batch = table.batch()
    for key in keys:
        batch.delete(key, _ALL)
    batch.send()


def _interface(digest: str) -> bytes:
    return f"interface {digest}".encode()  # no digit comes after an `i`: all of them are behind the records


def _grouped(all: Sequence[Any], most: int) -> Iterator[Any]:
    return (all[start : start + most] for start in range(0, len(all), most))


def _by_size(places: Sequence[tuple[str, str, int]]) -> Iterator[list[tuple[str, str, int]]]:
    """Places whose records are read with one call: a large one is alone."""
    batch: list[tuple[str, str, int]] = []
    held = 0
    for one in places:
        if batch and held + one[2] > _AT_ONCE:
            yield batch
            batch, held = [], 0
        batch.append(one)
        held += one[2]
    if batch:
        yield batch
