"""What recording every request costs the engine: with and without it, in one run and interleaved.

    .venv/bin/python benchmarks/recording.py [--record]

Bars (issue "Samples"): at most 15 µs at the median of a request on operators that do nothing; at most 5% of the
throughput of a graph that serves 200 requests a second. The store is the embedded one, in a temporary directory, so
that its own work is counted too. Times are of the process's CPU where more than one thread is looked at.
"""

import argparse
import asyncio
import os
import platform
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine_operators import chain
from google.protobuf.wrappers_pb2 import StringValue

from comb_compiler.release import ExecutionPlan, Recording
from comb_compiler.runtime.engine import Engine, Finished, run
from comb_compiler.runtime.recording.recorder import Bounds, Recorder
from comb_compiler.samples.embedded import EmbeddedStore

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "recording.md"
REQUEST = StringValue(value="text" * 250)
EVERY = Recording(1.0, ("error",))


class Timed:
    """A recorder whose work in the loop is timed."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.times: list[float] = []

    def ended(self, request: Finished) -> None:
        began = time.perf_counter()
        self.recorder.ended(request)
        self.times.append(time.perf_counter() - began)


@asynccontextmanager
async def serving(plan: ExecutionPlan, *, record: bool, timed: bool = False) -> AsyncIterator[tuple[Engine, Any]]:
    """An engine, with a recorder or without."""
    if not record:
        async with Engine(plan) as engine:
            yield engine, None
        return
    with tempfile.TemporaryDirectory() as directory:
        store = EmbeddedStore(Path(directory) / "samples")
        recorder = Recorder(plan, store, Path(directory) / "spool", bounds=Bounds(grace=60))
        observer = Timed(recorder) if timed else recorder
        async with Engine(plan, observers=[observer]) as engine:
            recorder.start(engine.messages)
            yield engine, observer
        await asyncio.to_thread(recorder.close)


async def median(plan: ExecutionPlan, requests: int, *, record: bool, gap: float, timed: bool = False) -> float:
    """The median of a request in µs, or, `timed`, of the recorder's work in the loop: to look at it takes time, too."""
    async with serving(plan, record=record, timed=timed) as (engine, watching):
        times = []
        for number in range(requests):
            began = time.perf_counter()
            await engine.run(REQUEST, within=10.0, request_id=str(number))
            times.append(time.perf_counter() - began)
            if gap:
                await asyncio.sleep(gap)
    return statistics.median(watching.times if timed else times) * 1e6


async def throughput(plan: ExecutionPlan, requests: int, blocks: int) -> tuple[float, float, float, int]:
    """A graph that keeps its process busy, with and without recording, in turns of a block each.

    Of both the requests a second (medians of blocks, so that what else runs on the machine does not count) and, of all
    threads, the CPU ms that a recorded request takes more; and how many were recorded. Between blocks what was recorded
    is shipped, so that no block pays for another.
    """
    rates: dict[bool, list[float]] = {False: [], True: []}
    used: dict[bool, float] = {False: 0.0, True: 0.0}
    async with serving(plan, record=False) as (bare, _), serving(plan, record=True) as (engine, recorder):
        await engine.run(REQUEST, within=10.0, request_id="first")  # the store is made
        await asyncio.sleep(1.0)
        for block in range(2 * blocks):
            record = block % 2 == 1
            began, cpu = time.perf_counter(), time.process_time()
            for number in range(requests // blocks):
                await (engine if record else bare).run(REQUEST, within=10.0, request_id=f"{block}-{number}")
            rates[record].append(requests // blocks / (time.perf_counter() - began))
            await asyncio.to_thread(_until_shipped, recorder)
            used[record] += time.process_time() - cpu
    more = (used[True] - used[False]) / requests * 1000
    return statistics.median(rates[False]), statistics.median(rates[True]), more, recorder.shipping.shipped


def _until_shipped(recorder: Recorder) -> None:
    while recorder.shipping.shipped < recorder.recorded:
        time.sleep(0.05)


def report(arguments: argparse.Namespace) -> str:
    nothing, busy = chain(*["same"] * 10), chain("same", "busy_5ms", "same")
    costs: dict[str, list[float]] = {}
    recorded = 0
    for _ in range(arguments.rounds):
        plan = nothing._replace(recording=EVERY)
        for name, gap, count in (("back to back", 0.0, arguments.requests), ("paced", 0.002, arguments.requests // 10)):
            for record in (False, True):
                costs.setdefault(f"{name} {record}", []).append(run(median(plan, count, record=record, gap=gap)))
            in_loop = run(median(plan, count, record=True, gap=gap, timed=True))
            costs.setdefault(f"{name} in the loop", []).append(in_loop)
        off, on, more, kept = run(throughput(busy._replace(recording=EVERY), arguments.requests // 10, 10))
        recorded += kept
        costs.setdefault("rate False", []).append(off)
        costs.setdefault("rate True", []).append(on)
        costs.setdefault("more", []).append(more)
    middle = {name: statistics.median(values) for name, values in costs.items()}
    share = [1 - on / off for on, off in zip(costs["rate True"], costs["rate False"], strict=True)]
    rows = [
        _row("a request, ten no-ops, one after the other", middle, "back to back"),
        _row("the same, one each 2 ms", middle, "paced"),
        (
            "of that in the loop, one after the other / one each 2 ms: decide and hand over",
            "",
            f"{middle['back to back in the loop']:.1f} / {middle['paced in the loop']:.1f} µs",
            "",
            "an enqueue costs 3",
        ),
        (
            "requests a second of a graph with 5 ms of work",
            f"{middle['rate False']:.0f}",
            f"{middle['rate True']:.0f}",
            f"{-statistics.median(share):+.1%}",
            "≤ 5%",
        ),
        (
            "CPU of all other threads for a recorded request, the store's work included",
            "",
            f"{middle['more']:.2f} ms",
            f"{middle['more'] / 5:+.1%} of the work",
            "",
        ),
    ]
    today = datetime.now(tz=UTC).date()
    head = f"# Recording\n\n{today} · {_machine()} · medians of {arguments.rounds} interleaved rounds of "
    head += f"{arguments.requests} requests of 1 KB, all recorded into the embedded store"
    head += f" · load {os.getloadavg()[1]:.1f}\n\n"
    table = ["| what | without | with recording | difference | bar |", "|---|---|---|---|---|"]
    table += [f"| {' | '.join(row)} |" for row in rows]
    said = f"\n\nOf {arguments.rounds * (arguments.requests // 10)} requests with work, {recorded} were in the store.\n"
    return head + "\n".join(table) + said + "\nRepeat: see the head of `benchmarks/recording.py`.\n"


def _row(what: str, middle: dict[str, float], name: str) -> tuple[str, ...]:
    off, on = middle[f"{name} False"], middle[f"{name} True"]
    return (what, f"{off:.1f} µs", f"{on:.1f} µs", f"{on - off:+.1f} µs", "≤ 15 µs")


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--record", action="store_true", help=f"write {RESULT.relative_to(ROOT)}")
    arguments = parser.parse_args()
    text = report(arguments)
    print(text)
    if arguments.record:
        RESULT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
