"""What is older than it should be kept goes by itself, and nothing else does."""

import logging
import time
from pathlib import Path

import pytest

from comb_compiler.runtime.recording.losses import Losses
from comb_compiler.runtime.recording.retention import Retention
from comb_compiler.runtime.recording.shipping import Shipping
from comb_compiler.runtime.recording.spool import open_spool
from comb_compiler.samples.embedded import EmbeddedStore
from comb_compiler.samples.record_pb2 import Mark, Record
from comb_compiler.samples.store import Query, StoreError
from tests.runtime.recording.stores import MemoryStore
from tests.runtime.recording.test_memory import until
from tests.samples.made import record

NOW = 1000.0


def kept(store: EmbeddedStore) -> set[int]:
    return {int(one.id, 16) for one in store.scan(Query())}


def of(number: int, comb: str = "post", environment: str = "staging") -> Record:
    """A record that is of the second `number`."""
    return record(number, comb=comb, environment=environment)


def test_what_is_older_goes_but_for_what_is_marked_and_what_is_of_others(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path)
    marked, others = of(3), [of(4, comb="other"), of(5, environment="production")]
    store.put([of(1), of(899), of(901), of(999), marked, *others])
    store.mark(marked.id, Mark(mark="standard", by="ada"))
    Retention("post", "staging", 100.0, every=0.0, clock=lambda: NOW).apply(store)
    assert kept(store) == {901, 999, 3, 4, 5}
    store.close()


def test_a_clock_that_jumps_ahead_makes_nothing_old() -> None:
    store, times = MemoryStore(), iter([NOW, NOW + 1e9, NOW - 500.0])
    retention = Retention("post", "", 100.0, every=0.0, clock=lambda: next(times))
    retention.apply(store)
    retention.apply(store)
    ahead, back = (one.until for one in store.deletions)
    assert ahead is not None
    assert NOW - 100.0 <= ahead < NOW
    assert back == NOW - 600.0


def test_it_looks_only_now_and_then() -> None:
    store = MemoryStore()
    seldom, often = Retention("post", "", 1.0), Retention("post", "", 1.0, every=0.0)
    for _ in range(3):
        seldom.apply(store)
        often.apply(store)
    assert len(store.deletions) == 3


def test_a_store_that_cannot_delete_is_told_once_and_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(MemoryStore):
        def delete(self, query: Query, *, marked: bool = False) -> int:
            super().delete(query, marked=marked)
            raise StoreError("it is down")

    store = Failing()
    retention = Retention("post", "", 1.0, every=0.0)
    retention.apply(store)
    retention.apply(store)
    assert len(store.deletions) == 2
    assert len(caplog.records) == 1


def test_whoever_ships_applies_it_also_while_nothing_comes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = EmbeddedStore(tmp_path / "samples")
    young = record(2, comb="post", time=time.time_ns())
    store.put([record(1, comb="post"), young])
    losses = Losses()
    spool = open_spool(tmp_path / "spool", "1", b"", most=1 << 20, memory=1 << 16, losses=losses)
    shipping = Shipping(store, spool, [], losses, Retention("post", "", 100.0, every=0.05))
    with caplog.at_level(logging.INFO):
        shipping.start()
        until(lambda: kept(store) == {2})
        shipping.close(30)
    assert "1 records were older than they are kept" in caplog.text
