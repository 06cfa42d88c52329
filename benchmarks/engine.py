"""What a hop costs in the engine, beside Ray Serve and BentoML, in one run and interleaved.

Everything that a request needs is on: deadline, cancellation, counters and histograms, an observer that makes spans of
1% of requests, one that records 1%, and admission. The peers come from PyPI into an environment of their own, anywhere:

    python3 -m venv PEERS && PEERS/bin/pip install 'ray[serve]' bentoml
    .venv/bin/python benchmarks/engine.py --peers PEERS/bin/python [--record]

Bars (issue "The engine"): chain of 10 no-ops ≤ 5 µs per operator, fan-out of 10 that suspend once ≤ 15 µs, both at
least 20 × less than Ray Serve's in-process mode; a graph of operators that wait has ≥ 80% of its slowest one's rate.
"""

import argparse
import asyncio
import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine_operators import chain, fan
from google.protobuf.wrappers_pb2 import StringValue

from comb_compiler.runtime.engine import Engine, Finished, Limits, Observer, SampledSpans, run
from comb_compiler.runtime.engine.observation import Began

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "engine.md"
PEERS = Path(__file__).with_name("engine_peers.py")
REQUEST = StringValue(value="text")

PLANS = {
    "chain of 10, `def` in the loop": chain(*["same"] * 10),
    "chain of 10, `async def`": chain(*["same_async"] * 10),
    "chain of 10 that suspend once": chain(*["same_later"] * 10),
    "fan-out of 10, `def` in the loop": fan("same"),
    "fan-out of 10 that suspend once": fan("same_later"),
}


class Recorder(Observer):
    """Keeps 1% of requests, as a recorder does before it hands them to its store."""

    def __init__(self) -> None:
        self.seen = 0
        self.kept: list[tuple[bytes, bytes, list[int]]] = []

    def began(self, request: Began) -> None:
        self.seen += 1

    def ended(self, request: Finished) -> None:
        if self.seen % 100 == 0:
            content = request.request.SerializeToString(), request.answer.SerializeToString(), list(request.codes)
            self.kept = [*self.kept[-10:], content]


async def per_operator(plan: Any, requests: int) -> float:
    """The median of a request, by operator, in microseconds."""
    observers = [SampledSpans(0.01, lambda spans: None), Recorder()]
    async with Engine(plan, observers=observers) as engine:
        for _ in range(requests // 10):
            await engine.call(REQUEST, within=10.0)
        times = []
        for _ in range(requests):
            began = time.perf_counter()
            await engine.call(REQUEST, within=10.0)
            times.append(time.perf_counter() - began)
    return statistics.median(times) / 10 * 1e6


async def throughput(*operators: str, seconds: float = 2.0) -> float:
    """Requests per second of a chain, with 64 callers."""
    async with Engine(chain(*operators), limits=Limits(requests=64)) as engine:
        until = time.perf_counter() + seconds
        answered = 0

        async def caller() -> None:
            nonlocal answered
            while time.perf_counter() < until:
                await engine.call(REQUEST)
                answered += 1

        await asyncio.gather(*(caller() for _ in range(64)))
    return answered / seconds


async def allocations(plan: Any) -> tuple[int, int]:
    """What a request has allocated at its peak: blocks that are kept after many, and bytes at the peak of one."""
    async with Engine(plan) as engine:
        for _ in range(1000):
            await engine.call(REQUEST)
        assert engine.meters.requests  # which counts those that have ended and are not counted yet
        gc.collect()
        before = sys.getallocatedblocks()
        for _ in range(1000):
            await engine.call(REQUEST)
        assert engine.meters.requests
        gc.collect()
        kept = sys.getallocatedblocks() - before
        tracemalloc.start()
        start = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        await engine.call(REQUEST)
        peak = tracemalloc.get_traced_memory()[1] - start
        tracemalloc.stop()
    return kept, peak


def peer(python: str, name: str, attempts: int = 3) -> dict[str, float]:
    """One run of a peer, in its own environment. A cluster of processes does not always come up on a busy machine."""
    for _ in range(attempts):
        done = subprocess.run([python, str(PEERS), name], capture_output=True, text=True)
        if done.returncode == 0:
            found: dict[str, float] = json.loads(done.stdout.strip().split("\n")[-1])
            return found
    raise SystemExit(f"{name} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", metavar="PYTHON", help="the Python of an environment with ray[serve] and bentoml")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--record", action="store_true", help=f"write {RESULT.relative_to(ROOT)}")
    arguments = parser.parse_args()
    text = report(arguments)
    print(text)
    if arguments.record:
        RESULT.write_text(text, encoding="utf-8")


def report(arguments: argparse.Namespace) -> str:
    ours: dict[str, list[float]] = {name: [] for name in PLANS}
    theirs: dict[str, list[float]] = {}
    for _ in range(arguments.rounds):
        for name, plan in PLANS.items():
            ours[name].append(run(per_operator(plan, arguments.requests)))
        for name in ("ray-local", "bentoml") if arguments.peers else ():
            for shape, cost in peer(arguments.peers, name).items():
                theirs.setdefault(f"{name} {shape}", []).append(cost)
    for shape, cost in (peer(arguments.peers, "ray-processes") if arguments.peers else {}).items():
        theirs[f"ray-processes {shape}"] = [cost]
    rows = [*_ours(ours, theirs), *_theirs(theirs), *_throughput(), *_allocations()]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    today = datetime.now(tz=UTC).date()
    head = f"# The engine, in one process\n\n{today} · {_machine()} · medians of {arguments.rounds} interleaved rounds"
    head += f" of {arguments.requests} requests, one at a time, on uvloop · load {os.getloadavg()[1]:.1f}\n\n"
    return head + "\n".join(["| what | measured | ratio | bar |", "|---|---|---|---|", *lines]) + _NOTES


_NOTES = """

µs are per operator: a request's median over ten. On: deadline, cancellation, counters and histograms, spans of 1%,
recording of 1%, admission. Ray Serve: `DeploymentHandle` calls from a deployment; BentoML: calls of a service object.

Repeat: see the head of `benchmarks/engine.py`.
"""


def _ours(ours: dict[str, list[float]], theirs: dict[str, list[float]]) -> list[tuple[str, ...]]:
    rows = []
    for name, costs in ours.items():
        cost = statistics.median(costs)
        bar = "≤ 15 µs" if "fan-out" in name else "≤ 5 µs" if "suspend" not in name else ""
        ray = theirs.get(f"ray-local {'fan' if 'fan-out' in name else 'chain'}")
        ratio = f"{statistics.median(ray) / cost:.0f} × less than Ray Serve in process" if ray else ""
        rows.append((name, f"{cost:.2f} µs", ratio, f"{bar}; ≥ 20 ×" if bar else "≥ 20 ×"))
    return rows


def _theirs(theirs: dict[str, list[float]]) -> list[tuple[str, ...]]:
    return [(name, f"{statistics.median(costs):.1f} µs", "", "") for name, costs in theirs.items()]


def _throughput() -> list[tuple[str, ...]]:
    operators = ("wait_2ms", "wait_4ms", "wait_10ms", "wait_4ms", "wait_2ms")
    alone, graph = run(throughput("wait_10ms")), run(throughput(*operators))
    ratio = f"{100 * graph / alone:.0f}% of the slowest one alone ({alone:.0f}/s)"
    return [("a chain of five that wait (8 at once each; 64 callers)", f"{graph:.0f} requests/s", ratio, "≥ 80%")]


def _allocations() -> list[tuple[str, ...]]:
    kept, peak = run(allocations(PLANS["chain of 10, `def` in the loop"]))
    fan_kept, fan_peak = run(allocations(PLANS["fan-out of 10 that suspend once"]))
    return [
        ("a chain's request: memory at its peak", f"{peak} bytes", f"{kept} blocks are left after 1,000", "none left"),
        ("a fan-out's request: memory at its peak", f"{fan_peak} bytes", f"{fan_kept} blocks are left after 1,000", ""),
    ]


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
