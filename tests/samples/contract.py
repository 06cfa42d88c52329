"""What every sample store has to do. A store's tests are a subclass of `Contract` that says how to open one.

Everything is said of what the Protocol can do alone: how a store keeps its records is for its own tests.
"""

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from comb_compiler.samples.kept import ABSENT, CHANGED, find_kept, kept_of
from comb_compiler.samples.record_pb2 import Mark, Record
from comb_compiler.samples.store import BadPage, Query, SampleStore, StoreError
from tests.samples.machine import Fresh, Opener, machine
from tests.samples.made import record

__all__ = ["Contract"]

WRITERS, ROUNDS, BATCH = 3, 12, 20
PATIENCE = 600.0
"""Seconds for all of them, on a machine that does much else."""
EVERYTHING = ROUNDS * BATCH // 2 * (WRITERS + 1)
"""Records that there are in the end."""


class Contract:
    """The tests. `fresh` is a function that makes new stores, and `steps` how many operations to generate at once."""

    steps = 50
    examples = 60
    nearly = False
    """Whether percentiles are between those of the ranks beside theirs, and not exact."""

    @pytest.fixture
    def fresh(self) -> Fresh:
        """How new stores are made."""
        raise NotImplementedError

    @pytest.fixture
    def opener(self, fresh: Fresh) -> Iterator[Opener]:
        """One new store."""
        with fresh() as opener:
            yield opener

    @pytest.fixture
    def store(self, opener: Opener) -> Iterator[SampleStore]:
        """It, opened."""
        store = opener()
        yield store
        store.close()

    @pytest.mark.slow
    def test_generated_operations_do_what_the_model_does(self, fresh: Fresh) -> None:
        how_many = min(self.examples, settings().max_examples)
        run_state_machine_as_test(
            machine(fresh, nearly=self.nearly), settings=settings(max_examples=how_many, stateful_step_count=self.steps)
        )

    def test_the_first_record_of_an_id_stays(self, store: SampleStore) -> None:
        assert store.put([record(1, comb="first"), record(1, comb="second")]) == (1, 1, ())
        assert store.put([record(1, comb="third"), record(2)]) == (1, 1, ())
        assert store.get([record(1).id])[record(1).id].comb == "first"

    def test_what_no_retry_will_put_is_refused_by_itself(self, store: SampleStore) -> None:
        put = store.put(
            [Record(schema=1, id="no digits"), record(1), Record(id="0" * 32), Record(schema=1, id="A" * 32)]
        )
        assert put.new == 1
        assert [(one.id, bool(one.why)) for one in put.refused] == [
            ("no digits", True),
            ("0" * 32, True),
            ("A" * 32, True),
        ]

    def test_a_record_of_a_newer_schema_is_kept_to_the_byte(self, store: SampleStore) -> None:
        newer = record(1, schema=2).SerializeToString() + b"\xfa\x3f\x05later"  # field 1023
        assert store.put([Record.FromString(newer)]).new == 1
        (kept,) = store.get([record(1).id]).values()
        assert (kept.schema, b"\xfa\x3f\x05later" in kept.SerializeToString()) == (2, True)

    def test_a_record_of_50_megabytes_is_kept(self, store: SampleStore) -> None:
        large = record(1, request={"type": "a.B", "message": bytes(range(256)) * 4 * 1024 * 50})
        assert store.put([large, record(2)]).new == 2
        assert dict(store.get([large.id])) == {large.id: large}
        said = Mark(mark="standard", by="ada", time=1)
        store.mark(large.id, said)
        assert dict(store.get([large.id])) == {large.id: record(1, request=large.request, marks=[said])}
        assert [(one.id, one.size) for one in store.find(Query(until=1.5)).found] == [(large.id, large.ByteSize())]

    def test_a_mark_is_replaced_by_who_said_it_and_nobody_else(self, store: SampleStore) -> None:
        store.put([record(1, marks=[Mark(mark="error", by="rule:empty", time=1)])])
        ada, bob = Mark(mark="error", by="ada", time=3, why="a"), Mark(mark="standard", by="bob", time=2)
        later = Mark(mark="error", by="ada", time=1, why="b", withdrawn=True)
        for one in (ada, bob, later):
            store.mark(record(1).id, one)
        marks = list(store.get([record(1).id])[record(1).id].marks)
        assert marks == [later, Mark(mark="error", by="rule:empty", time=1), bob]
        assert store.find(Query(marks=("standard",))).found[0].marks == ("error", "standard")

    def test_what_a_set_keeps_there_is_found_or_said_to_be_gone_or_another(self, store: SampleStore) -> None:
        records = [record(number, interface="i", request={"message": b"%d" % number}) for number in range(1, 253)]
        store.put(records)
        wanted = [kept_of(one) for one in records]
        store.mark(records[0].id, Mark(mark="error", by="ada"))
        found, why = find_kept(store, wanted)
        assert ([len(found), dict(why)], found[records[7].id].request.message) == ([252, {}], b"8"), (
            "marks do not count"
        )
        assert store.delete(Query(until=3.5), marked=True) == 3
        store.put([record(2, interface="i", request={"message": b"other"})])
        found, why = find_kept(store, wanted)
        assert dict(why) == {records[0].id: ABSENT, records[1].id: CHANGED, records[2].id: ABSENT}
        assert found.keys() == {one.id for one in records[3:]}

    def test_a_mark_needs_a_record(self, store: SampleStore) -> None:
        with pytest.raises(KeyError):
            store.mark(record(1).id, Mark(mark="error", by="ada"))

    def test_a_page_that_was_not_given_is_refused(self, store: SampleStore) -> None:
        for page in ("x", "1.2", "é.1.1", "0" * 9999):
            with pytest.raises(BadPage):
                store.find(Query(), page=page)

    def test_what_cannot_be_there_is_not_found(self, store: SampleStore) -> None:
        store.put([record(1, code=4)])
        for query in (
            Query(codes=(2**70,)), Query(since=float("inf")), Query(comb="\ud800"), Query(text="\ud800"),
            Query(marks=("\x00",)), Query(operator_code=2**70, operator="x"), Query(user="\ud800"),
        ):  # fmt: skip
            assert store.find(query) == ((), "")
            assert store.count(query) == []

    def test_a_closed_store_says_so(self, opener: Opener) -> None:
        store = opener()
        store.put([record(1)])
        store.close()
        store.close()
        with pytest.raises(StoreError):
            store.put([record(2)])
        with pytest.raises(StoreError):
            store.find(Query())

    @pytest.mark.slow
    def test_several_processes_write_and_read_at_once(self, opener: Opener) -> None:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(WRITERS + 1, mp_context=context) as pool:
            writers = [pool.submit(_write, opener, writer) for writer in range(WRITERS)]
            pages = pool.submit(_page, opener)
            new = [one.result(timeout=PATIENCE) for one in writers]
            assert pages.result(timeout=PATIENCE) == EVERYTHING
        store = opener()
        found = list(store.scan(Query()))
        assert len(found) == len({one.id for one in found}) == sum(new)
        assert len(found) == EVERYTHING
        assert sum(one.records for one in store.count(Query())) == len(found)
        repaired = store.repair()
        assert (repaired.mended, repaired.lost) == ((), ())
        store.close()

    def test_several_threads_use_one_store(self, store: SampleStore) -> None:
        def work(thread: int) -> int:
            new = 0
            for turn in range(ROUNDS):
                new += store.put(_batch(thread, turn)).new
                store.find(Query(), limit=10)
                store.mark(_batch(thread, turn)[0].id, Mark(mark="error", by=str(thread)))
            return new

        with ThreadPoolExecutor(WRITERS) as pool:
            new = sum(pool.map(work, range(WRITERS)))
        found = list(store.scan(Query()))
        assert len(found) == len({one.id for one in found}) == new == EVERYTHING


def _batch(writer: int, turn: int) -> list[Record]:
    """Half of it is the writer's own; the others put the same ids as the other half."""
    own = [record((writer + 1) * 1_000_000 + turn * BATCH + place, host=str(writer)) for place in range(BATCH // 2)]
    shared = [record(turn * BATCH + place, host=str(writer)) for place in range(BATCH // 2)]
    return own + shared


def _write(opener: Opener, writer: int) -> int:
    store = opener()
    new = 0
    for turn in range(ROUNDS):
        batch = _batch(writer, turn)
        new += store.put(batch).new
        first = {id: one.host for id, one in store.get([one.id for one in batch]).items()}
        assert len(first) == len(batch), "what was acknowledged is there"
        store.put(batch)
        assert {id: one.host for id, one in store.get(list(first)).items()} == first, "the first one stays"
    store.close()
    return new


def _page(opener: Opener) -> int:
    """Goes through all pages, again and again, while others write; gives how many records it has seen in the end."""
    store = opener()
    seen: set[str] = set()
    until = time.monotonic() + 100
    while len(seen) < EVERYTHING and time.monotonic() < until:
        page = store.find(Query(), limit=7)
        once = [one.id for one in page.found]
        while page.next:
            page = store.find(Query(), limit=7, page=page.next)
            once += [one.id for one in page.found]
        assert len(once) == len(set(once)), "doubled"
        assert seen <= set(once), "skipped"
        seen |= set(once)
    store.close()
    return len(seen)
