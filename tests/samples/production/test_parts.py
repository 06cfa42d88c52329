"""A put that is larger than a part: while one is indexed the next is kept, and what fails between leaves no harm."""

import threading
from collections.abc import Callable, Iterator

import pytest

from comb_compiler.samples.elasticsearch_hbase import ProductionStore, Settings, putting
from comb_compiler.samples.record_pb2 import Record
from comb_compiler.samples.store import Query, StoreError
from tests.samples.made import record
from tests.samples.production.test_faults import Ways, acknowledged, assert_once_in_both, opened, ways

__all__ = ["ways"]

COUNT, PART = 300, 125


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(putting, "_PART", PART)


class Watched(list[Record]):
    """Records, of which the one at a place is not read before something is done."""

    def __init__(self, records: list[Record], place: int, act: Callable[[], object]) -> None:
        super().__init__(records)
        self._place, self._act = place, act

    def __iter__(self) -> Iterator[Record]:
        for number, one in enumerate(super().__iter__()):
            if number == self._place:
                self._act()
            yield one


def some(first: int = 0) -> list[Record]:
    return [record(number) for number in range(first, first + COUNT)]


def test_a_put_of_several_parts_with_the_same_ids_in_two_of_them(store: ProductionStore, settings: Settings) -> None:
    assert store.put([*some(), *some()]) == (COUNT, COUNT, ())
    assert store.put([*some(), record(COUNT)]) == (1, COUNT, ())
    assert_once_in_both(settings, [*some(), record(COUNT)])


@pytest.mark.parametrize("half", ["elasticsearch", "hbase"])
def test_a_server_that_goes_between_two_parts(ways: Ways, settings: Settings, half: str) -> None:
    way = ways.finding if half == "elasticsearch" else ways.keeping
    with opened(ways.settings) as store:
        store.find(Query())
        with pytest.raises(StoreError):
            store.put(Watched(some(), PART + 5, way.shut))
        way.is_open = True
        there = len(store.find(Query(), limit=1000).found)
        if half == "hbase":
            assert there == PART, "what was kept is indexed by the time that the put fails"
        assert acknowledged(store, some()) == COUNT - there
        store.repair()
    assert_once_in_both(settings, some())


def test_no_document_is_there_before_its_row(store: ProductionStore, settings: Settings) -> None:
    """A repair that goes on all the while would take such a document for one that has lost its record."""
    new: list[int] = []

    def put() -> None:
        with opened(settings) as other:
            new.extend(other.put(some(number * COUNT)).new for number in range(3))

    thread = threading.Thread(target=put)
    thread.start()
    lost: list[str] = []
    while thread.is_alive():
        lost += store.repair().lost
    thread.join()
    assert lost == []
    assert new == [COUNT] * 3, "a document that the repair made of a row is the put's own"
    assert_once_in_both(settings, [one for number in range(3) for one in some(number * COUNT)])
