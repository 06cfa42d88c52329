"""A request whose process is killed, as the system does for memory, is recorded with its input."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from comb_compiler.release import Recording
from comb_compiler.runtime.engine import Engine, Probe
from comb_compiler.runtime.recording.recorder import Bounds, Recorder
from comb_compiler.samples.record_pb2 import ERROR, OOM, SAMPLED, Record
from tests.architecture.imports import ROOT
from tests.runtime.plans import chain, plan
from tests.runtime.post.post_pb2 import Letter, Request
from tests.runtime.recording.hanging_process import NODES, RECORDING
from tests.runtime.recording.stores import MemoryStore
from tests.runtime.recording.test_hiding import SECRET, scan
from tests.runtime.recording.test_recorder import records

DEADLY = Request(letter=Letter(text="kill"))
_PATIENCE = 240.0


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + _PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("always", "reason"), [(("oom",), OOM), (("error", "oom"), OOM), (("error",), ERROR), (("timeout",), None)]
)
def test_a_request_whose_worker_is_killed_is_recorded(always: tuple[str, ...], reason: int | None) -> None:
    found = records(chain("misbehaves", 1, recording=Recording(0.0, always)), [{"request": DEADLY}])
    assert [one.reason for one in found] == ([] if reason is None else [reason])
    for record in found:
        assert Request.FromString(record.request.message) == DEADLY
        assert record.operators[0].error == "the process of `misbehaves` was killed by SIGKILL"


def test_one_that_a_fallback_answered_is_recorded_too() -> None:
    fallback: dict[str, Any] = {"misbehaves": {"fallback": {"text": "instead"}}}
    a_plan = chain("misbehaves", 1, bindings=fallback, recording=Recording(0.0, ("oom",)))
    (record,) = records(a_plan, [{"request": DEADLY}])
    assert (record.reason, record.code) == (OOM, 0)
    assert Letter.FromString(record.answer.message).text == "instead"


def test_a_process_that_fails_otherwise_is_not_of_that_kind() -> None:
    a_plan = chain("misbehaves", 1, recording=Recording(0.0, ("oom",)))
    assert records(a_plan, [{"request": Request(letter=Letter(text=deed))} for deed in ("raise", "os._exit")]) == []


def from_the_next(directory: Path) -> tuple[list[Record], Recorder]:
    """What the next process with the same spool puts into its store."""
    store = MemoryStore()
    a_plan = plan(NODES, "third", recording=RECORDING)
    recorder = Recorder(a_plan, store, directory / "spool", bounds=Bounds(grace=30))

    async def main() -> None:
        async with Engine(a_plan, observers=[recorder]) as engine:
            recorder.start(engine.messages, lambda: engine.running)
        await asyncio.to_thread(recorder.close)

    asyncio.run(main())
    return list(store.records.values()), recorder


def test_a_request_whose_service_is_killed_is_recorded_by_the_next_without_what_is_hidden(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.runtime.recording.hanging_process", str(tmp_path), SECRET]
    with subprocess.Popen(command, cwd=ROOT) as process:
        until(lambda: list(tmp_path.rglob("*.running")) or process.poll() is not None)
        process.kill()
    assert list(tmp_path.rglob("*.running"))
    assert scan(tmp_path, SECRET.encode()) == []
    (record,), recorder = from_the_next(tmp_path)
    assert (record.reason, record.request_id, record.code) == (OOM, "large", 14)
    assert Request.FromString(record.request.message) == Request(letter=Letter(text="hello"))
    assert list(record.redacted) == ["request.letter.maybe"]
    assert [one.code for one in record.operators] == [0, 14, -1]
    assert "was killed while the request was under way" in record.error
    assert recorder.losses.counts == {}
    assert list((tmp_path / "spool").iterdir()) == []
    assert from_the_next(tmp_path)[0] == []


def test_what_was_written_of_a_request_in_part_is_left_out(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.runtime.recording.hanging_process", str(tmp_path), SECRET]
    with subprocess.Popen(command, cwd=ROOT) as process:
        until(lambda: list(tmp_path.rglob("*.running")) or process.poll() is not None)
        process.kill()
    (file,) = tmp_path.rglob("*.running")
    file.write_bytes(file.read_bytes()[:-1])
    assert from_the_next(tmp_path)[0] == []
    assert list((tmp_path / "spool").iterdir()) == []


async def _hang(recorder: Recorder, a_plan: Any, directory: Path, request_id: str) -> list[Path]:
    """Let one request run out of time; what was on the disk meanwhile."""
    running = partial(directory.rglob, "*.running")
    async with Engine(a_plan, observers=[recorder]) as engine:
        recorder.start(engine.messages, lambda: engine.running)
        asked = asyncio.ensure_future(engine.run(Request(), request_id=request_id, within=1.0))
        found: list[Path] = []
        while not asked.done():
            found += running()
            await asyncio.sleep(0.02)
    await asyncio.to_thread(recorder.close)
    return found


@pytest.mark.parametrize(
    ("always", "request_id", "is_there"),
    [(("oom",), "a", True), (("error",), "a", False), (("oom",), Probe("health"), False)],
)
def test_what_is_under_way_is_on_the_disk_until_it_ends_and_recorded_once(
    tmp_path: Path, always: tuple[str, ...], request_id: str, is_there: bool
) -> None:
    store = MemoryStore()
    a_plan = chain("hangs", 1, recording=Recording(1.0, always))
    recorder = Recorder(a_plan, store, tmp_path, bounds=Bounds(grace=30))
    assert bool(asyncio.run(_hang(recorder, a_plan, tmp_path, request_id))) == is_there
    reasons = [one.reason for one in store.records.values()]
    assert reasons == ([] if request_id == "health" else [ERROR if "error" in always else SAMPLED])
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_nothing_holds_up_no_request(tmp_path: Path) -> None:
    store = MemoryStore()
    a_plan = chain("hangs", 1, recording=Recording(1.0, ("oom",)))
    recorder = Recorder(a_plan, store, tmp_path, bounds=Bounds(grace=30))
    journal = recorder._journal
    journal._directory = tmp_path / "gone"
    assert asyncio.run(_hang(recorder, a_plan, tmp_path, "a")) == []
    assert len(store.records) == 1
