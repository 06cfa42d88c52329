"""What a hop between two processes of a plan costs, beside a bare grpc.aio call of the same bytes in the same run.

A plan with one operator, whose binding a peer hosts (`comb_compiler.runtime.service --process`), is called through an
engine, with all that a request has: deadline, codes, counters. The bare call is an identity on bytes, unary, with a
deadline, in a process of its own that runs on the same loop. Both servers are on 127.0.0.1.

    .venv/bin/python benchmarks/engine_hops.py [--record]
"""

import argparse
import asyncio
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import grpc.aio
from engine_operators import chain
from google.protobuf.wrappers_pb2 import BytesValue
from service_servers import free_ports

from comb_compiler.release import Process, plan_bytes
from comb_compiler.runtime.engine import Engine, run
from comb_compiler.runtime.peers import Peers

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "engine-hops.md"
BARE = "/bare/Call"
SIZES = {"1 KB": 1000, "1 MB": 1_000_000}
CALLERS = 32

Call = Callable[[], Awaitable[Any]]


class Measured(NamedTuple):
    """Seconds of each call, one at a time; CPU seconds of one in both processes; and calls per second, 32 at once."""

    times: list[float]
    cpu: float
    rate: float


async def measure(call: Call, other: int, count: int) -> Measured:
    """Calls one at a time, then several at once."""
    for _ in range(count // 10 + 10):
        await call()
    times, before = [], time.process_time() + cpu_of(other)
    for _ in range(count):
        began = time.perf_counter()
        await call()
        times.append(time.perf_counter() - began)
    cpu = (time.process_time() + cpu_of(other) - before) / count
    began = time.perf_counter()

    async def caller() -> None:
        for _ in range(max(count // CALLERS, 1)):
            await call()

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return Measured(sorted(times), cpu, max(count // CALLERS, 1) * CALLERS / (time.perf_counter() - began))


def cpu_of(process: int) -> float:
    """CPU seconds that all threads of a process have taken, those that have ended not counted."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    return sum(int((task / "schedstat").read_text("ascii").split()[0]) for task in tasks) / 1e9


@contextmanager
def started(*command: str) -> Iterator["subprocess.Popen[str]"]:
    """Another process."""
    said = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen([sys.executable, *command], **said) as popen:
        try:
            yield popen
        finally:
            popen.kill()


async def over_peers(size: int, count: int) -> Measured:
    """Calls of an operator that a peer hosts."""
    made = chain("same_bytes")._replace(processes=(Process("main", ()), Process("far", (0,))))
    request = BytesValue(value=os.urandom(size))
    with tempfile.TemporaryDirectory() as directory:
        plan = Path(directory) / "plan.json"
        plan.write_bytes(plan_bytes(made))
        port, http = map(str, free_ports())
        options = (str(plan), "--process", "far", "--code", str(Path(__file__).parent), "--grpc-port", port)
        with started("-m", "comb_compiler.runtime.service", *options, "--http-port", http) as process:
            async with (
                Peers(made, {"far": f"127.0.0.1:{port}"}) as peers,
                Engine(made, elsewhere=peers.hosts) as engine,
            ):
                while peers.lost:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                return await measure(lambda: engine.call(request, within=10.0), process.pid, count)


async def bare(size: int, count: int) -> Measured:
    """Calls that send bytes and get them back."""
    content = BytesValue(value=os.urandom(size)).SerializeToString()
    with started(__file__, "--serve-bare") as process:
        async with grpc.aio.insecure_channel(process.stdout.readline().strip()) as channel:
            call = channel.unary_unary(BARE)
            return await measure(lambda: call(content, timeout=10.0), process.pid, count)


async def serve_bare() -> None:
    """The other side of `bare`."""

    async def same(content: bytes, _: Any) -> bytes:
        return content

    server = grpc.aio.server()
    handlers = {"Call": grpc.unary_unary_rpc_method_handler(same)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bare", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--record", action="store_true", help=f"write {RESULT.relative_to(ROOT)}")
    parser.add_argument("--serve-bare", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve_bare:
        run(serve_bare())
        return
    text = report(arguments.rounds, arguments.calls)
    print(text)
    if arguments.record:
        RESULT.write_text(text, encoding="utf-8")


def report(rounds: int, calls: int) -> str:
    ways = {"bare grpc.aio": bare, "a hop between peers": over_peers}
    found: dict[str, list[Measured]] = {}
    for _ in range(rounds):
        for label, size in SIZES.items():
            for name, way in ways.items():
                count = calls if size < 100_000 else calls // 10
                found.setdefault(f"{label}, {name}", []).append(run(way(size, count)))
    lines = []
    for name, ones in found.items():
        peer = found[f"{name.partition(',')[0]}, bare grpc.aio"]
        lines.append(_row(name, ones, peer))
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    head = f"# The engine, a hop between two processes of a plan\n\n{datetime.now(tz=UTC).date()} · {machine}"
    head += f" · medians of {rounds} interleaved rounds, on uvloop · load {os.getloadavg()[1]:.1f}\n\n"
    columns = ["| what | p10 | p50 | p99 | CPU of both | × bare, p50 | × bare, CPU | 32 at once |", "|---" * 8 + "|"]
    return head + "\n".join([*columns, *lines]) + _NOTES


def _row(name: str, ones: list[Measured], peer: list[Measured]) -> str:
    def at(quantile: float, of: list[Measured]) -> float:
        return statistics.median(one.times[int(len(one.times) * quantile)] for one in of) * 1e6

    cpu, bare_cpu = (statistics.median(one.cpu for one in of) * 1e6 for of in (ones, peer))
    cells = [name, *(f"{at(quantile, ones):.0f} µs" for quantile in (0.1, 0.5, 0.99)), f"{cpu:.0f} µs"]
    cells += [f"{at(0.5, ones) / at(0.5, peer):.2f}", f"{cpu / bare_cpu:.2f}"]
    return f"| {' | '.join([*cells, f'{statistics.median(one.rate for one in ones):.0f}/s'])} |"


_NOTES = """

A hop is there and back. "CPU of both" is what a call takes in both processes together, in all of their threads. The
bare call sends the same bytes and reads nothing in them; a hop serialises and parses its message on both sides, twice.

Repeat: `.venv/bin/python benchmarks/engine_hops.py --record`
"""


if __name__ == "__main__":
    main()
