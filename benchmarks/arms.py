"""What it costs to choose an arm and a release: in CPU time, since machines are shared, and in interleaved rounds.

    .venv/bin/python benchmarks/arms.py [--record]

Bar (issue "A real service"): choosing between two arms ≤ 3 µs, and in proportion to the arms.
"""

import argparse
import asyncio
import os
import platform
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

from engine_operators import chain
from google.protobuf.wrappers_pb2 import StringValue

from comb_compiler.release import Arm, Candidate, ExecutionPlan, Experiment, Weights, weights_bytes
from comb_compiler.runtime.engine import Engine
from comb_compiler.runtime.engine.arms import Arms
from comb_compiler.runtime.router import Router

RESULT = Path(__file__).resolve().parent / "results" / "arms.md"
KEYS = [f"user-{number:08d}" for number in range(20_000)]
ARMS = (2, 4, 8, 32)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--record", action="store_true", help=f"write {RESULT.name}")
    arguments = parser.parse_args()
    table = measure(arguments.rounds)
    print(table)
    if arguments.record:
        RESULT.write_text(table, encoding="utf-8")


def cost(choose: Callable[[str], object]) -> float:
    """µs of CPU for each key."""
    began = time.process_time()
    for key in KEYS:
        choose(key)
    return (time.process_time() - began) / len(KEYS) * 1e6


def hash_of(key: str) -> bytes:
    """What any scheme has to do at least: one hash of the key."""
    return blake2b(key.encode(), digest_size=8).digest()


def plan() -> ExecutionPlan:
    one = chain("same")
    arms = (Arm("control", 90, 0), Arm("rotate", 10, 0))
    return one._replace(experiment=Experiment("header/x-user-id", "salt", arms))


async def routed(rounds: int) -> tuple[list[float], list[float]]:
    """µs of CPU for a request: by the engine in an arm that is given, and by a router with a candidate."""
    request, direct, through = StringValue(value="text"), [], []
    async with Engine(plan()) as one, Engine(plan(), release="b7") as two, Router(one, two) as router:
        router.take(weights_bytes(Weights({"control": 50, "rotate": 50}, Candidate(10))))
        for _ in range(rounds):
            began = time.process_time()
            for key in KEYS:
                await one.run(request, key=key, arm="control")
            between = time.process_time()
            for key in KEYS:
                await router.run(request, key=key)
            ended = time.process_time()
            direct.append((between - began) / len(KEYS) * 1e6)
            through.append((ended - between) / len(KEYS) * 1e6)
    return direct, through


def measure(rounds: int) -> str:
    choosers = {count: Arms("salt", {f"arm-{number}": number + 1 for number in range(count)}).of for count in ARMS}
    costs: dict[int, list[float]] = {count: [] for count in (0, *ARMS)}
    for _ in range(rounds):
        costs[0].append(cost(hash_of))
        for count, choose in choosers.items():
            costs[count].append(cost(choose))
    direct, through = asyncio.run(routed(rounds))
    one = statistics.median(costs[0])
    rows = [("one hash of the key (`blake2b`), to compare", f"{one:.2f} µs", f"{min(costs[0]):.2f} µs", "")]
    for count in ARMS:
        middle, bar = statistics.median(costs[count]), "≤ 3 µs" if count == 2 else ""
        rows.append((f"one of {count} arms", f"{middle:.2f} µs", f"{min(costs[count]):.2f} µs", bar))
    pairs = [after - before for before, after in zip(direct, through, strict=True)]
    what = "what a router adds to a request: key, release, arm of 2, exposure"
    rows.append((what, f"{statistics.median(pairs):.2f} µs", f"{min(pairs):.2f} µs", ""))
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    head = f"# Choosing an arm\n\n{datetime.now(tz=UTC).date()} · {machine} · CPU time, {rounds} interleaved rounds"
    head += f" of {len(KEYS)} keys · load {os.getloadavg()[1]:.1f}\n\n"
    lines = [f"| {' | '.join(row)} |" for row in rows]
    table = "\n".join(["| what | median | least | bar |", "|---|---|---|---|", *lines])
    return f"{head}{table}\n\nRepeat: see the head of `benchmarks/arms.py`.\n"


if __name__ == "__main__":
    main()
