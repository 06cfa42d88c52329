"""Whatever happens to the store and the disk: requests are answered, and what cannot be kept is counted and said."""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from comb_compiler.release import Recording
from comb_compiler.runtime.engine import Engine
from comb_compiler.runtime.recording.measures import measures
from comb_compiler.runtime.recording.recorder import Bounds, Recorder
from comb_compiler.samples.record_pb2 import Record
from comb_compiler.samples.store import StoreError
from tests.runtime.plans import chain
from tests.runtime.recording.stores import MemoryStore
from tests.runtime.recording.test_recorder import HELLO
from tests.runtime.recording.test_spool import largest_file

PLAN = chain("same", 2, recording=Recording(1.0))


def served(
    store: MemoryStore,
    directory: Path | None,
    requests: int,
    *,
    first: int = 0,
    bounds: Bounds | None = None,
    pause: float = 0.0,
) -> Recorder:
    """Serve some requests, one after the other, all of which must be answered at once."""
    recorder = Recorder(PLAN, store, directory, bounds=bounds or Bounds(grace=30))

    async def main() -> None:
        async with Engine(PLAN, observers=[recorder]) as engine:
            recorder.start(engine.messages)
            for number in range(first, first + requests):
                run = await engine.run(HELLO, request_id=str(number), within=120.0)
                assert run.error is None
                if number % 16 == 0:
                    await asyncio.sleep(pause)
        await asyncio.to_thread(recorder.close)

    asyncio.run(main())
    return recorder


def numbers(count: int, first: int = 0) -> list[str]:
    return [str(number) for number in range(first, first + count)]


def counts(recorder: Recorder) -> dict[str, float]:
    return {one.name: one.value for one in measures(recorder)}


def raising(error: Exception) -> Callable[[Sequence[Record]], None]:
    def before(records: Sequence[Record]) -> None:
        raise error

    return before


@pytest.mark.parametrize(
    "error", [StoreError("it is down"), RuntimeError("a bug"), OSError(5, "broken"), MemoryError()]
)
def test_a_store_that_is_down_for_the_whole_run_gets_everything_from_the_next_in_order_and_once(
    tmp_path: Path, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    store = MemoryStore(raising(error))
    recorder = served(store, tmp_path, 100)
    assert store.records == {}
    assert recorder.losses.counts == {}
    assert counts(recorder)["comb_recording_store_answers"] == 0
    assert "the sample store does not take records" in caplog.text
    store.before = lambda records: None
    served(store, tmp_path, 50, first=100)
    assert store.ids == numbers(150)
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_hangs_holds_up_nobody_and_what_it_had_not_taken_is_not_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gate = threading.Event()
    store = MemoryStore(lambda records: gate.wait(600))
    began = time.monotonic()
    recorder = served(store, tmp_path, 100, bounds=Bounds(grace=1))
    assert time.monotonic() - began < 300
    assert "has not answered within" in caplog.text
    assert recorder.losses.counts == {}
    gate.set()
    recorder.shipping._thread.join(120)
    served(store, tmp_path, 10, first=100)
    assert sorted(store.ids, key=int) == numbers(110)


def test_a_slow_store_gets_everything_in_order(tmp_path: Path) -> None:
    store = MemoryStore(lambda records: time.sleep(0.05))
    served(store, tmp_path, 300, bounds=Bounds(grace=30))
    assert store.ids == numbers(300)
    assert store.puts < 150


def test_a_store_that_comes_and_goes_gets_everything_in_order_and_once(tmp_path: Path) -> None:
    turns = iter(range(10**6))

    def before(records: Sequence[Record]) -> None:
        if next(turns) % 3:
            raise StoreError("now and then")

    store = MemoryStore(before)
    served(store, tmp_path, 300, bounds=Bounds(grace=30))
    store.before = lambda records: None
    served(store, tmp_path, 0)
    assert store.ids == numbers(300)


def test_one_record_that_breaks_the_store_does_not_hold_up_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def before(records: Sequence[Record]) -> None:
        if any(one.request_id == "13" for one in records):
            raise TypeError("no such thing")

    store = MemoryStore(before)
    recorder = served(store, tmp_path, 30)
    assert store.ids == [one for one in numbers(30) if one != "13"]
    assert recorder.losses.counts == {"refused by the store": 1}
    assert "fails for record" in caplog.text


def test_what_a_store_refuses_is_counted_and_not_tried_again(tmp_path: Path) -> None:
    store = MemoryStore()
    store.refuses = lambda record: record.request_id in ("3", "4")
    recorder = served(store, tmp_path, 10)
    assert len(store.records) == 8
    assert recorder.losses.counts == {"refused by the store": 2}


def test_on_a_full_disk_with_a_store_that_is_down_the_rest_is_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = MemoryStore(raising(StoreError("it is down")))
    with largest_file(20_000):
        recorder = served(store, tmp_path, 800, bounds=Bounds(memory=100_000, grace=30), pause=0.02)
    lost = sum(recorder.losses.counts.values())
    assert 0 < lost < 800
    assert "could not be recorded: disk failed" in caplog.text
    store.before = lambda records: None
    served(store, tmp_path, 0)
    assert len(store.records) + lost == 800
    assert sum(1 for _ in tmp_path.iterdir()) == 0


def test_on_a_full_disk_a_store_that_answers_gets_everything(tmp_path: Path) -> None:
    store = MemoryStore()
    with largest_file(5_000):
        recorder = served(store, tmp_path, 200, bounds=Bounds(grace=30))
    assert store.ids == numbers(200)
    assert recorder.losses.counts == {}


def test_without_any_directory_a_store_that_is_down_costs_what_waited() -> None:
    store = MemoryStore(raising(StoreError("it is down")))
    recorder = served(store, None, 400, bounds=Bounds(memory=100_000, grace=30), pause=0.02)
    assert sum(recorder.losses.counts.values()) == 400
    assert recorder.losses.counts["not shipped at the end"] > 50


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_directory_that_cannot_be_written_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tmp_path.chmod(0o500)
    store = MemoryStore()
    served(store, tmp_path, 10)
    assert store.ids == numbers(10)
    assert "no spool can be made" in caplog.text


def test_two_recorders_share_a_directory_and_each_ships_its_own(tmp_path: Path) -> None:
    store = MemoryStore()
    one = Recorder(PLAN, store, tmp_path)
    two = served(store, tmp_path, 20)
    assert store.ids == numbers(20)
    assert two.losses.counts == {}
    one.close()


def test_a_recorder_that_was_never_started_can_be_closed(tmp_path: Path) -> None:
    recorder = Recorder(PLAN, MemoryStore(), tmp_path)
    recorder.close()
    assert list(tmp_path.iterdir()) == []


def test_the_queue_is_bounded_while_the_thread_is_held_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    recorder = Recorder(PLAN, MemoryStore(), tmp_path, bounds=Bounds(memory=100_000))
    look: Any = recorder._look
    monkeypatch.setattr(recorder, "_look", lambda taken: (gate.wait(600), look(taken))[1])

    async def main() -> None:
        async with Engine(PLAN, observers=[recorder]) as engine:
            recorder.start(engine.messages)
            for number in range(200):
                await engine.run(HELLO, request_id=str(number))
            assert 10 < recorder.losses.counts["memory full"] < 200
        gate.set()
        await asyncio.to_thread(recorder.close)

    asyncio.run(main())
    assert recorder.recorded + recorder.losses.counts["memory full"] == 200
