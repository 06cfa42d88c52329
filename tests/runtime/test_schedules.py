"""Thousands of requests under a random schedule of faults: each ends exactly once, and nothing is left."""

import asyncio
from random import Random

import pytest

from comb_compiler.runtime.engine import Engine
from tests.runtime.leftovers import nothing_left
from tests.runtime.schedules import LIMITS, Ledger, erratic_plan, send
from tests.runtime.waiting import run, until
from tests.support.trials import Trial


async def work(engine: Engine, ledger: Ledger, random: Random, requests: int) -> None:
    """Requests by 25 callers."""
    names = iter(range(requests))

    async def caller() -> None:
        for name in names:
            await send(engine, ledger, random, f"{name}-{random.random()}")

    await asyncio.gather(*(caller() for _ in range(25)))


@pytest.mark.slow
def test_each_request_ends_exactly_once_under_random_faults(caplog: pytest.LogCaptureFixture) -> None:
    ledger = Ledger()

    async def main() -> None:
        async with Engine(erratic_plan(), limits=LIMITS, observers=[ledger]) as engine:
            await work(engine, ledger, Random(5), 2000)
            assert engine.under_way == 0
            await until(lambda: not engine.abandoned)
            counted = sum(sum(meter.codes.values()) for meter in engine.meters.requests)
            assert counted == sum(ledger.begun.values())
            assert counted + engine.meters.refused == 2000

    with nothing_left():
        run(main())
    ledger.must_balance()
    assert sum(ledger.outcomes.values()) == 2000
    assert [record for record in caplog.records if "given up" in record.getMessage()] == []
    assert ledger.outcomes["answered"] > 400
    assert ledger.outcomes["RESOURCE_EXHAUSTED"] > 0


@pytest.mark.prove
def test_random_faults(trial: Trial) -> None:
    ledger = Ledger()

    async def main() -> None:
        async with Engine(erratic_plan(), limits=LIMITS, observers=[ledger]) as engine:
            while trial.goes_on():
                await work(engine, ledger, trial.random, 1000)
                trial.note(requests=sum(ledger.outcomes.values()), outcomes=dict(ledger.outcomes))
            await until(lambda: not engine.abandoned)

    with nothing_left():
        asyncio.run(main())
    ledger.must_balance()
