"""What a hop costs between processes of one machine: calls of worker processes, and channels over local sockets.

Bars (issue "The engine"): p50 ≤ 250 µs per hop for 1 KB; 10 MB messages through shared memory at ≥ 80% of serialise +
copy + parse in the same run, and with the bytes out of band at ≥ 60% of a bare copy.

    .venv/bin/python benchmarks/engine_processes.py [--record]
"""

import argparse
import asyncio
import mmap
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine_operators import chain
from google.protobuf.wrappers_pb2 import BytesValue

from comb_compiler.runtime import Parcel
from comb_compiler.runtime.channels import local
from comb_compiler.runtime.engine import Engine, run

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "engine-processes.md"
LARGE = 10_000_000
MICRO, MILLI = 1e6, 1e3


async def timed(once: Callable[[], Awaitable[Any]], count: int) -> list[float]:
    """Seconds of each, after some that do not count."""
    for _ in range(max(count // 10, 3)):
        await once()
    times = []
    for _ in range(count):
        began = time.perf_counter()
        await once()
        times.append(time.perf_counter() - began)
    return sorted(times)


def pin(process: int, core: int) -> None:
    """Put a process on a core."""
    os.sched_setaffinity(process, {core % (os.cpu_count() or 1)})


def workers() -> list[int]:
    """This process's children."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        found += map(int, (task / "children").read_text("ascii").split())
    return found


async def call_of_a_worker(size: int, count: int, *, pinned: bool) -> list[float]:
    """There and back: the request to the worker, its answer to the engine."""
    async with Engine(chain("echo")) as engine:
        if pinned:
            pin(0, 0)
            for worker in workers():
                pin(worker, 1)
        request = BytesValue(value=os.urandom(size))
        times = await timed(lambda: engine.call(request), count)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    return times


@asynccontextmanager
async def other_process() -> AsyncIterator[tuple[int, Callable[[Any], Awaitable[Any]]]]:
    """Another process: its id, and a function that sends it a value and gives the CPU time that it has taken so far."""
    with tempfile.TemporaryDirectory() as directory:
        there, back = Path(directory) / "there", Path(directory) / "back"
        answers = await local.listen(back, BytesValue, 2)
        other = await asyncio.create_subprocess_exec(sys.executable, __file__, "--echo", str(there), str(back))
        try:
            hello = await answers.receive()
            assert hello.value == b"ready"
            sender = await local.connect(there, BytesValue)

            async def send(value: Any) -> int:
                await sender.send(value)
                return int((await answers.receive()).value)

            yield other.pid, send
            sender.close()
            await sender.end()
            await answers.end()
        finally:
            other.kill()
            await other.wait()


async def small(count: int, *, pinned: bool = False) -> list[float]:
    """1 KB over a channel, and a small answer: two hops."""
    async with other_process() as (process, send):
        if pinned:
            pin(0, 0)
            pin(process, 1)
        value = BytesValue(value=os.urandom(1000))
        times = await timed(lambda: send(value), count)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    return times


async def large(count: int) -> dict[str, list[float]]:
    """10 MB in each way, in turns, so that whatever else the machine does meets all of them."""
    content = os.urandom(LARGE)
    message, parcel = BytesValue(value=content), Parcel(BytesValue(), {"value": content})
    memory = memoryview(mmap.mmap(-1, LARGE + 100))

    async def copies() -> int:
        serialised = message.SerializeToString()
        memory[: len(serialised)] = serialised
        BytesValue.FromString(memory[: len(serialised)])  # type: ignore[arg-type]
        return 0

    async def copy() -> int:
        memory[:LARGE] = content
        return 0

    times: dict[str, list[float]] = {}
    async with other_process() as (_, send_message), other_process() as (_, send_parcel):
        ways: dict[str, Callable[[], Awaitable[int]]] = {
            "copies": copies,
            "channel": lambda: send_message(message),
            "copy": copy,
            "parcel": lambda: send_parcel(parcel),
        }
        others = dict.fromkeys(ways, 0)
        for turn in range(count + 5):
            for name, once in ways.items():
                began, here, there = time.perf_counter(), time.process_time(), others[name]
                others[name] = await once()
                if turn >= 5:
                    times.setdefault(name, []).append(time.perf_counter() - began)
                    taken = time.process_time() - here + (others[name] - there) / 1e9
                    times.setdefault(f"{name} CPU", []).append(taken)
    return {name: sorted(seconds) for name, seconds in times.items()}


async def echo(there: Path, back: Path) -> None:
    """The other process: answers each value with the CPU time that it has taken so far, in ns."""
    values = await local.listen(there, BytesValue, 2)
    sender = await local.connect(back, BytesValue)
    await sender.send(BytesValue(value=b"ready"))
    async for _ in values:
        await sender.send(BytesValue(value=str(time.process_time_ns()).encode()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--record", action="store_true", help=f"write {RESULT.relative_to(ROOT)}")
    parser.add_argument("--echo", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.echo:
        run(echo(*arguments.echo))
        return
    text = report(arguments.rounds)
    print(text)
    if arguments.record:
        RESULT.write_text(text, encoding="utf-8")


def report(rounds: int) -> str:
    measured: dict[str, list[float]] = {}

    def note(name: str, times: list[float]) -> None:
        for quantile in (0.1, 0.5, 0.99):
            measured.setdefault(f"{name} {quantile}", []).append(times[int(len(times) * quantile)])

    for _ in range(rounds):
        note("worker", run(call_of_a_worker(1000, 2000, pinned=False)))
        note("worker pinned", run(call_of_a_worker(1000, 2000, pinned=True)))
        note("channel", run(small(2000)))
        note("channel pinned", run(small(2000, pinned=True)))
        note("worker 10 MB", run(call_of_a_worker(LARGE, 20, pinned=False)))
        for name, times in run(large(60)).items():
            note(f"large {name}", times)
    rows = _rows({name: statistics.median(times) for name, times in measured.items()})
    lines = [f"| {' | '.join(row)} |" for row in rows]
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    today = datetime.now(tz=UTC).date()
    head = f"# The engine, between processes\n\n{today} · {machine} · medians of {rounds} interleaved rounds, on uvloop"
    head += f" · load {os.getloadavg()[1]:.1f}\n\n"
    return head + "\n".join(["| what | p10 | p50 | p99 | bar |", "|---|---|---|---|---|", *lines]) + _NOTES


_NOTES = """

Pinned: the engine on core 0, the other process on core 1. A call of a worker is there and back and counts as one hop;
over a channel a value and a small answer are two. 10 MB are sent one at a time, with a small answer each, so that
nothing overlaps, and in turns with what they are compared with. Where the machine is shared, p10 and the CPU time
say what the way costs, and p50 how often others had the cores.

Repeat: `.venv/bin/python benchmarks/engine_processes.py --record`
"""


def _rows(measured: dict[str, float]) -> list[tuple[str, ...]]:
    def row(what: str, name: str, scale: float, unit: str, bar: str) -> tuple[str, ...]:
        digits = 2 if unit == "ms" else 0
        return (what, *(f"{measured[f'{name} {q}'] * scale:.{digits}f} {unit}" for q in (0.1, 0.5, 0.99)), bar)

    def ratio(what: str, peer: str, name: str, bar: str) -> tuple[str, ...]:
        shares = (measured[f"large {peer} {q}"] / measured[f"large {name} {q}"] for q in (0.1, 0.5, 0.99))
        return (what, *(f"{100 * share:.0f}%" for share in shares), bar)

    return [
        row("1 KB, call of a worker process", "worker", MICRO, "µs", "≤ 250 µs"),
        row("the same, pinned", "worker pinned", MICRO, "µs", "≤ 250 µs"),
        row("1 KB, a hop over a channel", "channel", MICRO / 2, "µs", "≤ 250 µs"),
        row("the same, pinned", "channel pinned", MICRO / 2, "µs", "≤ 250 µs"),
        row("10 MB: serialise + copy + parse", "large copies", MILLI, "ms", ""),
        row("10 MB over a channel", "large channel", MILLI, "ms", ""),
        ratio("its share", "copies", "channel", "≥ 80%"),
        ratio("its share, of CPU time in both processes", "copies CPU", "channel CPU", "≥ 80%"),
        row("10 MB: a bare copy", "large copy", MILLI, "ms", ""),
        row("10 MB beside a message", "large parcel", MILLI, "ms", ""),
        ratio("its share", "copy", "parcel", "≥ 60%"),
        ratio("its share, of CPU time in both processes", "copy CPU", "parcel CPU", "≥ 60%"),
        row("10 MB to a worker and back", "worker 10 MB", MILLI, "ms", ""),
    ]


if __name__ == "__main__":
    main()
