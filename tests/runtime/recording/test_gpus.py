"""What a record says of GPUs: what the processes take that a request ran in, by a library that answers as NVML does."""

import signal
import time
from pathlib import Path

import pytest

from comb_compiler.release import Recording
from comb_compiler.samples.record_pb2 import Record
from tests.conftest import RequiresTool
from tests.runtime.plans import plan
from tests.runtime.post.post_pb2 import Letter
from tests.runtime.recording.test_recorder import EVERY, records
from tests.runtime.recording.test_served import kept, post
from tests.runtime.service.processes import process
from tests.support.nvml import driver

NODES = {
    "quick": ("shout", {"letter": "request.letter"}),
    "native": ("thread_letter", {"letter": "request.letter"}),
    "apart": ("misbehaves", {"letter": "request.other"}),
    "last": ("join", {"first": "native", "second": "apart"}),
    "all": ("join", {"first": "quick", "second": "last"}),
}
GIB = 2**30
UNANSWERED = "the GPUs' driver does not answer"


def last_record(tmp_path: Path, processes: Path) -> Record:
    """Of a service whose own process has 1 GiB of a GPU, and its worker 2 GiB, since they were known."""
    store = tmp_path / "samples"
    options = ["--samples", f"embedded:{store}", "--settle", "0"]
    with process(plan(NODES, "all", recording=Recording(1.0)), tmp_path, *options) as running:
        body = {"letter": {"text": "dear"}, "other": {"text": "pid"}}
        status, said = post(running.http, body)
        assert status == 200, said
        deadline = time.monotonic() + 240
        while not (found := kept(store)):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (worker,) = [one for one in found[0].operators if one.node == "apart"]
        number = Letter.FromString(worker.output.message).number
        processes.write_text(f"{running.pid} {number}")
        time.sleep(0.6)  # after which what was seen is too old
        assert post(running.http, body)[0] == 200
        running.tell(signal.SIGTERM)
        assert running.ended() == 0
    return kept(store)[-1]


def test_a_record_says_what_the_processes_take_of_gpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, requires_tool: RequiresTool
) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", str(driver(tmp_path / "driver", requires_tool("cc"))))
    monkeypatch.setenv("FAKE_PIDS", str(tmp_path / "processes"))
    record = last_record(tmp_path, tmp_path / "processes")
    taken = {one.node: one.resources for one in record.operators}
    assert taken["native"].gpu_memory == GIB
    assert taken["apart"].gpu_memory == 2 * GIB
    assert taken["apart"].gpu_utilization == 0.0
    assert taken["apart"].HasField("gpu_utilization")
    assert not taken["quick"].HasField("gpu_memory")  # Python in the loop: whatever else is in its process took it
    assert record.resources.gpu_memory == 3 * GIB


def test_a_driver_that_hangs_keeps_no_record_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, requires_tool: RequiresTool
) -> None:
    hangs, store = tmp_path / "hangs", tmp_path / "samples"
    monkeypatch.setenv("LD_LIBRARY_PATH", str(driver(tmp_path / "driver", requires_tool("cc"))))
    monkeypatch.setenv("FAKE_PIDS", str(tmp_path / "processes"))
    monkeypatch.setenv("FAKE_HANG", str(hangs))
    nodes = {"native": ("thread_letter", {"letter": "request.letter"})}
    options = ["--samples", f"embedded:{store}", "--settle", "0"]

    def memory_of_next(known: list[int]) -> int:
        """What the next record says that the service takes; nothing is 0."""
        count = len(kept(store)) if known else 0
        assert post(running.http, {"letter": {"text": "dear"}})[0] == 200
        deadline = time.monotonic() + 240
        while len(found := kept(store)) == count:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        known.append(found[-1].resources.gpu_memory)
        time.sleep(0.6)  # after which what was seen is too old
        return known[-1]

    with process(plan(nodes, "native", recording=Recording(1.0)), tmp_path, *options) as running:
        (tmp_path / "processes").write_text(str(running.pid))
        known: list[int] = []
        assert any(memory_of_next(known) == GIB for _ in range(10))  # the first may be of before it was known
        told = sum(UNANSWERED in line for line in running.said)  # none, unless this machine is slow
        hangs.touch()
        assert [memory_of_next(known) for _ in range(3)] == [0, 0, 0]
        assert sum(UNANSWERED in line for line in running.said) == told + 1
        hangs.unlink()
        assert any(memory_of_next(known) == GIB for _ in range(10))
        hangs.touch()
        assert memory_of_next(known) == 0
        running.tell(signal.SIGTERM)
        assert running.ended() == 0  # though it still hangs


def test_without_a_gpu_nothing_is_said_of_one() -> None:
    nodes = {"native": ("thread_letter", {"letter": "request.letter"})}
    (record,) = records(plan(nodes, "native", recording=EVERY))
    assert record.operators[0].resources.HasField("cpu")
    for resources in (record.resources, record.operators[0].resources):
        assert not resources.HasField("gpu_memory")
        assert not resources.HasField("gpu_utilization")
