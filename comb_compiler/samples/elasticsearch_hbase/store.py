"""Two servers → a SampleStore. What it promises is in docs/how-to/run-the-production-store.md.

Record first, index after: a put writes the whole record to HBase, and then creates a document of it in Elasticsearch;
from that instant it is there. Whatever ends between the two leaves a row that nothing names, which is nobody's record:
a retry makes another, and `repair` makes it one, or removes it.
"""

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from comb_compiler.samples.elasticsearch_hbase import counting, marking, mending, putting, removing
from comb_compiler.samples.elasticsearch_hbase.asking import asked
from comb_compiler.samples.elasticsearch_hbase.documents import LISTED, as_found
from comb_compiler.samples.elasticsearch_hbase.index import Index, no_sample
from comb_compiler.samples.elasticsearch_hbase.settings import Settings
from comb_compiler.samples.elasticsearch_hbase.setup import check_indices
from comb_compiler.samples.elasticsearch_hbase.table import Table
from comb_compiler.samples.figures import StoreFigures
from comb_compiler.samples.record_pb2 import Mark, Record
from comb_compiler.samples.rows import Row, row
from comb_compiler.samples.store import (
    BadPage,
    Bucket,
    By,
    Found,
    Latency,
    Page,
    Put,
    Query,
    Refused,
    Repaired,
    StoreError,
)

__all__ = ["ProductionStore"]

_ID = re.compile("[0-9a-f]{32}")
_PAGE = re.compile(r"(-?[0-9]{1,19})\.([0-9a-f]{32})")
_MOST = 1000
"""Of a search."""


class ProductionStore:
    """Records in HBase, found by Elasticsearch. It connects when it is first used; several threads may use it."""

    def __init__(self, settings: Settings) -> None:
        self._table = Table(settings)
        self._index = Index(settings)
        self._keep = settings.keep
        self._is_closed = False
        self._is_set_up = False
        self._has_failed = False
        """Whether the last put did."""
        self._lock = threading.Lock()
        self._came: Counter[str] = Counter()

    def put(self, records: Sequence[Record]) -> Put:
        """As SampleStore says. A record has at most 256 MiB."""
        self._open()
        refused: list[Refused] = []
        rows = _rows(records, refused)
        if self._has_failed:  # each attempt leaves rows: before many of them, it is seen whether documents can be made
            check_indices(self._index)
        new = self._put(rows)
        put = Put(new, len(records) - len(refused) - new, tuple(refused))
        with self._lock:
            self._came.update(new=new, known=put.known, refused=len(refused))
        return put

    def _put(self, rows: Iterator[Row]) -> int:
        try:
            new = putting.put(self._index, self._table, rows, careful=self._has_failed)
        except StoreError:
            self._has_failed = True
            raise
        self._has_failed = False
        return new

    def put_interface(self, descriptors: bytes) -> str:
        """As SampleStore says."""
        self._open()
        digest = hashlib.sha256(descriptors).hexdigest()
        self._table.put_interface(digest, descriptors)
        return digest

    def interface(self, digest: str) -> bytes | None:
        """As SampleStore says."""
        self._open()
        content = self._table.interface(digest) if re.fullmatch("[0-9a-f]{64}", digest) else None
        if content is not None and hashlib.sha256(content).hexdigest() != digest:
            raise StoreError(f"HBase: interface {digest} is damaged; it is written again by who uses it")
        return content

    def get(self, ids: Sequence[str]) -> Mapping[str, Record]:
        """As SampleStore says."""
        self._open()
        wanted = [one for one in dict.fromkeys(ids) if _ID.fullmatch(one)]
        known = self._index.get(wanted) if wanted else {}
        places = [
            (*known[id].place, known[id].source["size"]) for id in wanted if id in known and not known[id].is_gone
        ]
        return {one.id: one for one in self._table.records(places)}

    def find(self, query: Query, *, limit: int = 100, page: str = "") -> Page:
        """As SampleStore says. Records of one time stand in the order of their ids."""
        self._open()
        after = _place(page) if page else None
        if after is None:
            self._index.refresh()
        hits: list[Mapping[str, Any]] = []
        while len(hits) <= limit:
            size = min(limit + 1 - len(hits), _MOST)
            some = self._some(query, size, after)
            hits += some
            if len(some) < size:
                break
            after = some[-1]["sort"]
        found = tuple(map(_found, hits[:limit]))
        return Page(found, ".".join(map(str, hits[limit - 1]["sort"])) if len(hits) > limit else "")

    def _some(self, query: Query, size: int, after: Sequence[Any] | None) -> list[Mapping[str, Any]]:
        """What is found after a place. Neither time nor id of a record ever changes, so places stay where they are."""
        more = {} if after is None else {"search_after": after}
        answer = self._index.search(
            query=asked(query), size=size, sort=[{"time": "desc"}, {"id": "desc"}], source=list(LISTED),
            track_total_hits=False, **more,
        )  # fmt: skip
        hits: list[Mapping[str, Any]] = answer["hits"]["hits"]
        return hits

    def count(self, query: Query, by: Sequence[By] = (), every: float | None = None) -> Sequence[Bucket]:
        """As SampleStore says. Stretches begin where they should within what a double tells apart: 256 ns today."""
        self._open()
        return counting.counts(self._index, query, by, every)

    def latency(
        self,
        query: Query,
        percentiles: Sequence[float] = (0.5, 0.9, 0.99),
        by: Sequence[By] = (),
        every: float | None = None,
    ) -> Sequence[Latency]:
        """As SampleStore says: nearly, by Elasticsearch's t-digests."""
        self._open()
        return counting.latencies(self._index, query, percentiles, by, every)

    def mark(self, id: str, mark: Mark) -> None:
        """As SampleStore says."""
        self._open()
        if not _ID.fullmatch(id) or not marking.mark(self._index, self._table, id, mark):
            raise KeyError(id)

    def delete(self, query: Query, *, marked: bool = False) -> int:
        """As SampleStore says: no answer has them from then on. Their bytes go when the servers next write files anew.

        By user both are asked to do so at once, and rows that nothing names are looked through as well.
        """
        self._open()
        return removing.delete(self._index, self._table, query, marked=marked)

    def scan(self, query: Query) -> Iterator[Record]:
        """As SampleStore says. What is deleted meanwhile is left out."""
        self._open()
        self._index.refresh()
        for some in self._index.walk(asked(query), fields=("token", "size")):
            yield from self._table.records([(*one.place, one.source["size"]) for one in some])

    def repair(self) -> Repaired:
        """As SampleStore says. It reads every record, and holds nobody up."""
        self._open()
        return mending.repair(self._index, self._table, self._keep)

    def figures(self) -> StoreFigures:
        """What has been counted since the store was made: records that were put, and calls of each server."""
        servers = {"elasticsearch": self._index.calls.figures(), "hbase": self._table.calls.figures()}
        with self._lock:
            return StoreFigures(self._came["new"], self._came["known"], self._came["refused"], servers)

    def close(self) -> None:
        """As SampleStore says."""
        self._is_closed = True
        self._table.close()
        self._index.close()

    def _open(self) -> None:
        if self._is_closed:
            raise StoreError("the store is closed")
        if not self._is_set_up:
            check_indices(self._index)
            self._is_set_up = True


def _rows(records: Sequence[Record], refused: list[Refused]) -> Iterator[Row]:
    """The rows of records, one of each id; those that cannot be kept go to `refused`."""
    ids: set[bytes] = set()
    for record in records:
        one = row(record)
        if isinstance(one, Refused):
            refused.append(one)
        elif one.id not in ids:
            ids.add(one.id)
            yield one


def _found(hit: Mapping[str, Any]) -> Found:
    try:
        return as_found(hit["_source"])
    except KeyError as missing:
        raise no_sample(hit["_index"], hit["_id"]) from missing


def _place(page: str) -> Sequence[Any]:
    found = _PAGE.fullmatch(page)
    if found is None or abs(int(found[1])) >= 2**63:
        raise BadPage(f"{page[:80]!r} is no page of this store: ask for the first one, without a page")
    return int(found[1]), found[2]
