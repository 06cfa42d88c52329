"""A comb of as many instances as its operator's `scale.min`, each with a core of its own and its part of the calls.

They run before all other programs (SCHED_FIFO) where that is allowed, so that a core is theirs: what computes in them
has to yield it to their other threads.
"""

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import fmean

from comb_compiler.cli.gate.guiding import guiding, run_of
from comb_compiler.cli.gate.loaded import Loaded
from comb_compiler.cli.gate.session import source_of
from comb_compiler.cli.gate.targets import Answers, Service, launched
from comb_compiler.cli.opening import Clean
from comb_compiler.gates.load.guide import Run
from comb_compiler.gates.load.guide.model import OperatorSeen
from comb_compiler.gates.load.seen import Step
from comb_compiler.load import Generator, Input
from tests.gates.load.guide.planted import Measured, opened

__all__ = ["replicated"]

_WARM = 1.0
_INSTANCE, _GENERATOR = 1, 2
_COUNTED = ("calls", "seconds", "turns", "waited", "timed", "cpu", "late")


def replicated(directory: Path, rate: float, seconds: float, texts: tuple[str, ...] = ("x",)) -> Measured:
    """All instances of a comb of one operator under load together, seen as one: what each of them has is one core."""
    clean = opened(directory)
    comb = clean.compiled.checked.comb
    assert comb is not None
    assert comb.base.value is not None
    (many,) = {one.scale.min for one in comb.base.value.operators.values()}

    async def main() -> Run:
        async with AsyncExitStack() as stack:
            services = [await _started(clean, number, stack) for number in range(many)]
            return _together(await asyncio.to_thread(_loads, services, rate / many, seconds, texts))

    run = asyncio.run(main())
    return Measured(run, guiding(clean, "")(run))


async def _started(clean: Clean, number: int, stack: AsyncExitStack) -> Service:
    cores = sorted(os.sched_getaffinity(0))
    source, answers = source_of(clean, "", is_patient=False), Answers(clean.plan)
    with _first(_INSTANCE, {cores[number % len(cores)]}):
        return await stack.enter_async_context(launched("candidate", source, answers))


@contextmanager
def _first(priority: int, cores: set[int]) -> Iterator[None]:
    """Processes that this thread starts within the block run before others, and on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        os.sched_setaffinity(0, before)


def _loads(services: list[Service], rate: float, seconds: float, texts: tuple[str, ...]) -> list[Run]:
    """What each did, all at the same time, each asked by a generator of its own."""

    def load(service: Service) -> Run:
        inputs = tuple(Input(service.encoded({"text": text})) for text in texts)
        with ExitStack() as stack:
            with _first(_GENERATOR, os.sched_getaffinity(0)):
                generator = stack.enter_context(Generator())
            target = Loaded(service, inputs, 10.0, generator, stack)
            target.turn(rate, _WARM, 5)
            before = target.page()
            run = run_of(Step(rate, target.held(rate, seconds)), (before, target.page()), service.start)
            assert run is not None
            return run._replace(cores=1)

    with ThreadPoolExecutor(len(services)) as beside:
        return list(beside.map(load, services))


def _together(runs: list[Run]) -> Run:
    due = sorted(when for run in runs for when in run.due)
    asked = [len(run.due) for run in runs]
    latency = sum(run.latency * of for run, of in zip(runs, asked, strict=True)) / len(due)
    operators = (_sum([one for run in runs for one in run.operators]),)
    cpu = fmean(run.cpu for run in runs if run.cpu is not None)
    rate = sum(run.rate for run in runs)
    return runs[0]._replace(rate=rate, due=due, latency=latency, operators=operators, cpu=cpu, growth=None)


def _sum(seen: list[OperatorSeen]) -> OperatorSeen:
    """Calls of one operator, whichever instance they came to."""
    return seen[0]._replace(**{name: sum(getattr(one, name) for one in seen) for name in _COUNTED})
