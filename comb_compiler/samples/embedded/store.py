"""A directory → a SampleStore. What it promises is in docs/explanation/the-sample-store.md.

A put is one transaction of SQLite's: when it returns, its records survive the end of this process at any instant, by
SIGKILL too, and are found. A machine that loses power may lose the last of them, and no more than those: the files
stay whole. With `durable`, each put is flushed to the disk first, and survives that as well.

Everything that writes takes its turn, in this process and between processes of the machine; readers wait for nobody.
"""

import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby, islice
from pathlib import Path

from comb_compiler.samples.embedded import blocks, counting, lists, mending, partition, reading, removing
from comb_compiler.samples.embedded.catalogue import Catalogue, snapshot, transaction
from comb_compiler.samples.embedded.files import Directory, answering
from comb_compiler.samples.record_pb2 import Mark, Record
from comb_compiler.samples.rows import Row, row
from comb_compiler.samples.store import BadPage, Bucket, By, Latency, Page, Put, Query, Refused, Repaired, StoreError

__all__ = ["PARTITION", "EmbeddedStore"]

PARTITION = 65536
"""Records in a partition."""


class EmbeddedStore:
    """Records in a directory, which is made where there is none.

    `partition` is how many records are kept together: more make searches over all time faster, fewer make puts faster.
    `patience` is for how many seconds one waits for others that write. A store is not to be used in a process that was
    forked from the one that made it; each opens its own.
    """

    def __init__(
        self, path: str | Path, *, durable: bool = False, partition: int = PARTITION, patience: float = 30
    ) -> None:
        self._directory = Directory(Path(path).absolute(), patience, durable)
        self._catalogue = Catalogue(self._directory, partition)
        with answering(self._directory.path):
            self._directory.interfaces.mkdir(parents=True, exist_ok=True)
        self._directory.keep_reserve()

    def put(self, records: Sequence[Record]) -> Put:
        """As SampleStore says. A record has at most 256 MiB."""
        rows: dict[bytes, Row] = {}
        refused = []
        for record in records:
            one = row(record)
            if isinstance(one, Refused):
                refused.append(one)
            else:
                rows.setdefault(one.id, one)
        new = self._put(list(rows.values())) if rows else 0
        return Put(new, len(records) - len(refused) - new, tuple(refused))

    def _put(self, rows: list[Row]) -> int:
        packed = blocks.packed(
            [one.content for one in rows]
        )  # before it is this one's turn, so that several writers have their processors busy
        with self._directory.writing():
            return self._add(rows, packed)

    def _add(self, rows: list[Row], packed: list[tuple[int, int, bytes]]) -> int:
        for part in self._catalogue.unsettled():  # somebody was ended while deleting
            removing.settle(self._catalogue, part)
        number = self._catalogue.open_part()
        ids = [one.id for one in rows]
        parts = self._catalogue.parts_of(ids)
        with self._directory.connection(self._directory.partition(number)) as connection:
            known = partition.known(connection, ids)
            if known or any(part != number for part in parts.values()):
                rows = [one for one in rows if one.id not in known and parts[one.id] == number]
                packed = blocks.packed([one.content for one in rows])
            with transaction(connection):
                partition.add(connection, rows, packed)
            full = partition.is_full(connection, self._catalogue.records)
        if full:
            with suppress(StoreError):  # the records are kept; whoever puts next tries it again
                self._catalogue.seal(number)
        return len(rows)

    def put_interface(self, descriptors: bytes) -> str:
        """As SampleStore says."""
        digest = hashlib.sha256(descriptors).hexdigest()
        path = self._directory.interfaces / digest
        with answering(path):
            if not path.exists():
                # A name of its own until it is whole: others may put the same one now.
                whole = path.with_name(f".{digest}.{os.getpid()}.{threading.get_ident()}")
                whole.write_bytes(descriptors)
                whole.replace(path)
        return digest

    def interface(self, digest: str) -> bytes | None:
        """As SampleStore says."""
        path = self._directory.interfaces / digest
        if not digest.isalnum() or not path.exists():
            return None
        with answering(path):
            content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != digest:
            raise StoreError(f"{path}: it is damaged: remove it, and it is written again by who uses it")
        return content

    def get(self, ids: Sequence[str]) -> Mapping[str, Record]:
        """As SampleStore says."""
        wanted = [bytes.fromhex(one) for one in ids if _is_id(one)]
        here: dict[int, list[bytes]] = {}
        for one, number in self._catalogue.parts_of(wanted).items():
            here.setdefault(number, []).append(one)
        records: dict[str, Record] = {}
        for number, some in here.items():
            with self._catalogue.partition(number) as connection:
                if connection:
                    contents = partition.Contents(connection)
                    for one in some:
                        record = contents.by_id(one)
                        if record is not None:
                            records[one.hex()] = record
        return {one: records[one] for one in ids if one in records}

    def find(self, query: Query, *, limit: int = 100, page: str = "") -> Page:
        """As SampleStore says. Records of one time stand in the order in which they came."""
        after = _place(page) if page else None
        places = reading.in_order(
            self._catalogue, self._catalogue.parts(), query, newest=True, after=after, chunk=min(limit, 500) + 1
        )
        some = list(islice(places, limit + 1))
        more = len(some) > limit
        found = lists.found(self._catalogue, some[:limit])
        return Page(tuple(found), ".".join(map(str, some[limit - 1])) if more else "")

    def count(self, query: Query, by: Sequence[By] = (), every: float | None = None) -> Sequence[Bucket]:
        """As SampleStore says."""
        counted = counting.counts(self._connections(query), query, by, every)
        return [Bucket(group.start / 1e9, group.values, counted[group]) for group in sorted(counted)]

    def latency(
        self,
        query: Query,
        percentiles: Sequence[float] = (0.5, 0.9, 0.99),
        by: Sequence[By] = (),
        every: float | None = None,
    ) -> Sequence[Latency]:
        """As SampleStore says: exact, by nearest rank. It takes eight bytes of memory for each duration."""
        rows = []
        for group, taken in sorted(counting.times(self._connections(query), query, by, every).items()):
            ordered = sorted(taken)
            shares = tuple(counting.percentile(ordered, share) / 1e9 for share in percentiles)
            rows.append(Latency(group.start / 1e9, group.values, len(ordered), shares))
        return rows

    def _connections(self, query: Query) -> Iterator[sqlite3.Connection]:
        for part in self._catalogue.parts():
            if reading.may_have(part, query):
                with self._catalogue.partition(part.number) as connection:
                    if connection:
                        with snapshot(connection):
                            yield connection

    def mark(self, id: str, mark: Mark) -> None:
        """As SampleStore says."""
        with self._directory.writing():
            wanted = bytes.fromhex(id) if _is_id(id) else b""
            (number,) = self._catalogue.parts_of([wanted]).values()
            with self._catalogue.partition(number) as connection:
                places = partition.known(connection, [wanted]) if connection else {}
                if not connection or not places:
                    raise KeyError(id)
                with transaction(connection):
                    partition.put_mark(connection, places[wanted], mark)

    def delete(self, query: Query, *, marked: bool = False) -> int:
        """As SampleStore says.

        Where it is by user, what `repair` has taken out of use goes too: nobody can say what is in it.
        """
        return removing.delete(self._directory, self._catalogue, query, marked=marked)

    def scan(self, query: Query) -> Iterator[Record]:
        """As SampleStore says. What is deleted meanwhile is left out; what comes may be there."""
        places = reading.in_order(self._catalogue, self._catalogue.parts(), query, newest=False, after=None)
        for part, some in groupby(places, key=lambda place: place.part):
            with self._catalogue.partition(part) as connection:
                if connection:
                    contents = partition.Contents(connection)
                    yield from (one for place in some if (one := contents.record(place.number)) is not None)

    def repair(self) -> Repaired:
        """As SampleStore says. It holds up who writes, for a partition at a time."""
        return mending.repair(self._directory, self._catalogue)

    def close(self) -> None:
        """As SampleStore says."""
        self._directory.close()


def _is_id(id: str) -> bool:
    return len(id) == 32 and not id.strip("0123456789abcdef")


def _place(page: str) -> reading.Place:
    try:
        return reading.Place(*map(int, page.split(".")))
    except (TypeError, ValueError):
        raise BadPage(f"{page[:80]!r} is no page of this store: ask for the first one, without a page") from None
