"""The example as a service: how long `comb run` takes until it is ready, what it holds then, and what batches gain.

    .venv/bin/python benchmarks/service_example.py [--record]

Bar (issue "A real service"): ready within 5 s on two cores. Batches: the nudity model of the example, the only operator
of it that takes them, through the engine, with batches of at most 1 to 16 and callers in a closed loop.
"""

import argparse
import asyncio
import os
import platform
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from service_load import cpu_of, memory_of, processes_of
from service_servers import free_ports, marked

from comb_compiler.cli.models import model_locator
from comb_compiler.compiler import compile_comb
from comb_compiler.release import Batch, ExecutionPlan, Graph, Process
from comb_compiler.runtime.engine import Engine, Limits, run
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.sources import load_sources

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "frame-moderation"
MAIN = "examples/frame-moderation/comb.yaml"
FRAME = EXAMPLE / "samples" / "standard" / "caption-coffee" / "frame.jpg"
RESULT = ROOT / "benchmarks" / "results" / "service-example.md"
SIZES = (1, 2, 4, 8, 16)
CALLERS = (1, 4, 16)
_WAIT = 0.004


class Start(NamedTuple):
    """Seconds until the process is ready, seconds of CPU until then, and bytes that it holds."""

    wall: float
    cpu: float
    memory: int


class Load(NamedTuple):
    """What came of callers in a closed loop."""

    rate: float
    p50: float
    cpu: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.8, help="how long a block of load is")
    parser.add_argument("--record", action="store_true", help=f"write {RESULT.relative_to(ROOT)}")
    arguments = parser.parse_args()
    text = report(arguments)
    print(text)
    if arguments.record:
        RESULT.write_text(text, encoding="utf-8")


def report(arguments: argparse.Namespace) -> str:
    starts = [started() for _ in range(arguments.starts)]
    loads = run(batched(arguments.rounds, arguments.seconds))
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    head = f"# The example as a service\n\n{datetime.now(tz=UTC).date()} · {machine} · load {os.getloadavg()[1]:.1f}\n"
    return f"{head}\n{_starts(starts)}\n{_batches(loads, arguments)}\n{_NOTES}"


_NOTES = """CPU is that of the whole process, and says what a thing costs even where the machine is busy. Where it is
the same for all sizes, batches gain nothing on a CPU, and what the rates differ by is the machine's other work.

Repeat: `.venv/bin/python benchmarks/service_example.py --record`.
"""


def _starts(starts: Sequence[Start]) -> str:
    wall, cpu, memory = (statistics.median(figures) for figures in zip(*starts, strict=True))
    slowest, fastest = max(one.wall for one in starts), min(one.wall for one in starts)
    return f"""## Start

| `comb run examples/frame-moderation`, median of {len(starts)} | measured | bar |
|---|---|---|
| from nothing until `/readyz` says ready | {wall:.2f} s ({fastest:.2f} to {slowest:.2f}) | ≤ 5 s |
| CPU until then | {cpu:.2f} s | |
| memory then, idle (PSS of all its processes) | {memory / 2**20:.0f} MiB | |
"""


def _batches(loads: dict[int, dict[int, list[Load]]], arguments: argparse.Namespace) -> str:
    columns = " | ".join(f"{callers} at once" for callers in CALLERS)
    rows = []
    for size in SIZES:
        cells = []
        for callers in CALLERS:
            its, alone = loads[callers][size], loads[callers][SIZES[0]]
            rate, p50, cpu = (statistics.median(figures) for figures in zip(*its, strict=True))
            gain = statistics.median(one.rate / other.rate for one, other in zip(its, alone, strict=True))
            cells.append(f"{rate:.1f}/s, {gain:.2f} ×; {p50 * 1e3:.0f} ms; {cpu * 1e3:.1f} ms CPU")
        rows.append(f"| {size} | {' | '.join(cells)} |")
    return f"""## Batches

Requests a second and the rate beside batches of 1, the median time of a request, and the CPU that one took; medians of
{arguments.rounds} interleaved rounds of {arguments.seconds:g} s or longer. A batch waits {_WAIT * 1e3:g} ms for more.

| at most | {columns} |
|---|{"---|" * len(CALLERS)}
""" + "\n".join([*rows, ""])


def started() -> Start:
    """One start of the example, from the command until it is ready."""
    grpc, http = free_ports()
    mark, environment = marked()
    command = [str(Path(sys.executable).with_name("comb")), "run", str(EXAMPLE)]
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--grpc-port", str(grpc), "--http-port", str(http)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _is_ready(http):
            if process.poll() is not None or time.perf_counter() - began > 120:
                raise SystemExit("the example does not come up")
            time.sleep(0.01)
        wall, cpu = time.perf_counter() - began, cpu_of(mark)
        time.sleep(0.5)
        return Start(wall, cpu, memory_of(mark))
    finally:
        process.terminate()
        process.wait()
        assert not processes_of(mark)


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


async def batched(rounds: int, seconds: float) -> dict[int, dict[int, list[Load]]]:
    """By callers, then by the largest batch."""
    loads: dict[int, dict[int, list[Load]]] = {callers: {size: [] for size in SIZES} for callers in CALLERS}
    plan = _plan()
    locate = model_locator(Checkout(ROOT), MAIN)
    engines = {
        size: Engine(_batching(plan, size), locate=locate, code=EXAMPLE, limits=Limits(requests=64)) for size in SIZES
    }
    try:
        for engine in engines.values():
            await engine.start()
        for callers in CALLERS:
            for _ in range(rounds):
                for size, engine in engines.items():
                    loads[callers][size].append(await _load(engine, callers, seconds))
    finally:
        for engine in engines.values():
            await engine.close()
    return loads


def _plan() -> ExecutionPlan:
    """The example, with nothing but the score of nudity."""
    plan = compile_comb(load_sources(Checkout(str(ROOT)), MAIN)).plan
    assert plan is not None
    names = [one.name for one in plan.bindings]
    node = next(one for one in plan.graphs[0].nodes if one.name == "unsafe")
    binding = plan.bindings[names.index("nsfw")]._replace(timeout=None, fallback=None)
    alone = Graph((node._replace(binding=0, after=(), when=None, optional=False),), 0)
    return plan._replace(
        method=plan.method._replace(output=binding.out),
        graphs=(alone,),
        bindings=(binding,),
        processes=(Process("main", (0,)),),
        experiment=None,
        deadline=60.0,
    )


def _batching(plan: ExecutionPlan, size: int) -> ExecutionPlan:
    return plan._replace(bindings=(plan.bindings[0]._replace(batch=Batch(size, _WAIT if size > 1 else 0.0)),))


async def _load(engine: Engine, callers: int, seconds: float) -> Load:
    request: Any = engine.request_type()
    request.frame.image = FRAME.read_bytes()
    request.check_nudity = True
    times: list[float] = []
    cpu, began = time.process_time(), time.perf_counter()

    async def one() -> None:
        now = began
        while now < began + seconds:
            await engine.call(request)
            times.append(-now + (now := time.perf_counter()))

    await asyncio.gather(*(one() for _ in range(callers)))
    taken = time.perf_counter() - began
    return Load(len(times) / taken, statistics.median(times), (time.process_time() - cpu) / len(times))


if __name__ == "__main__":
    main()
