"""Rows that are not what a put leaves in the end: parts, copies, what was dropped; and who sets the table up."""

import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from types import SimpleNamespace

import pytest

from comb_compiler.samples.elasticsearch_hbase import ProductionStore, Settings, removing
from comb_compiler.samples.elasticsearch_hbase.cells import CHUNK, Attempt, Head, cells
from comb_compiler.samples.elasticsearch_hbase.setup import setup
from comb_compiler.samples.elasticsearch_hbase.table import Table
from comb_compiler.samples.record_pb2 import Mark
from comb_compiler.samples.store import Query
from tests.samples.made import record
from tests.samples.production.test_faults import acknowledged, assert_once_in_both, heads, opened
from tests.support.stores import Stores

_PATIENCE = 240.0
STANDARD = Mark(mark="standard", by="ada", time=1)


@pytest.fixture
def table(settings: Settings) -> Iterator[Table]:
    table = Table(settings)
    yield table
    table.close()


def attempt(number: int, user: str, token: str = "0" * 16) -> Attempt:
    """One of three chunks."""
    content = record(number, user=user, request={"message": bytes(2 * CHUNK)}).SerializeToString()
    return Attempt(record(number).id, token, user, content)


def interrupted(table: Table, one: Attempt) -> Head:
    """What is left of a put that ends before its last chunk."""

    def ending() -> Iterator[Attempt]:
        yield one
        raise InterruptedError

    with pytest.raises(InterruptedError):
        table.put(ending())
    left = table.head(one.id, one.token)
    assert left is not None
    assert (left.size, left.chunks) == (-1, 2)
    return left


def waiting(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """What happens while somebody waits whether a row grows."""
    monkeypatch.setattr(removing, "time", SimpleNamespace(sleep=lambda _: act()))


def test_a_part_of_a_users_record_goes_with_them_and_anothers_by_repair(
    store: ProductionStore, settings: Settings, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put([record(1, user="ada"), record(2, user="bob")])
    interrupted(table, attempt(3, "ada"))
    left = interrupted(table, attempt(4, "bob"))
    waiting(monkeypatch, lambda: None)
    assert store.delete(Query(user="ada"), marked=True) == 1
    assert sorted(one.id for one in heads(settings)) == [record(2).id, record(4).id]
    repaired = store.repair()
    assert (repaired.looked_at, repaired.lost) == (1, ())
    assert [one.partition(":")[0] for one in repaired.mended] == [left.id]
    assert_once_in_both(settings, [record(2)])


def test_a_part_that_grows_is_being_written_and_stays(
    store: ProductionStore, settings: Settings, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = attempt(3, "ada")
    interrupted(table, one)
    waiting(monkeypatch, lambda: table.put([one]))
    assert store.delete(Query(user="ada"), marked=True) == 0
    assert store.repair().mended == (f"{one.id}: it was in HBase alone, and is found again",)
    assert_once_in_both(settings, [record(3)])


def test_of_two_whole_rows_of_an_id_that_nothing_names_one_is_the_record(
    settings: Settings, table: Table, store: ProductionStore
) -> None:
    table.put([attempt(3, "ada", token) for token in ("0" * 16, "1" * 16)])
    assert len(store.repair().mended) == 2
    assert_once_in_both(settings, [record(3)])


def test_what_is_damaged_is_said_and_goes(store: ProductionStore, settings: Settings, table: Table) -> None:
    store.put([record(1), record(2)])
    [there] = [one for one in heads(settings) if one.id == record(1).id]
    [(column, content)] = cells(Attempt(there.id, there.token, "", record(1).SerializeToString()))
    with table.connections.one() as connection:
        connection.table(settings.table).put(f"{there.id[-2:]}{there.id}{there.token}", {column: content + b"?"})
    repaired = store.repair()
    assert repaired.lost == (f"{record(1).id}: its record in HBase is damaged, and is removed",)
    assert_once_in_both(settings, [record(2)])


def test_hbase_drops_what_nobody_has_marked_and_keeps_the_rest(stores: Stores) -> None:
    settings = stores.settings("test-dropped")._replace(keep=10.0)
    for step in setup(settings._replace(timeout=_PATIENCE)).steps:
        assert step.act is not None
        step.act()
    assert setup(settings).steps == (), "what was made is what is wanted"
    with opened(settings) as store:
        acknowledged(store, [record(0), record(1, marks=[STANDARD])])
        marked = next(number for number in count(2) if put_and_marked(store, number))
        kept = [record(1), record(marked)]
        until = time.monotonic() + _PATIENCE
        while len(store.get([one.id for one in store.find(Query()).found])) > len(kept):
            assert time.monotonic() < until, "HBase drops nothing"
            time.sleep(0.5)
        assert sorted(store.get([one.id for one in [record(0), *kept]])) == [one.id for one in kept]
        repaired = store.repair()
        assert (repaired.looked_at, repaired.lost) == (1 + marked, ())
        assert repaired.mended == (
            f"records that HBase has dropped, as `keep` says, are not listed any more: {marked - 1}",
        )
    assert_once_in_both(settings, kept)


def put_and_marked(store: ProductionStore, number: int) -> bool:
    """Whether a new record was marked before it was dropped, which on a busy machine may come first."""
    acknowledged(store, [record(number)])
    try:
        store.mark(record(number).id, STANDARD)
    except KeyError:
        return False
    return True


def test_two_who_set_up_at_once(stores: Stores) -> None:
    settings = stores.settings("test-both", timeout=_PATIENCE)
    failed: list[Exception] = []
    both = [setup(settings) for _ in range(2)]

    def act(number: int) -> None:
        try:
            for step in both[number].steps:
                assert step.act is not None
                step.act()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=act, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert setup(settings).steps == ()
    with opened(settings) as store:
        assert store.put([record(1)]).new == 1
