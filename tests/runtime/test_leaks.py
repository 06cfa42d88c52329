"""What thousands of calls and failures leave behind: no descriptor, no thread, no task, no process."""

import asyncio
import threading
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from comb_compiler.release import ExecutionPlan
from comb_compiler.runtime import OperatorError
from comb_compiler.runtime.engine import Engine, Limits
from tests.runtime.leftovers import GRPC_KEEPS, children, descriptors, nothing_left
from tests.runtime.peers import calling, peer, split, warm_grpc
from tests.runtime.plans import chain, plan
from tests.runtime.post.post_pb2 import Letter, Request
from tests.runtime.waiting import run, until

LIMITS = Limits(requests=64, queue=32, grace=0.1)


class Held(NamedTuple):
    """What this process holds just now. The threads of asyncio's own pool, which stay, are not counted."""

    descriptors: int
    threads: int
    tasks: int
    children: int


def held() -> Held:
    """What this process holds just now."""
    return Held(
        len([one for one in descriptors() if GRPC_KEEPS not in one]),
        len([one for one in threading.enumerate() if not one.name.startswith("asyncio_")]),
        len(asyncio.all_tasks()),
        len(children()),
    )


def everywhere() -> ExecutionPlan:
    """One step in each kind of place."""
    nodes = {
        "a": ("erratic", {"letter": "request.letter"}),
        "b": ("thread_letter", {"letter": "request.letter"}),
        "c": ("misbehaves", {"letter": "request.letter"}),
        "d": ("batch_in_thread", {"letter": "request.letter"}),
        "e": ("join", {"first": "b", "second": "d"}),
    }
    of_nodes = {name: {"optional": True} for name in "acd"}
    return plan(nodes, "e", of_nodes=of_nodes)


async def work(engine: Engine, random: Random, requests: int, deeds: tuple[str, ...]) -> None:
    """Requests of several callers, some of which go away."""
    left = iter(range(requests))

    async def caller() -> None:
        for _ in left:
            request = Request(letter=Letter(text=random.choice(deeds), picture=bytes(random.choice((0, 100_000)))))
            call = asyncio.create_task(engine.call(request, within=random.choice((0.003, 0.02, 5.0))))
            if random.random() < 0.1:
                await asyncio.sleep(0.001)
                call.cancel()
            await asyncio.gather(call, return_exceptions=True)

    await asyncio.gather(*(caller() for _ in range(16)))


@pytest.mark.slow
def test_thousands_of_calls_and_failures_leave_nothing() -> None:
    deeds = ("pid",) * 30 + ("refuse", "raise", "wait", "later", "nothing", "hang", "os._exit")

    async def main() -> None:
        random = Random(7)
        async with Engine(everywhere(), limits=LIMITS) as engine:
            await work(engine, random, 200, deeds)
            await until(lambda: not engine.abandoned and len(children()) == 1)
            await asyncio.sleep(1.0)  # threads that were replaced end
            before = held()
            await work(engine, random, 2000, deeds)
            await until(lambda: all(now <= then for now, then in zip(held(), before, strict=True)))

    with nothing_left():
        run(main())


@pytest.mark.slow
def test_engines_that_come_and_go_leave_nothing() -> None:
    async def main() -> None:
        async def cycles(count: int) -> None:
            for _ in range(count):
                async with Engine(everywhere(), limits=LIMITS) as engine:
                    await engine.call(Request(letter=Letter(text="pid")))

        await cycles(2)
        before = held()
        await cycles(8)
        await until(lambda: held() == before)

    with nothing_left():
        run(main())


@pytest.mark.slow
def test_calls_over_a_process_that_keeps_dying_leave_nothing(tmp_path: Path) -> None:
    made = split(chain("thread_letter", 1), "thread_letter")

    async def main() -> None:
        random = Random(3)
        with peer(made, tmp_path) as first:
            async with calling(made, first.address, limits=LIMITS) as (engine, peers):
                await work(engine, random, 200, ("x",))
                before = held()
                for _ in range(2):
                    first.kill()
                    await work(engine, random, 300, ("x",))
                    with pytest.raises(OperatorError):
                        await engine.call(Request())
                    with peer(made, tmp_path, listen=first.address) as again:
                        await until(lambda: not peers.lost)
                        await work(engine, random, 300, ("x",))
                        again.kill()
                await until(lambda: peers.lost)
                with peer(made, tmp_path, listen=first.address):
                    await until(lambda: not peers.lost)
                    await until(lambda: held().tasks == before.tasks)
                    assert abs(held().descriptors - before.descriptors) <= 2
                    assert held().threads <= before.threads + 2

    warm_grpc()
    with nothing_left(but=GRPC_KEEPS):
        run(main())
