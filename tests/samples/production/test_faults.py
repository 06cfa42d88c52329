"""Servers and ways to them that fail: what was acknowledged is there once in both halves, or `repair` makes it so."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from comb_compiler.samples.elasticsearch_hbase import ProductionStore, Settings
from comb_compiler.samples.elasticsearch_hbase.cells import Head
from comb_compiler.samples.elasticsearch_hbase.index import Index
from comb_compiler.samples.elasticsearch_hbase.setup import setup
from comb_compiler.samples.elasticsearch_hbase.table import Table
from comb_compiler.samples.record_pb2 import Mark, Record
from comb_compiler.samples.store import Query, StoreError
from tests.samples.made import record
from tests.servers.stores import StoreServer
from tests.support.stores import Stores
from tests.support.tcp_proxy import Way, way_to

BATCH = 40
_PATIENCE = 240.0


class Ways:
    """Ways to both servers, and settings of a store by them."""

    def __init__(self, finding: Way, keeping: Way, settings: Settings) -> None:
        self.finding, self.keeping = finding, keeping
        self.settings = settings._replace(
            urls=(f"http://127.0.0.1:{finding.port}",), port=keeping.port, timeout=settings.timeout
        )


@pytest.fixture
def ways(stores: Stores, settings: Settings) -> Iterator[Ways]:
    """Ways that work until a test says otherwise."""
    with way_to(stores.elasticsearch.port) as finding, way_to(stores.hbase.port) as keeping:
        yield Ways(finding, keeping, settings)


@contextmanager
def opened(settings: Settings) -> Iterator[ProductionStore]:
    store = ProductionStore(settings)
    try:
        yield store
    finally:
        store.close()


def batch(number: int, **fields: object) -> list[Record]:
    return [record(number * BATCH + place, **fields) for place in range(BATCH)]


def acknowledged(store: ProductionStore, records: list[Record]) -> int:
    """How many are new, once the store takes them: a recorder tries again until then."""
    return until_done(lambda: store.put(records).new)


def until_done(act: Callable[[], int]) -> int:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return act()
        except StoreError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def assert_once_in_both(settings: Settings, wanted: list[Record]) -> None:
    """Each of these is found once and kept once; and nothing else is anywhere, in either half."""
    ids = sorted(one.id for one in wanted)
    with opened(settings) as store:
        assert sorted(one.id for one in store.find(Query(), limit=10_000).found) == ids
        assert {id: one.id for id, one in store.get(ids).items()} == {id: id for id in ids}
        repaired = store.repair()
        assert (repaired.mended, repaired.lost, repaired.looked_at) == ((), (), len(ids))
    assert sorted(head.id for head in heads(settings)) == ids


def heads(settings: Settings) -> list[Head]:
    table = Table(settings)
    found = list(table.all_heads())
    table.close()
    return found


def test_the_same_records_twice(store: ProductionStore, settings: Settings) -> None:
    assert store.put(batch(0)).new == BATCH
    assert store.put(batch(0)) == (0, BATCH, ())
    assert_once_in_both(settings, batch(0))


def test_two_writers_of_one_id(settings: Settings) -> None:
    new: list[int] = []

    def write(host: str) -> None:
        with opened(settings) as store:
            new.append(store.put(batch(0, host=host)).new)

    threads = [threading.Thread(target=write, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(new) == BATCH
    assert_once_in_both(settings, batch(0))


def test_a_connection_that_the_server_closed_while_it_was_idle(stores: Stores, settings: Settings) -> None:
    with opened(settings) as store:
        store.put(batch(0))
        time.sleep(6)  # the server's patience is four seconds
        assert store.put(batch(1)).new == BATCH
        assert store.figures().servers["hbase"].retries >= 1
        assert store.figures().servers["hbase"].failures == 0
    assert_once_in_both(settings, batch(0) + batch(1))


@pytest.mark.parametrize("half", ["elasticsearch", "hbase"])
def test_an_answer_that_is_lost(ways: Ways, settings: Settings, half: str) -> None:
    way = ways.finding if half == "elasticsearch" else ways.keeping
    with opened(ways.settings) as store:
        store.put(batch(0))
        way.cuts = 1
        assert store.put(batch(1)).new == BATCH, "what the first attempt did is this put's own"
        assert way.cuts == 0
        assert store.figures().servers[half].retries == 1
    assert_once_in_both(settings, batch(0) + batch(1))


@pytest.mark.parametrize("half", ["elasticsearch", "hbase"])
def test_a_server_that_refuses_for_a_while(ways: Ways, settings: Settings, half: str) -> None:
    way = ways.finding if half == "elasticsearch" else ways.keeping
    with opened(ways.settings) as store:
        store.put(batch(0))
        way.shut()
        began = time.monotonic()
        for _ in range(12):
            with pytest.raises(StoreError):
                store.put(batch(1))
        assert store.figures().servers[half].open
        assert store.figures().servers[half].rejected > 0, "a server that is known to be down is not asked each time"
        assert time.monotonic() - began < _PATIENCE
        way.is_open = True
        assert acknowledged(store, batch(1)) == BATCH
        assert not store.figures().servers[half].open
        store.repair()
    assert_once_in_both(settings, batch(0) + batch(1))


@pytest.mark.slow
@pytest.mark.parametrize("half", ["elasticsearch", "hbase"])
def test_a_server_that_refuses_for_a_whole_minute(ways: Ways, settings: Settings, half: str) -> None:
    """As a cluster does that has too much to do, and then restarts: 429, 503, and no connection at all."""
    way = ways.finding if half == "elasticsearch" else ways.keeping
    refusals = [_answer(429), _answer(503), b""] if half == "elasticsearch" else [b""]
    with opened(ways.settings) as store:
        store.put(batch(0))
        until, puts = time.monotonic() + 60, 0
        for number, refusal in enumerate(refusals, 1):
            way.shut()
            way.says, way.is_open = refusal, bool(refusal)
            part = until - 60 * (1 - number / len(refusals))
            while time.monotonic() < part:
                with pytest.raises(StoreError):
                    store.put(batch(1))
                puts += 1
                time.sleep(0.5)
        figures = store.figures()
        assert figures.new == BATCH
        assert figures.servers[half].failures + figures.servers[half].rejected == puts > 1
        way.says, way.is_open = b"", True
        assert acknowledged(store, batch(1)) == BATCH
        assert not store.figures().servers[half].open
        store.repair()
    assert_once_in_both(settings, batch(0) + batch(1))


def _answer(status: int) -> bytes:
    head = f"HTTP/1.1 {status} Busy\r\ncontent-type: application/json\r\nx-elastic-product: Elasticsearch\r\n"
    return f"{head}content-length: 2\r\nconnection: close\r\n\r\n{{}}".encode()


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_is_too_busy_is_asked_again(ways: Ways, settings: Settings, status: int) -> None:
    with opened(ways.settings) as store:
        store.put(batch(0))
        ways.finding.shut()
        ways.finding.says, ways.finding.is_open = _answer(status), True
        with pytest.raises(StoreError, match=f": {status}: "):
            store.put(batch(1))
        assert store.figures().servers["elasticsearch"].retries == 2
        ways.finding.says = b""
        assert acknowledged(store, batch(1)) == BATCH
        store.repair()
    assert_once_in_both(settings, batch(0) + batch(1))


@pytest.mark.parametrize("half", ["elasticsearch", "hbase"])
def test_a_slow_server_is_waited_for_no_longer_than_is_said(ways: Ways, settings: Settings, half: str) -> None:
    way = ways.finding if half == "elasticsearch" else ways.keeping
    with opened(ways.settings) as store:
        store.put(batch(0))
    with opened(ways.settings._replace(timeout=1.0)) as store:
        way.delay = 0.2
        assert acknowledged(store, batch(1)) in (0, BATCH), "on a busy machine too an attempt may end behind its put"
        way.delay = 4.0
        began = time.monotonic()
        with pytest.raises(StoreError):
            store.put(batch(2))
        assert time.monotonic() - began < _PATIENCE
    way.delay = 0.0
    with opened(ways.settings) as store:
        assert acknowledged(store, batch(2)) in (0, BATCH), "the attempt that nobody waited for may have come first"
        store.repair()
    assert_once_in_both(settings, batch(0) + batch(1) + batch(2))


def test_a_mapping_that_conflicts(store: ProductionStore, settings: Settings) -> None:
    store.put(batch(0))
    index = Index(settings)
    undated = f"{settings.indices}-undated"
    index.client.indices.delete(index=undated)
    index.client.indices.create(index=undated, mappings={"properties": {"time": {"type": "boolean"}}})
    with pytest.raises(StoreError, match=r"does not take 0+28 and 39 others .*apply-store"):
        store.put(batch(1))
    by_hand = [step.says for step in setup(settings).steps if step.act is None]
    assert [undated in said and "time" in said for said in by_hand] == [True]
    index.client.indices.delete(index=undated)
    index.close()
    for step in setup(settings).steps:
        assert step.act is not None
        step.act()
    assert acknowledged(store, batch(1)) == BATCH
    repaired = store.repair()
    assert len(repaired.mended) >= BATCH
    assert repaired.lost == ()
    assert_once_in_both(settings, batch(0) + batch(1))


def test_one_item_of_a_bulk_that_fails_fails_alone(store: ProductionStore, settings: Settings) -> None:
    index = Index(settings)
    other = f"{settings.indices}-2025.11"
    index.client.indices.create(index=other, mappings={"properties": {"comb": {"type": "ip"}}})
    bad = record(1, id="019ac1a7a4007000a000000000000001", comb="no address")
    with pytest.raises(StoreError, match=r"2025\.11 does not take 019ac1a7a4007000a000000000000001 \(400"):
        store.put([*batch(0), bad])
    assert len(store.find(Query(), limit=1000).found) == BATCH
    index.client.indices.delete(index=other)
    index.close()
    assert store.put([*batch(0), bad]) == (1, BATCH, ())
    store.repair()
    assert_once_in_both(settings, [*batch(0), bad])


@pytest.mark.parametrize("half", ["elasticsearch", "hbase"])
def test_repair_mends_both_ways(store: ProductionStore, settings: Settings, half: str) -> None:
    store.put(batch(0))
    store.mark(record(3).id, Mark(mark="error", by="ada", why="wrong"))
    index, table = Index(settings), Table(settings)
    index.refresh()
    known = index.get([one.id for one in batch(0)])
    lost = [known[record(number).id] for number in (3, 5)]
    if half == "elasticsearch":
        index.change("delete", [(one.version, None) for one in lost])
    else:
        table.delete([one.place for one in lost])
    index.change("update", [(known[record(7).id].version, {"doc": {"comb": "another"}})])
    repaired = store.repair()
    if half == "elasticsearch":
        assert (len(repaired.mended), repaired.lost) == (3, ())
        assert [one.id for one in store.find(Query(marks=("error",), text="WRON")).found] == [record(3).id]
        assert_once_in_both(settings, batch(0))
    else:
        assert (len(repaired.mended), len(repaired.lost)) == (1, 2)
        assert_once_in_both(settings, [one for one in batch(0) if one.id not in {two.version.id for two in lost}])
    assert store.find(Query(comb="another")).found == ()
    index.close()
    table.close()


def test_a_deletion_that_was_interrupted_is_ended_by_the_next(store: ProductionStore, settings: Settings) -> None:
    store.put(batch(0))
    index, table = Index(settings), Table(settings)
    known = index.get([record(1).id, record(2).id])
    index.change("update", [(one.version, {"doc": {"gone": True}}) for one in known.values()])
    table.delete([known[record(1).id].place])
    assert set(store.get([record(1).id, record(2).id, record(3).id])) == {record(3).id}
    assert store.put([record(2, comb="again")]).new == 1
    assert store.delete(Query(comb="none")) == 0
    assert store.get([record(2).id])[record(2).id].comb == "again"
    left = [one for one in batch(0) if one.id != record(1).id]
    assert_once_in_both(settings, left)
    index.close()
    table.close()


def test_a_users_records_are_nowhere(store: ProductionStore, settings: Settings, ways: Ways) -> None:
    store.put(batch(0, user="ada"))
    store.put(batch(1, user="bob"))
    store.mark(record(1).id, Mark(mark="error", by="x"))
    with opened(ways.settings) as interrupted:
        interrupted.find(Query())
        ways.finding.shut()
        with pytest.raises(StoreError):
            interrupted.put(batch(2, user="ada"))
    assert len(heads(settings)) == 3 * BATCH, "it was not acknowledged, and is in HBase"
    assert store.delete(Query(user="ada"), marked=True) == BATCH
    assert_once_in_both(settings, batch(1))
    index, table = Index(settings), Table(settings)
    assert index.search(query={"term": {"user": "ada"}})["hits"]["hits"] == []
    assert list(table.heads_of_user("ada")) == []
    assert len(list(table.heads_of_user("bob"))) == BATCH
    index.close()
    table.close()


@pytest.mark.slow
@pytest.mark.parametrize("half", ["elasticsearch", "hbase"])
def test_a_server_that_is_killed_within_puts_and_started_again(stores: Stores, settings: Settings, half: str) -> None:
    server: StoreServer = getattr(stores, half)
    put: list[Record] = []
    stop = threading.Event()

    def write() -> None:
        with opened(settings) as store:
            number = 0
            while not stop.is_set() or number < 4:
                acknowledged(store, batch(number))
                put.extend(batch(number))
                number += 1

    thread = threading.Thread(target=write)
    thread.start()
    while not put:
        assert thread.is_alive()
        time.sleep(0.01)
    server.kill()
    try:
        time.sleep(2)
    finally:
        server.start()
        stop.set()
    thread.join(_PATIENCE)
    assert not thread.is_alive()
    with opened(settings) as store:
        until_done(lambda: len(store.repair().lost))
    assert_once_in_both(settings, put)


@pytest.mark.slow
def test_who_tries_again_and_again_does_not_fill_hbase(ways: Ways, settings: Settings) -> None:
    with opened(ways.settings) as store:
        store.put(batch(0))
        ways.finding.shut()
        for _ in range(5):
            with pytest.raises(StoreError):
                store.put(batch(1))
        assert len(heads(settings)) == 2 * BATCH, "of five attempts the first alone has left rows"
        ways.finding.is_open = True
        assert acknowledged(store, batch(1)) == BATCH
        with shut_index(settings):
            for _ in range(5):
                with pytest.raises(StoreError, match=r"documents now: .*read-only-allow-delete"):
                    store.put(batch(2))
        assert len(heads(settings)) == 4 * BATCH + 4, "of the later four one record each"
        assert acknowledged(store, batch(2)) == BATCH
    with opened(settings) as store:
        store.repair()
    assert_once_in_both(settings, batch(0) + batch(1) + batch(2))


@contextmanager
def shut_index(settings: Settings) -> Iterator[None]:
    """An index that is read and not written, as Elasticsearch makes them where its disk is full."""
    index, name = Index(settings), "index.blocks.read_only_allow_delete"
    index.client.indices.put_settings(index=index.undated, settings={name: True})
    yield
    index.client.indices.put_settings(index=index.undated, settings={name: None})
    index.close()


@pytest.mark.slow
@pytest.mark.parametrize("half", ["elasticsearch", "hbase"])
def test_one_half_is_down_for_the_whole_run(ways: Ways, settings: Settings, half: str) -> None:
    way = ways.finding if half == "elasticsearch" else ways.keeping
    way.shut()
    with opened(ways.settings) as store:
        for number in range(3):
            with pytest.raises(StoreError):
                store.put(batch(number))
    with opened(settings) as store:
        assert store.find(Query()).found == (), "nothing was acknowledged"
        store.repair()
        for number in range(3):
            store.put(batch(number))
    assert_once_in_both(settings, [one for number in range(3) for one in batch(number)])
