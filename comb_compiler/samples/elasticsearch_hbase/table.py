"""HBase's half: whole records, with what people say of them.

A row is one attempt to put a record. Its key is two digits of the record's id that spread rows over regions (those that
end it: what an id begins with may be a time), the id, and a token of the attempt: nobody overwrites another's row, and
what is deleted is exactly what was looked at. Which of the rows of an id is the record, Elasticsearch decides.

`k:` has what the record is found by, `k:s` its size and digest: they are written last, so that a row which has them is
whole. `c:` has the record's bytes in chunks, `m:` one mark in each cell, by its name and who said it.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from comb_compiler.samples.elasticsearch_hbase.calls import Calls
from comb_compiler.samples.elasticsearch_hbase.connections import Connections, verdict
from comb_compiler.samples.elasticsearch_hbase.settings import Settings
from comb_compiler.samples.record_pb2 import Mark, Record
from comb_compiler.samples.store import StoreError

if TYPE_CHECKING:
    from happybase import Table as Client

__all__ = ["FAMILIES", "Attempt", "Head", "Table", "row_key"]

FAMILIES = ("k", "c", "m")
_CHUNK = 1 << 20
"""Bytes of a cell: HBase refuses cells of 10 MiB, and is at its best far below."""
_AT_ONCE = 4 << 20
"""Bytes of a call, or a chunk more: neither side holds more of it in memory at once."""
_ROWS = 500
"""Rows of a call."""
_KEY = 2 + 32
_END = b"g"
"""Before it are the keys of all records."""
_SALTS = [(b"%02x" % salt, b"%02x" % (salt + 1) if salt < 255 else _END) for salt in range(256)]
"""What keys of records begin with, and where the next begins."""


class Attempt(NamedTuple):
    """What a row is made of."""

    id: str
    token: str
    user: str
    found_by: bytes
    content: bytes
    marks: Sequence[Mark]


class Head(NamedTuple):
    """A row without its content. `size` is -1 where it is not whole."""

    id: str
    token: str
    size: int
    digest: str
    found_by: bytes
    marks: tuple[Mark, ...]


def row_key(id: str, token: str = "") -> bytes:
    """The key of a row; of all rows of an id, what they begin with."""
    return f"{id[-2:]}{id}{token}".encode()


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
            *early, last = _chunks(one.content)
            for some in _grouped(early, _AT_ONCE // _CHUNK):
                self._write([(key, dict(some))])
            cells = dict([last]) | _keys(one) | {_column(mark): mark.SerializeToString() for mark in one.marks}
            batch.append((key, cells))
            held += sum(map(len, cells.values()))
            if held >= _AT_ONCE:
                self._write(batch)
                batch, held = [], 0
        if batch:
            self._write(batch)

    def put_mark(self, id: str, token: str, mark: Mark) -> None:
        """What somebody says, in place of what they said before."""
        self._write([(row_key(id, token), {_column(mark): mark.SerializeToString()})])

    def marks(self, id: str, token: str) -> tuple[Mark, ...]:
        """All that is said of a record, as `Record.marks` has it."""
        return _marks(self._do(lambda table: table.row(row_key(id, token), columns=[b"m"])))

    def heads(self, places: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Head]:
        """Rows by id and token, those that are there."""
        keys = [row_key(*place) for place in places]
        found: dict[tuple[str, str], Head] = {}
        for some in _grouped(keys, _ROWS):
            for key, cells in self._rows(some, [b"k", b"m"]):
                head = _head(key, cells)
                found[head.id, head.token] = head
        return found

    def all_heads(self) -> Iterator[Head]:
        """Every row, in the order of the keys; one that is written meanwhile may be there."""
        found = self._scan(b"", _END, [b"k", b"m"], None)
        yield from (_head(key, cells) for key, cells in found)

    def heads_of_user(self, user: str) -> Iterator[Head]:
        """Every row of a user, found by looking at each: for those that nothing else knows.

        The servers look at a 256th of the table in each call, so that none of them takes long.
        """
        literal = user.replace("'", "''")
        condition = f"SingleColumnValueFilter('k', 'u', =, 'binary:{literal}', true, true)"
        for start, stop in _SALTS:
            yield from (_head(key, cells) for key, cells in self._scan(start, stop, [b"k"], condition))

    def records(self, places: Sequence[tuple[str, str, int]]) -> Iterator[Record]:
        """Records by id, token and size, in this order, with their marks; those that are gone are left out.

        Raises StoreError for one that is damaged.
        """
        for some in _by_size(places):
            for head, content in self._contents(some):
                if content is None:
                    raise StoreError(f"HBase: record {head.id} is damaged; `comb samples repair` says what is lost")
                record = Record.FromString(content)
                del record.marks[:]
                record.marks.extend(head.marks)
                yield record

    def contents(self, heads: Sequence[Head]) -> Iterator[tuple[Head, bytes | None]]:
        """The bytes of records; None where they are not what was put."""
        for some in _by_size([(head.id, head.token, head.size) for head in heads]):
            yield from self._contents(some)

    def put_found_by(self, id: str, token: str, found_by: bytes) -> None:
        """What a record is found by, as it is now."""
        self._write([(row_key(id, token), {b"k:b": found_by})])

    def _contents(self, places: Sequence[tuple[str, str, int]]) -> Iterator[tuple[Head, bytes | None]]:
        if len(places) == 1 and places[0][2] > _AT_ONCE:
            yield from self._large(*places[0])
            return
        keys = [row_key(id, token) for id, token, _ in places]
        found = {key: cells for some in _grouped(keys, _ROWS) for key, cells in self._rows(some, [b"k", b"c", b"m"])}
        for key in keys:
            if key in found and (head := _head(key, found[key])).size >= 0:
                yield head, _joined(head, found[key])

    def _large(self, id: str, token: str, size: int) -> Iterator[tuple[Head, bytes | None]]:
        key = row_key(id, token)
        found = self.heads([(id, token)]).get((id, token))
        if found is None or found.size < 0:
            return
        columns = [_chunk_name(number) for number in range(-(-found.size // _CHUNK))]
        cells: dict[bytes, bytes] = {}
        for some in _grouped(columns, _AT_ONCE // _CHUNK):
            cells |= self._do(lambda table, some=some: table.row(key, columns=some))
        yield found, _joined(found, cells)

    def delete(self, places: Sequence[tuple[str, str]]) -> None:
        """Delete rows, wholly."""
        for some in _grouped(places, _ROWS):
            keys = [row_key(*place) for place in some]
            self._do(lambda table, keys=keys: _delete(table, keys))

    def put_interface(self, digest: str, descriptors: bytes) -> None:
        """Keep what messages are read with."""
        chunks = list(_chunks(descriptors))
        for some in _grouped(chunks, _AT_ONCE // _CHUNK):
            self._write([(_interface(digest), dict(some))])

    def interface(self, digest: str) -> bytes | None:
        """What was kept under a digest."""
        cells = self._do(lambda table: table.row(_interface(digest), columns=[b"c"]))
        return b"".join(cells[name] for name in sorted(cells)) if cells else None

    def families(self) -> dict[str, int] | None:
        """The table's column families, each with its time to live in seconds; None where there is no table."""
        if self._name.encode() not in self._do(lambda table: table.connection.tables()):
            return None
        found = self._do(lambda table: table.families())
        return {name.decode().rstrip(":"): one["time_to_live"] for name, one in found.items()}

    def create(self, keep: float | None) -> None:
        """Make the table. Through Thrift it begins as one region; how to begin with more is in the docs."""
        how = {"max_versions": 1} | ({} if keep is None else {"time_to_live": round(keep)})
        self._do(lambda table: table.connection.create_table(self._name, dict.fromkeys(FAMILIES, how)))

    def compact(self) -> None:
        """Ask HBase to write anew what has deleted cells in it, which it does when it can."""
        self._do(lambda table: table.connection.compact_table(self._name, major=True))

    def close(self) -> None:
        """Let go of connections."""
        self.connections.close()

    def _rows(self, keys: Sequence[bytes], columns: list[bytes]) -> Iterable[tuple[bytes, Mapping[bytes, bytes]]]:
        found: Iterable[tuple[bytes, Mapping[bytes, bytes]]] = self._do(lambda table: table.rows(keys, columns=columns))
        return found

    def _scan(
        self, start: bytes, stop: bytes, columns: list[bytes], condition: str | None
    ) -> Iterator[tuple[bytes, Mapping[bytes, bytes]]]:
        """Rows, some at a time, each time from after the last: a connection that is lost between costs nothing."""
        while True:
            scan = partial(_scanned, start=start, stop=stop, columns=columns, condition=condition)
            some = self._do(scan)
            yield from some
            if len(some) < _ROWS:
                return
            start = some[-1][0] + b"\0"

    def _write(self, rows: Sequence[tuple[bytes, Mapping[bytes, bytes]]]) -> None:
        self._do(lambda table: _put(table, rows))

    def _do(self, act: Any) -> Any:
        def once() -> Any:
            with self.connections.one() as connection:
                return act(connection.table(self._name))

        return self.calls(once)


def _scanned(
    table: "Client", *, start: bytes, stop: bytes, columns: list[bytes], condition: str | None
) -> list[tuple[bytes, Mapping[bytes, bytes]]]:
    return list(
        table.scan(row_start=start, row_stop=stop, columns=columns, filter=condition, batch_size=_ROWS, limit=_ROWS)
    )


def _put(table: "Client", rows: Sequence[tuple[bytes, Mapping[bytes, bytes]]]) -> None:
    batch = table.batch()
    for key, cells in rows:
        batch.put(key, cells)
    batch.send()


def _delete(table: "Client", keys: Sequence[bytes]) -> None:
    batch = table.batch()
    for key in keys:
        batch.delete(key)
    batch.send()


def _keys(one: Attempt) -> dict[bytes, bytes]:
    whole = f"{len(one.content)} {_digest(one.content)}".encode()
    return {b"k:b": one.found_by, b"k:u": one.user.encode(), b"k:s": whole}


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    for number, start in enumerate(range(0, max(len(content), 1), _CHUNK)):
        yield _chunk_name(number), content[start : start + _CHUNK]


def _chunk_name(number: int) -> bytes:
    return b"c:%05d" % number


def _column(mark: Mark) -> bytes:
    return f"m:{mark.mark}\0{mark.by}".encode()


def _interface(digest: str) -> bytes:
    return f"interface {digest}".encode()  # no digit comes after an `i`: all of them are behind the records


def _head(key: bytes, cells: Mapping[bytes, bytes]) -> Head:
    text = key.decode("utf-8", "replace")
    size, _, digest = cells.get(b"k:s", b"-1 ").decode().partition(" ")
    return Head(text[2:_KEY], text[_KEY:], int(size), digest, cells.get(b"k:b", b""), _marks(cells))


def _marks(cells: Mapping[bytes, bytes]) -> tuple[Mark, ...]:
    found = [Mark.FromString(content) for name, content in cells.items() if name.startswith(b"m:")]
    return tuple(sorted(found, key=lambda one: (one.time, one.mark, one.by)))


def _joined(head: Head, cells: Mapping[bytes, bytes]) -> bytes | None:
    content = b"".join(cells[name] for name in sorted(cells) if name.startswith(b"c:"))
    return content if len(content) == head.size and _digest(content) == head.digest else None


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
