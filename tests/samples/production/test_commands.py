"""Commands, a service and a gate on the servers: they do what they do on a directory."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest

from comb_compiler.cli.samples.resuming import work_named
from comb_compiler.release import Recording
from comb_compiler.samples.elasticsearch_hbase import ProductionStore, Settings
from comb_compiler.samples.embedded import EmbeddedStore
from comb_compiler.samples.positions import PositionFile
from comb_compiler.samples.record_pb2 import Mark
from comb_compiler.samples.store import Query
from comb_compiler.samples.users import user_digest
from tests.cli.conftest import Comb, Ran, checkout
from tests.cli.test_gate import committed, gate, greeting, verdicts
from tests.cli.test_samples import descriptors, record
from tests.runtime.plans import plan
from tests.runtime.recording.test_served import post
from tests.runtime.service.processes import process
from tests.samples.interrupted import BATCH, WORK, killed
from tests.support.stores import Stores
from tests.support.terminal import on_terminal

__all__ = ["checkout"]

PLATFORM = """\
apiVersion: comb.dev/v1
kind: Platform
metadata: {name: laptop}
clusters: {kind: {nodePools: {cpus: {nodes: 1, cpu: 8, memory: 16Gi}}}}
namespaces: {combs: {}}
environments: {local: {clusters: [kind], namespace: combs}}
environmentRepository: {url: "file:///srv/environments.git"}
registry: {push: localhost:5000/combs}
sampleStore:
  elasticsearch: {urls: ["http://127.0.0.1:%d"], index: %s, replicas: 0%s}
  hbase: {host: 127.0.0.1, port: %d, table: %s, timeout: 60s, keep: 400d}
"""
STORE = "platform:platform.yaml"


@pytest.fixture
def comb(checkout: Path) -> Comb:
    """`comb ARGUMENTS…` in the checkout; servers of a slow machine take their time for a table."""

    def run(*arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Ran:
        command = [sys.executable, "-m", "comb_compiler", *arguments]
        environment = {**os.environ, "PYTHONPATH": os.getcwd(), "NO_COLOR": "1", **(env or {})}
        done = subprocess.run(
            command, cwd=cwd or checkout, env=environment, capture_output=True, text=True, timeout=600
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


def platform(stores: Stores, name: str, credentials: str = "") -> str:
    return PLATFORM % (stores.elasticsearch.port, name, credentials, stores.hbase.port, name)


def servers_file(settings: Settings, path: Path) -> str:
    """`servers:FILE` of a store."""
    finding = {"urls": list(settings.urls), "index": settings.indices}
    keeping = {"host": settings.host, "port": settings.port, "table": settings.table, "timeout": settings.timeout}
    path.write_text(json.dumps({"elasticsearch": finding, "hbase": keeping}), encoding="utf-8")
    return f"servers:{path}"


def test_servers_are_set_up_and_records_are_copied_to_them(stores: Stores, checkout: Path, comb: Comb) -> None:
    (checkout / "platform.yaml").write_text(platform(stores, "commands"), encoding="utf-8")
    early = comb("samples", "list", "--store", STORE)
    assert early.code == 4, early.err
    assert "run `comb platform apply-store`" in early.err
    planned = comb("platform", "apply-store", "--platform", "platform.yaml")
    assert (planned.code, [line.split()[:3] for line in planned.out.splitlines()]) == (
        1,
        [["to", "do", "Elasticsearch:"], ["to", "do", "Elasticsearch:"], ["to", "do", "HBase:"]],
    )
    narrow = on_terminal(80, "platform", "apply-store", "--platform", "platform.yaml", cwd=checkout, cache=checkout)
    assert max(map(len, narrow.splitlines())) <= 80
    assert narrow.split() == planned.out.split(), "no word is broken"
    assert comb("platform", "apply-store", "--platform", "platform.yaml", "--yes").code == 0
    again = comb("platform", "apply-store", "--platform", "platform.yaml", "--yes")
    assert (again.code, {line.split()[0] for line in again.out.splitlines()}) == (0, {"right"})

    store = EmbeddedStore(checkout / "records")
    interface = store.put_interface(descriptors(checkout))
    records = [record(number, interface=interface) for number in range(4)]
    store.put([*records, record(4, interface=interface, code=13, error="`hello` broke")])
    store.mark(record(1).id, Mark(mark="error", by="ada", why="rude", time=1))
    copied = comb("samples", "copy", "--store", "embedded:records", "--to", STORE, "--format", "json")
    assert copied.code == 0, copied.out + copied.err
    first = json.loads(copied.out)
    assert (first["records"], first["new"], first["known"], first["different"]) == (5, 5, 0, [])
    store.mark(record(2).id, Mark(mark="standard", by="bob", time=2))
    store.close()
    second = json.loads(comb("samples", "copy", "--store", "embedded:records", "--to", STORE, "--format", "json").out)
    assert (second["new"], second["known"], second["different"]) == (0, 5, [])
    back = json.loads(comb("samples", "copy", "--store", STORE, "--to", "embedded:back", "--format", "json").out)
    assert (back["new"], back["digest"]) == (5, second["digest"])

    listed = comb("samples", "list", "--store", STORE, "--code", "INTERNAL", "--format", "json")
    assert [one["request_id"] for one in json.loads(listed.out)["samples"]] == ["r4"]
    assert comb("samples", "mark", record(3).id, "--store", STORE, "--as", "standard", "--by", "eve").code == 0
    shown = comb("samples", "show", record(3).id, "--store", STORE)
    assert "Hello Ada" in shown.out
    assert "eve" in shown.out
    assert comb("samples", "stats", "--store", STORE).code == 0
    exported = comb("samples", "export", "--store", STORE, "--mark", "error", "-o", "errors")
    assert "errors: 1 record" in exported.out
    assert comb("samples", "import", "errors", "--store", STORE).out.startswith("0 new, 1 there already")
    gone = comb("samples", "gc", "--store", STORE, "--user", "user-0", "--marked", "--yes")
    assert gone.code == 0, gone.err
    assert comb("samples", "repair", "--store", STORE).out == "4 records looked at, all well\n"


def test_what_a_copy_finds_otherwise_is_said(stores: Stores, settings: Settings, checkout: Path, comb: Comb) -> None:
    target = servers_file(settings, checkout / "store.json")
    store = EmbeddedStore(checkout / "records")
    store.put([record(number) for number in range(3)])
    store.close()
    production = ProductionStore(settings)
    production.put([record(1, comb="another")])
    production.mark(record(1).id, Mark(mark="error", by="ada"))
    production.close()
    copied = comb("samples", "copy", "--store", "embedded:records", "--to", target)
    assert copied.code == 1
    assert f"different: {record(1).id}: another record has this id" in copied.out
    assert "3 records: 2 copied, 1 there already, 1 different" in copied.out


def test_a_secret_is_in_the_environment_or_a_file_and_nowhere_else(stores: Stores, checkout: Path, comb: Comb) -> None:
    (checkout / "platform.yaml").write_text(platform(stores, "x", ", credentials: the-store"), encoding="utf-8")
    (checkout / "secret").write_text("hush-hush\n", encoding="utf-8")
    without = comb("platform", "apply-store", "--platform", "platform.yaml")
    assert without.code == 2
    assert "neither THE_STORE_USER with THE_STORE_PASSWORD nor THE_STORE_API_KEY is there" in without.err
    half = comb("platform", "apply-store", "--platform", "platform.yaml", env={"THE_STORE_USER": "comb"})
    assert "THE_STORE_USER and THE_STORE_PASSWORD go together" in half.err
    unread = comb("samples", "list", "--store", STORE, env={"THE_STORE_API_KEY_FILE": "nowhere"})
    assert (unread.code, "nowhere" in unread.err) == (2, True)
    given = {"THE_STORE_USER": "comb", "THE_STORE_PASSWORD_FILE": str(checkout / "secret")}
    planned = comb("platform", "apply-store", "--platform", "platform.yaml", env=given)
    assert planned.code == 1, planned.err
    assert "hush" not in planned.out + planned.err


@pytest.mark.slow
def test_the_replay_gate_runs_on_records_of_the_servers(
    store: ProductionStore, settings: Settings, tmp_path: Path, comb: Comb
) -> None:
    candidate = greeting(tmp_path / "after")
    for name in ("barbara", "ken"):
        expected = candidate / f"samples/error/{name}/expected.json"
        expected.write_text(expected.read_text("utf-8").replace(name.title(), name), encoding="utf-8")
    interface = store.put_interface(descriptors(tmp_path))
    assert store.put([record(number, interface=interface) for number in range(80)]).new == 80
    target = servers_file(settings, tmp_path / "store.json")
    for number in (1, 2):
        store.mark(record(number).id, Mark(mark="error", by="ada", expected='{"text": "Hello Ada"}'))
    added = comb("samples", "add", "--marked", "error", "--in-store", "--store", target, cwd=candidate)
    assert (added.code, len(added.out.splitlines())) == (0, 2), added.err
    committed(candidate)
    right = [one.id for one in store.find(Query(), limit=100).found]
    ran, report = gate(candidate, "replay", "--store", target, "--baseline", "recorded")
    assert ran.code == 0, ran.out + ran.err
    assert verdicts(report) == {"replay error": "passed", "replay regular": "passed"}
    assert report["gates"][0]["asked"] == 4, "two of them from files"
    assert report["gates"][1]["asked"] >= 70
    assert [one.id for one in store.find(Query(), limit=100).found] == right
    assert store.delete(Query(user=user_digest("user-2")), marked=True) == 1
    ran, report = gate(candidate, "replay", "--store", target, "--baseline", "recorded")
    assert (ran.code, verdicts(report)) == (3, {"samples": "undecided"})
    assert f"its record {record(2).id} is not there" in ran.out


@pytest.mark.slow
def test_a_service_records_into_the_servers(store: ProductionStore, settings: Settings, tmp_path: Path) -> None:
    nodes = {"loud": ("shout", {"letter": "request.letter"})}
    target = servers_file(settings, tmp_path / "store.json")
    options = [
        "--samples",
        target,
        "--samples-spool",
        str(tmp_path / "spool"),
        "--settle",
        "0",
        "--environment",
        "test",
    ]
    with process(plan(nodes, "loud", recording=Recording(1.0)), tmp_path, *options) as running:
        for number in range(20):
            assert post(running.http, {"letter": {"text": str(number)}}, x_request_id=f"r{number}")[0] == 200
        until = time.monotonic() + 240
        while len(store.find(Query(environment="test")).found) < 20 and time.monotonic() < until:
            time.sleep(0.5)
        page = urllib.request.urlopen(f"http://127.0.0.1:{running.http}/metrics", timeout=60).read().decode()
        running.tell(signal.SIGTERM)
        assert running.ended() == 0
    found = store.find(Query(environment="test")).found
    assert sorted(one.request_id for one in found) == sorted(f"r{number}" for number in range(20))
    assert {one.id[12] for one in found} == {"7"}
    assert store.repair() == (20, (), ())
    assert 'comb_store_records_total{came="new"} 20.0' in page
    assert 'comb_store_records_total{came="refused"} 0.0' in page
    for server in ("elasticsearch", "hbase"):
        values = {name: value(page, f'{name}{{server="{server}"}}') for name in CALLS}
        assert values["comb_store_call_seconds_count"] == values["comb_store_calls_total"] > 0
        assert values["comb_store_call_seconds_sum"] > 0
        assert values["comb_store_circuit_open"] == 0
    assert not [line for line in running.said if "_bulk" in line], "the client's line for each call is not written"


CALLS = (
    "comb_store_calls_total", "comb_store_call_seconds_count", "comb_store_call_seconds_sum",
    "comb_store_retries_total", "comb_store_failures_total", "comb_store_rejected_total", "comb_store_circuit_open",
)  # fmt: skip


def value(page: str, series: str) -> float:
    [line] = [line for line in page.split("\n") if line.startswith(f"{series} ")]
    return float(line.rpartition(" ")[2])


def test_a_killed_copy_to_the_servers_goes_on(
    store: ProductionStore, settings: Settings, checkout: Path, comb: Comb
) -> None:
    target = servers_file(settings, checkout / "store.json")
    source = EmbeddedStore(checkout / "records")
    wanted = [record(number, time=number * 300_000_000) for number in range(5 * BATCH)]
    source.put(wanted)
    position = checkout / ".comb/copying" / f"{work_named('copy', 'embedded:records', target, '')}.json"
    assert killed("copy", checkout / "records", checkout / "store.json", position, 3) == -signal.SIGKILL
    noted = PositionFile(position, WORK).read()
    assert noted is not None
    PositionFile(position, position.stem).write(*noted)
    arguments = ("samples", "copy", "--store", "embedded:records", "--to", target, "--format", "json")
    done = comb(*arguments)
    assert done.code == 0, done.err
    assert f"went on after {2 * BATCH} records" in done.err
    copied = json.loads(done.out)
    assert (copied["records"], copied["new"], copied["known"]) == (5 * BATCH, 4 * BATCH, BATCH)
    again = json.loads(comb(*arguments).out)
    assert (again["digest"], again["new"], again["before"]) == (copied["digest"], 0, 0)
    assert sorted(store.get([one.id for one in wanted])) == sorted(one.id for one in wanted)
    assert store.repair() == (5 * BATCH, (), ())
    source.close()
