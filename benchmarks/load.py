"""The load generator beside bare locust and bare gRPC on gevent: what does a call cost it, and is it on time?

In one run, interleaved; the server is Go's (`load_server.go`) on one core, each generator in turn on the other. The
peers call in a closed loop as fast as they can. Comb's is offered more than it can send, by as many connections over
HTTP as they have, for its cost, and then half of what it has to reach, for its lateness. Only calls per second of CPU
are compared: other programs of the machine do not change them much. Lateness is measured with the generator before all
other programs (SCHED_FIFO) where that is allowed, so that it is its own, and not the machine's. k6 and wrk, which sends
no bodies, are measured beside them where they are (`go install go.k6.io/k6@latest`; Debian's `wrk`).

    .venv/bin/python benchmarks/load.py [--k6 PROGRAM] [--wrk PROGRAM] [--record]

Bars (issue "the load gate"): HTTP ≥ 70% of locust's FastHttpUser, gRPC ≥ 80% of a bare loop; at half of that, lateness
p50 ≤ 1 ms and p99 ≤ 3 ms.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

from load_peers import BODY, USERS
from service_load import cpu_of, keep_to, processes_of
from service_servers import marked

from comb_compiler.load import GRPC, HTTP, Generator, Input, Job, Step, StepResult, Target

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "load.md"
SERVER_CORE, GENERATOR_CORE = 0, 1
PATHS = {GRPC: "/tests.v1.Load/Run", HTTP: "/run"}
BARE = {GRPC: "bare gRPC on gevent", HTTP: "locust's FastHttpUser"}
BAR = {GRPC: 0.8, HTTP: 0.7}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--k6", help="the program, to be measured beside")
    parser.add_argument("--wrk", help="the program, to be measured beside")
    parser.add_argument("--record", action="store_true", help=f"write {RESULT.relative_to(ROOT)}")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, _server(Path(directory)) as port:
        text = _page(_measured(arguments, port), arguments)
    print(text)
    if arguments.record:
        RESULT.write_text(text, encoding="utf-8")


@contextmanager
def _server(directory: Path) -> Iterator[int]:
    """The port of a server that answers at once, on its core."""
    go = shutil.which("go")
    if go is None:
        raise SystemExit("needs go, for a server that is faster than what loads it")
    built = directory / "server"
    subprocess.run([go, "build", "-o", built, ROOT / "benchmarks" / "load_server.go"], check=True)
    with subprocess.Popen(_on(SERVER_CORE, str(built)), stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.kill()


def _on(core: int, *command: str) -> list[str]:
    return ["taskset", "-c", str(core), *command]


Rates = dict[str, dict[str, list[float]]]
"""Calls per second of CPU, by protocol and generator."""
COMB, PACED = "Comb, more than it can send", "Comb, at half of what it has to reach"


def _measured(arguments: argparse.Namespace, port: int) -> tuple[Rates, dict[str, list[StepResult]]]:
    rates: Rates = defaultdict(lambda: defaultdict(list))
    late: dict[str, list[StepResult]] = defaultdict(list)
    word, environment = marked()
    os.environ.update(environment)
    with Generator() as generator:
        for protocol in (GRPC, HTTP):
            target = Target(protocol, "127.0.0.1", port, PATHS[protocol])
            inputs = (Input(BODY),)
            job = Job(target, inputs)
            pooled = Job(target._replace(connections=USERS if protocol == HTTP else 0), inputs)
            generator.run(job, Step(100.0, 0.5, timeout=20.0))
            keep_to(word, GENERATOR_CORE)
            for _ in range(arguments.rounds):
                flat_out = Step(20_000.0, arguments.seconds, timeout=60.0)
                rates[protocol][COMB].append(_comb(generator, pooled, word, flat_out)[0])
                bare = _peer(protocol, port, arguments.seconds)
                rates[protocol][BARE[protocol]].append(bare)
                half = Step(bare * BAR[protocol] / 2, arguments.seconds, timeout=20.0)
                with _first(word):
                    rate, found = _comb(generator, job, word, half)
                rates[protocol][PACED].append(rate)
                late[protocol].append(found)
                for name, rate in _others(protocol, port, arguments):
                    rates[protocol][name].append(rate)
    return rates, late


@contextmanager
def _first(word: str) -> Iterator[None]:
    """All that has a mark comes before other programs, where that is allowed."""
    try:
        _schedule(word, os.SCHED_FIFO, 1)
    except PermissionError:
        yield
        return
    try:
        yield
    finally:
        _schedule(word, os.SCHED_OTHER, 0)


def _schedule(word: str, policy: int, priority: int) -> None:
    for process in processes_of(word):
        for thread in os.listdir(f"/proc/{process}/task"):
            os.sched_setscheduler(int(thread), policy, os.sched_param(priority))


def _comb(generator: Generator, job: Job, word: str, step: Step) -> tuple[float, StepResult]:
    """Calls per second of CPU, and the rest."""
    before = cpu_of(word)
    found = generator.run(job, step)
    cpu = cpu_of(word) - before
    assert found.whole.answered == found.whole.scheduled, (found.whole, found.said, found.offences)
    return found.whole.answered / cpu, found


def _peer(protocol: str, port: int, seconds: float) -> float:
    program = [sys.executable, str(ROOT / "benchmarks" / "load_peers.py"), protocol, str(port), str(seconds)]
    done = subprocess.run(_on(GENERATOR_CORE, *program), capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.strip().split("\n")[-1])
    return float(found["calls"] / found["cpu"])


K6 = """
import http from 'k6/http';
export const options = {{ vus: 32, duration: '{seconds}s' }};
export default () => http.post('http://127.0.0.1:{port}/run', '{body}');
"""


def _others(protocol: str, port: int, arguments: argparse.Namespace) -> Iterator[tuple[str, float]]:
    if protocol == HTTP and arguments.k6:
        with tempfile.NamedTemporaryFile("w", suffix=".js") as script:
            script.write(K6.format(seconds=arguments.seconds, port=port, body=BODY.decode()))
            script.flush()
            yield "k6", _timed([arguments.k6, "run", "--quiet", "--summary-export", "/dev/fd/2", script.name])
    if protocol == HTTP and arguments.wrk:
        yield (
            "wrk",
            _timed([arguments.wrk, "-t1", "-c32", f"-d{ceil(arguments.seconds)}s", f"http://127.0.0.1:{port}/run"]),
        )


def _timed(command: list[str]) -> float:
    """Calls per second of CPU of a program that tells its calls in its own way."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(_on(GENERATOR_CORE, *command), capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if "k6" in command[0]:
        return float(json.loads(done.stderr[done.stderr.index("{") :])["metrics"]["http_reqs"]["count"] / cpu)
    return int(done.stdout.partition(" requests in ")[0].split()[-1]) / cpu


def _page(measured: tuple[Rates, dict[str, list[StepResult]]], arguments: argparse.Namespace) -> str:
    rates, late = measured
    rows = []
    for protocol, found in rates.items():
        bare = statistics.median(found[BARE[protocol]])
        for name, several in found.items():
            middle = statistics.median(several)
            rows.append(f"| {protocol} | {name} | {middle:,.0f} | {middle / bare:.2f} |")
    times = []
    for protocol, steps in late.items():
        p50, p99 = (statistics.median(getattr(one.lateness, name) * 1000 for one in steps) for name in ("p50", "p99"))
        times.append(
            f"| {protocol} | {statistics.median(one.step.rate for one in steps):,.0f} | {p50:.2f} | {p99:.2f} |"
        )
    about = (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
        f"medians of {arguments.rounds} rounds of {arguments.seconds:g} s, one core; `benchmarks/load.py`."
    )
    return "\n".join(
        [
            "# The load generator",
            "",
            about,
            "",
            "| protocol | generator | calls per CPU second | of the bare one |",
            "|---|---|---:|---:|",
            *rows,
            "",
            f"Bars: gRPC {BAR[GRPC]:.0%}, HTTP {BAR[HTTP]:.0%} of the bare one.",
            "",
            "| protocol | rate offered, 1/s | late, p50, ms | late, p99, ms |",
            "|---|---:|---:|---:|",
            *times,
            "",
            "Bars: p50 ≤ 1 ms, p99 ≤ 3 ms. The generator comes before other programs, where that is allowed: on a",
            "machine that is busy with others it is not on time otherwise.",
            "",
        ]
    )


if __name__ == "__main__":
    main()
