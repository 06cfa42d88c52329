"""How long a call that hangs keeps others from an operator that has one worker process.

A call with 100 ms hangs, and calls come each 20 ms for 3 seconds. What is told is how long they waited, and how many
would have missed a deadline of one second. A process starts as fast as Python does here: what an operator loads comes
on top.

    .venv/bin/python benchmarks/engine_hang.py
"""

import argparse
import asyncio
import statistics
import time
from typing import NamedTuple

from engine_operators import chain
from google.protobuf.wrappers_pb2 import StringValue

from comb_compiler.runtime.engine import Engine, run

EACH, WITHIN, COUNT = 0.02, 0.1, 150


class Round(NamedTuple):
    """Seconds: a process's start, the gap after the hung call's deadline, the longest wait; and how many waited 1 s."""

    start: float
    gap: float
    longest: float
    late: int


async def once() -> Round:
    """One call hangs, others come."""
    began = time.monotonic()
    async with Engine(chain("hangs_when_asked")) as engine:
        start = time.monotonic() - began
        await engine.call(StringValue(value="warm"))
        hung = asyncio.create_task(engine.run(StringValue(value="hang"), within=WITHIN))
        others = []
        for _ in range(COUNT):
            await asyncio.sleep(EACH)
            others.append(asyncio.create_task(engine.run(StringValue(value="x"), within=60.0)))
        runs = await asyncio.gather(*others)
        waits = [one.ended - one.began for one in runs]
        gap = min(one.ended for one in runs) - (await hung).ended
    return Round(start, gap, max(waits), sum(wait > 1.0 for wait in waits))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = [run(once()) for _ in range(parser.parse_args().rounds)]
    start, gap, longest, late = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"medians of {len(rounds)} rounds")
    print(f"an engine with one worker process is ready after {start * 1e3:.0f} ms")
    print(f"from the hung call's deadline to the next answer: {gap * 1e3:.0f} ms")
    print(f"the longest wait of another call: {longest * 1e3:.0f} ms; {late:.0f} of {COUNT} waited more than a second")


if __name__ == "__main__":
    main()
