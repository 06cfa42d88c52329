"""Generated operations on a store, each held to the model."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from comb_compiler.samples.record_pb2 import Mark, Record
from comb_compiler.samples.store import By, Found, Put, Query, SampleStore
from tests.samples.generated import BY, EVERY, IDS, MARKS, QUERIES, RECORDS, SHARES
from tests.samples.model import Model, nearest

__all__ = ["Fresh", "Opener", "machine"]

Opener = Callable[[], SampleStore]
"""Opens one and the same store, however often; it can be sent to other processes."""

Fresh = Callable[[], AbstractContextManager[Opener]]
"""A new store, empty, until the end."""


class _Paging:
    """Pages that somebody is going through."""

    def __init__(self, query: Query, there: set[str]) -> None:
        self.query = query
        self.page = ""
        self.there = there
        self.seen: list[str] = []


class _Machine(RuleBasedStateMachine):
    fresh: Fresh
    nearly: bool

    def __init__(self) -> None:
        super().__init__()
        self.context = self.fresh()
        self.opener = self.context.__enter__()
        self.store = self.opener()
        self.model = Model()
        self.paging: list[_Paging] = []

    def teardown(self) -> None:
        assert ids(self.store.scan(Query())) == set(self.model.records)
        assert self.store.repair().lost == ()
        assert {one.id: one for one in self.store.scan(Query())} == {
            id: self.model.whole(id) for id in self.model.records
        }
        self.store.close()
        self.context.__exit__(None, None, None)

    @rule(records=st.lists(RECORDS, max_size=6))
    def put_a_few(self, records: list[Record]) -> None:
        self.put(records)

    @rule(records=st.lists(RECORDS, min_size=8, max_size=20))
    def put_many(self, records: list[Record]) -> None:
        self.put(records)

    def put(self, records: list[Record]) -> None:
        new = self.model.put(records)
        assert self.store.put(records) == Put(new, len(records) - new)

    @rule(id=IDS, other=IDS)
    def get(self, id: str, other: str) -> None:
        wanted = [one for one in dict.fromkeys((id, other)) if one in self.model.records]
        found = self.store.get([id, other, "no id"])
        assert dict(found) == {one: self.model.whole(one) for one in wanted}

    @rule(query=QUERIES, limit=st.integers(1, 30))
    def find(self, query: Query, limit: int) -> None:
        wanted = self.model.found(query)
        page = self.store.find(query, limit=limit)
        assert len(page.found) == min(limit, len(wanted))
        assert bool(page.next) == (len(wanted) > limit)
        times = [round(one.time * 1000) for one in page.found]
        assert times == sorted((round(one.time / 1e6) for one in wanted), reverse=True)[:limit]
        for one in page.found:
            self._is_right(one)
            assert one.id in ids(wanted)

    def _is_right(self, one: Found) -> None:
        record = self.model.records[one.id]
        fields = ("comb", "environment", "release", "subject", "arm", "code", "reason", "request_id")
        assert [getattr(one, name) for name in fields] == [getattr(record, name) for name in fields]
        assert (one.time, one.duration) == (record.time / 1e9, record.duration / 1e9)
        assert one.marks == tuple(sorted(self.model.standing(one.id)))
        assert one.size > 0

    @rule(query=QUERIES)
    def begin_paging(self, query: Query) -> None:
        # What marks say may change between pages, and with it what is found.
        query = query._replace(marks=(), text=None)
        self.paging = [*self.paging[-2:], _Paging(query, ids(self.model.found(query)))]

    @precondition(lambda self: self.paging)
    @rule(limit=st.integers(1, 9), which=st.integers(0, 2))
    def next_page(self, limit: int, which: int) -> None:
        one = self.paging[which % len(self.paging)]
        page = self.store.find(one.query, limit=limit, page=one.page)
        one.page = page.next
        one.seen += [found.id for found in page.found]
        assert len(set(one.seen)) == len(one.seen), "doubled"
        if not page.next:
            assert one.there <= set(one.seen), "skipped"
            self.paging.remove(one)

    @rule(query=QUERIES, by=BY, every=EVERY)
    def count(self, query: Query, by: list[By], every: float | None) -> None:
        counted = self.store.count(query, by, every)
        wanted = self.model.count(query, by, every)
        assert [(one.start, one.values) for one in counted] == sorted(wanted)
        assert {(one.start, one.values): one.records for one in counted} == wanted

    @rule(query=QUERIES, by=BY, every=EVERY, shares=SHARES)
    def latency(self, query: Query, by: list[By], every: float | None, shares: list[float]) -> None:
        rows = self.store.latency(query, shares, by, every)
        wanted = self.model.durations(query, by, every)
        assert [(one.start, one.values) for one in rows] == sorted(wanted)
        for one in rows:
            taken = wanted[one.start, one.values]
            assert one.records == len(taken)
            for share, given in zip(shares, one.percentiles, strict=True):
                if not self.nearly:
                    assert given == nearest(taken, share) / 1e9
                else:
                    assert _beside(taken, share, -1) - 1e-9 <= given <= _beside(taken, share, 1) + 1e-9

    @rule(id=IDS, mark=MARKS)
    def mark(self, id: str, mark: Mark) -> None:
        try:
            self.store.mark(id, mark)
        except KeyError:
            assert id not in self.model.records
        else:
            self.model.marks[id][mark.mark, mark.by] = mark

    @rule(query=QUERIES, marked=st.booleans())
    def delete(self, query: Query, marked: bool) -> None:
        gone = self.model.delete(query, marked=marked)
        assert self.store.delete(query, marked=marked) == len(gone)
        for one in self.paging:
            # An id that is put again after it was deleted is another record: it may be there or not.
            one.there -= gone
            one.seen = [id for id in one.seen if id not in gone]

    @rule(query=QUERIES)
    def scan(self, query: Query) -> None:
        found = list(self.store.scan(query))
        assert [one.time for one in found] == sorted(one.time for one in found)
        assert {one.id: one for one in found} == {one.id: self.model.whole(one.id) for one in self.model.found(query)}
        assert len(found) == len(ids(found))

    @rule(content=st.binary(max_size=9))
    def interface(self, content: bytes) -> None:
        digest = self.store.put_interface(content)
        assert self.store.interface(digest) == content

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = self.opener()

    @rule()
    def repair(self) -> None:
        done = self.store.repair()
        assert (done.looked_at, done.mended, done.lost) == (len(self.model.records), (), ())


def ids(records: Any) -> set[str]:
    """Of some records."""
    return {one.id for one in records}


def machine(fresh: Fresh, *, nearly: bool = False) -> type[RuleBasedStateMachine]:
    """The operations, on stores of one kind; `nearly` says that percentiles are not by nearest rank."""
    return type("Machine", (_Machine,), {"fresh": staticmethod(fresh), "nearly": nearly})


def _beside(ordered: list[int], share: float, ranks: int) -> float:
    """The duration that is so many ranks from that of a share, or the last there is, in seconds."""
    place = max(math.ceil(share * len(ordered)) - 1, 0) + ranks
    return ordered[min(max(place, 0), len(ordered) - 1)] / 1e9
