"""Requests over a process that is killed and comes back, again and again: each ends exactly once, in time."""

import asyncio
import logging
from pathlib import Path
from random import Random

import pytest

from comb_compiler.runtime.engine import Engine
from comb_compiler.runtime.peers import Peers
from tests.runtime.leftovers import GRPC_KEEPS, nothing_left
from tests.runtime.peers import Running, calling, peer, split, warm_grpc
from tests.runtime.schedules import LIMITS, Ledger, erratic_plan, send
from tests.runtime.waiting import run, until
from tests.support.trials import Trial

PLAN = split(erratic_plan(), "erratic", "misbehaves")


async def work(engine: Engine, ledger: Ledger, random: Random, requests: int) -> None:
    """Requests by 25 callers."""
    names = iter(range(requests))

    async def caller() -> None:
        for name in names:
            await send(engine, ledger, random, f"{name}-{random.random()}")

    await asyncio.gather(*(caller() for _ in range(25)))


async def one_life(there: Running, peers: Peers, engine: Engine, ledger: Ledger, random: Random, requests: int) -> None:
    """The process comes, is killed in the middle of its work, and is missed."""
    await until(lambda: not peers.lost)
    working = asyncio.create_task(work(engine, ledger, random, requests))
    await asyncio.sleep(random.random() * 0.5)
    there.kill()
    await working


@pytest.mark.slow
def test_each_request_ends_exactly_once_while_processes_die(tmp_path: Path) -> None:
    ledger, random = Ledger(), Random(11)

    async def main() -> None:
        with peer(PLAN, tmp_path) as first:
            async with calling(PLAN, first.address, limits=LIMITS, observers=[ledger]) as (engine, peers):
                await one_life(first, peers, engine, ledger, random, 300)
                with peer(PLAN, tmp_path, listen=first.address) as second:
                    await one_life(second, peers, engine, ledger, random, 300)
                assert engine.under_way == 0
                await until(lambda: not engine.abandoned)

    warm_grpc()
    with nothing_left(but=GRPC_KEEPS):
        run(main())
    ledger.must_balance()
    assert sum(ledger.outcomes.values()) == 600
    assert ledger.outcomes["answered"] > 50


@pytest.mark.prove
def test_random_deaths_of_processes(trial: Trial, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "comb.runtime")
    ledger = Ledger()

    async def main() -> None:
        deaths = 0
        with peer(PLAN, tmp_path) as first:
            async with calling(PLAN, first.address, limits=LIMITS, observers=[ledger]) as (engine, peers):
                await one_life(first, peers, engine, ledger, trial.random, 300)
                while trial.goes_on():
                    with peer(PLAN, tmp_path, listen=first.address) as there:
                        await one_life(there, peers, engine, ledger, trial.random, 500)
                    deaths += 1
                    outcomes = dict(ledger.outcomes)
                    trial.note(requests=sum(outcomes.values()), deaths=deaths, outcomes=outcomes)
                await until(lambda: not engine.abandoned)

    warm_grpc()
    with nothing_left(but=GRPC_KEEPS):
        asyncio.run(main())
    ledger.must_balance()
