"""What the load gate knows of a baseline online: by requests that were recorded, and by a real Prometheus."""

from pathlib import Path
from typing import Any

import pytest

from comb_compiler.cli.gate.online import measured, recorded
from comb_compiler.samples.embedded import EmbeddedStore
from comb_compiler.samples.record_pb2 import Reason
from tests.cli.conftest import Comb
from tests.cli.test_gate import greeting
from tests.cli.test_samples import record
from tests.conftest import RequiresTool
from tests.rollout.series import At, seen

SUBJECT = "ab" * 32


def store(directory: Path, by_lot: int, slow: int = 0, **more: Any) -> str:
    """Of requests that took 1 ms, 2 ms and so on, of which each tenth was recorded; and of slow ones, from 10 s on."""
    kept = EmbeddedStore(directory)
    records = [record(number, duration=(number + 1) * 1_000_000, **more) for number in range(by_lot)]
    records += [
        record(by_lot + number, duration=10_000_000_000 + number, reason=Reason.SLOW, **more) for number in range(slow)
    ]
    records.append(record(10_000, duration=99_000_000_000, code=13))
    assert kept.put(records).new == by_lot + slow + 1
    kept.close()
    return f"embedded:{directory}"


def test_latencies_of_recorded_requests_are_the_baselines_own(tmp_path: Path) -> None:
    found = recorded(store(tmp_path / "records", 200), "greeting", SUBJECT, (0.5, 0.95, 0.99))
    assert found.latencies == {0.5: pytest.approx(0.1, rel=0.02), 0.95: pytest.approx(0.19, rel=0.02)}
    assert found.why == "200 requests are too few for it"
    other = recorded(f"embedded:{tmp_path / 'records'}", "greeting", "cd" * 32, (0.5,))
    assert (other.latencies, other.why) == ({}, "no answer of the baseline, recorded by lot, is in it")


def test_slow_requests_that_are_recorded_always_count_once_and_others_for_those_behind_them(tmp_path: Path) -> None:
    found = recorded(store(tmp_path / "records", 200, slow=50), "greeting", SUBJECT, (0.5, 0.975, 0.98))
    # 2,000 requests stand behind the 200, and none behind the 50: 97.56% are below the slow ones
    assert found.latencies[0.5] == pytest.approx(0.1025, rel=0.02)
    assert found.latencies[0.975] == pytest.approx(0.2, rel=0.02)
    assert found.latencies[0.98] == pytest.approx(10.0, rel=0.02)


def test_a_store_that_is_not_there_has_nothing_and_says_so(tmp_path: Path) -> None:
    found = recorded(f"embedded:{tmp_path / 'none'}", "greeting", SUBJECT, (0.5,))
    assert found.latencies == {}
    assert "there is no such directory" in found.why


def counting(a_second: float) -> At:
    return lambda second: a_second * second


def test_prometheus_knows_latencies_of_what_runs_as_the_comb(requires_tool: RequiresTool, tmp_path: Path) -> None:
    bucket = "stable comb_request_seconds_bucket le="
    scenario = {
        f"{bucket}0.1": counting(5.0),
        f"{bucket}0.2": counting(9.0),
        f"{bucket}0.4": counting(10.0),
        f"{bucket}+Inf": counting(10.0),
        "stable comb_request_seconds_count": counting(10.0),
        "stable comb_build_info comb=greeting release=first": lambda second: 1.0,
        "other comb_request_seconds_bucket le=+Inf": counting(1000.0),
        "other comb_build_info comb=parting release=first": lambda second: 1.0,
    }
    with seen({"prod": scenario}, tmp_path, requires_tool("prometheus"), requires_tool("promtool")) as server:
        found = measured(server, "greeting", (0.5, 0.9, 0.9999))
        assert found.latencies == {0.5: pytest.approx(0.1, rel=0.02), 0.9: pytest.approx(0.2, rel=0.02)}
        assert found.why.endswith("requests of the last day are too few for it")
        assert measured(server, "unknown", (0.5,)).latencies == {}


def test_an_address_that_is_none_is_a_mistake_of_usage(comb: Comb, tmp_path: Path) -> None:
    made = greeting(tmp_path / "made")
    ran = comb("gate", "load", str(made), "--baseline", str(made), "--prometheus", "there")
    assert (ran.code, "--prometheus: it is no address" in ran.err) == (2, True), ran.err
