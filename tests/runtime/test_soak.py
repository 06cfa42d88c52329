"""Memory stays flat: a request leaves nothing behind, whatever becomes of it."""

import asyncio
import gc
import logging
import os
import statistics
import sys
from random import Random

import pytest

from comb_compiler.runtime.engine import Engine
from tests.runtime.leftovers import nothing_left
from tests.runtime.plans import fan, plan
from tests.runtime.post.post_pb2 import Letter, Request
from tests.runtime.schedules import LIMITS, Ledger, erratic_plan, send
from tests.runtime.waiting import run, until
from tests.support.trials import Trial


def resident() -> int:
    """Bytes of memory that this process holds."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_requests_leave_no_memory_behind() -> None:
    async def main() -> None:
        nodes = {
            "a": ("erratic", {"letter": "request.letter"}),
            "b": ("thread", {"letter": "request.letter"}),
            "c": ("same_later", {"letter": "a"}),
        }
        a_plan = plan(nodes, "c", of_nodes={"a": {"timeout": 0.002}}, bindings={"erratic": {"fallback": {}}})
        async with Engine(a_plan) as engine:

            async def work(requests: int) -> int:
                for number in range(requests):
                    text = ("fine", "later", "refuse", "hang")[number % 4]
                    await engine.call(Request(letter=Letter(text=text)))
                await until(lambda: not engine.abandoned)
                assert engine.meters.requests  # which counts those that have ended and are not counted yet
                gc.collect()
                return sys.getallocatedblocks()

            await work(200)
            before = await work(200)
            assert await work(1000) - before < 500

    run(main())


def slope(points: list[tuple[float, float]]) -> float:
    """Theil-Sen: the median of the slopes between all pairs, which a few jumps do not move."""
    return statistics.median(
        (second[1] - first[1]) / (second[0] - first[0])
        for index, first in enumerate(points)
        for second in points[index + 1 :]
    )


@pytest.mark.prove
def test_memory_stays_flat(trial: Trial, caplog: pytest.LogCaptureFixture) -> None:
    """Bytes per request over the second half: well below what one message takes."""
    caplog.set_level(logging.CRITICAL, "comb.runtime")  # pytest keeps every record
    points: list[tuple[float, float]] = []

    async def main() -> None:
        ledger, random, requests = Ledger(), Random(trial.seed), 0
        request = Request(letter=Letter(text="x", picture=bytes(10_000)))
        async with (
            Engine(erratic_plan(), limits=LIMITS) as erratic,
            Engine(fan("same_later", 10, "all_of_ten")) as calm,
        ):
            while trial.goes_on():
                await asyncio.gather(*(send(erratic, ledger, random, str(number)) for number in range(20)))
                for _ in range(1000):
                    await calm.call(request)
                requests += 1020
                gc.collect()
                points.append((float(requests), float(resident())))
                late = points[len(points) // 2 :]
                if len(late) > 2:
                    every = late[:: max(1, len(late) // 200)]
                    trial.note(requests=requests, resident=int(late[-1][1]), bytesPerRequest=round(slope(every), 3))

    with nothing_left():
        asyncio.run(main())
    late = points[len(points) // 2 :]
    assert slope(late[:: max(1, len(late) // 200)]) < 16
