"""What a store on servers counts of itself is on the page of metrics, also while it is down."""

import json
import sys
from pathlib import Path

import pytest

from comb_compiler.release import Recording
from comb_compiler.runtime.recording.measures import measures
from comb_compiler.runtime.recording.recorder import Recorder
from comb_compiler.runtime.recording.stores import opened_late, servers_late
from comb_compiler.runtime.telemetry.metrics import page
from comb_compiler.samples.store import StoreError
from tests.runtime.plans import plan
from tests.samples.made import record
from tests.servers.processes import free_ports

PLAN = plan({"one": ("shout", {"letter": "request.letter"})}, "one", recording=Recording(1.0))


def test_a_store_that_is_down_is_seen_on_the_page(tmp_path: Path) -> None:
    finding, keeping = free_ports(2)
    said = {
        "elasticsearch": {"urls": [f"http://127.0.0.1:{finding}"]},
        "hbase": {"host": "127.0.0.1", "port": keeping, "timeout": 600},
    }
    (tmp_path / "store.json").write_text(json.dumps(said), encoding="utf-8")
    store = servers_late(tmp_path / "store.json", {})
    recorder = Recorder(PLAN, store, tmp_path / "spool")
    assert "comb_store" not in page(measures(recorder)).content.decode(), "nothing has been put"
    for _ in range(7):
        with pytest.raises(StoreError):
            store.put([record(1)])
    lines = page(measures(recorder)).content.decode().split("\n")
    for line in (
        'comb_store_records_total{came="new"} 0.0',
        'comb_store_calls_total{server="elasticsearch"} 5.0',
        'comb_store_failures_total{server="elasticsearch"} 5.0',
        'comb_store_retries_total{server="elasticsearch"} 10.0',
        'comb_store_rejected_total{server="elasticsearch"} 2.0',
        'comb_store_circuit_open{server="elasticsearch"} 1.0',
        'comb_store_circuit_open{server="hbase"} 0.0',
        'comb_store_call_seconds_bucket{le="+Inf",server="elasticsearch"} 5.0',
        'comb_store_call_seconds_count{server="elasticsearch"} 5.0',
    ):
        assert line in lines
    recorder.close()


def test_clients_that_are_missing_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "happybase", None)
    with pytest.raises(StoreError, match=r"^happybase not installed: .*comb-runtime\[production-store\]"):
        servers_late(tmp_path / "store.json", {}).put([record(1)])


def test_a_directory_counts_nothing_of_its_own(tmp_path: Path) -> None:
    store = opened_late(tmp_path / "samples")
    recorder = Recorder(PLAN, store, tmp_path / "spool")
    assert store.put([record(1)]).new == 1
    assert "comb_store" not in page(measures(recorder)).content.decode()
    recorder.close()
    store.close()
