"""An operator with one process goes on while a call of it hangs: another takes over before the first is killed."""

import asyncio
import os
import re
import signal
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from comb_compiler.runtime import Code, OperatorError
from comb_compiler.runtime.engine import Engine, Finished, Limits, Observer
from comb_compiler.runtime.engine.backoff import Backoff
from comb_compiler.runtime.engine.observation import Began
from comb_compiler.runtime.engine.process import Process
from tests.runtime.leftovers import children, nothing_left
from tests.runtime.plans import chain
from tests.runtime.post.post_pb2 import Letter, Request
from tests.runtime.waiting import run, until


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    with nothing_left():
        yield


def letter(text: str) -> Request:
    return Request(letter=Letter(text=text))


async def fails_late(engine: Engine, text: str, within: float) -> None:
    with pytest.raises(OperatorError) as caught:
        await engine.call(letter(text), within=within)
    assert caught.value.code == Code.DEADLINE_EXCEEDED


def test_calls_behind_one_that_hangs_are_answered_by_a_spare_while_it_is_still_there() -> None:
    async def main() -> None:
        async with Engine(chain("misbehaves", 1), limits=Limits(grace=50)) as engine:
            (first,) = children()
            hung = asyncio.create_task(fails_late(engine, "hang", 0.05))
            await asyncio.sleep(0.01)
            given = await asyncio.gather(*(engine.call(letter("pid"), within=120) for _ in range(10)))
            await hung
            assert first not in {one.number for one in given}
            assert first in children()
            assert len(children()) == 2
            assert engine.meters.restarts == {"misbehaves": 1}
            os.kill(first, signal.SIGKILL)

    run(main())


def test_without_spares_there_never_are_more_processes_than_are_declared() -> None:
    async def main() -> None:
        limits = Limits(grace=0.3, spares=0, worker_memory=1)
        async with Engine(chain("misbehaves", 1), limits=limits) as engine:
            hung = asyncio.create_task(fails_late(engine, "hang", 0.05))
            waiting = asyncio.create_task(engine.call(letter("pid"), within=30))
            most, serving = 0, set(children())
            while not waiting.done():
                most = max(most, len(children()))
                await asyncio.sleep(0.005)
            await hung
            assert most == 1
            assert waiting.result().number not in serving
            again = await engine.call(letter("pid"), within=30)  # each holds too much after one call
            assert again.number != waiting.result().number

    run(main())


def test_a_process_that_hung_ends_and_no_other_is_started_for_it() -> None:
    async def main() -> None:
        async with Engine(chain("misbehaves", 1), limits=Limits(grace=2.0)) as engine:
            (first,) = children()
            await fails_late(engine, "hang", 0.05)
            spare = (await engine.call(letter("pid"))).number
            await until(lambda: first not in children())
            assert children() == {spare}
            assert (await engine.call(letter("pid"))).number == spare
            assert engine.meters.restarts == {"misbehaves": 1}

    run(main())


@pytest.mark.slow
def test_one_of_two_goes_when_the_call_that_hung_comes_back() -> None:
    async def main() -> None:
        async with Engine(chain("sleeps_in_process", 1), limits=Limits(grace=30)) as engine:
            await fails_late(engine, "2.5", 0.05)
            assert len(children()) == 1
            await until(lambda: len(children()) == 2)
            await until(lambda: len(children()) == 1)
            assert (await engine.call(letter("0"))).text == "0"
            assert engine.meters.restarts == {"sleeps_in_process": 1}

    run(main())


def test_who_is_gone_before_the_deadline_is_no_reason_to_start_another() -> None:
    async def main() -> None:
        async with Engine(chain("sleeps_in_process", 1), limits=Limits(grace=30)) as engine:
            call = asyncio.create_task(engine.call(letter("0.4"), within=30))
            await asyncio.sleep(0.05)
            call.cancel()
            assert (await engine.call(letter("0"))).text == "0"
            assert engine.meters.restarts == {}

    run(main())


def test_while_processes_die_one_after_the_other_calls_hear_at_once_why_there_is_none(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        async with Engine(chain("misbehaves", 1)) as engine:
            said: list[str] = []
            while len(said) < 200 and not any("the last process of" in one for one in said):
                with pytest.raises(OperatorError) as caught:
                    await engine.call(letter("kill"), within=30 if len(said) % 2 else 0.2)
                said.append(str(caught.value))
            what = "the last process of `misbehaves` was killed by SIGKILL, and the next is started in "
            assert re.fullmatch(rf"UNAVAILABLE: {what}\d\.\d s", said[-1])
            assert (await engine.call(letter("pid"), within=60)).text == "pid"

    run(main())
    assert re.search(r"processes of `misbehaves` do not last; the next is started in \d\.\d s", caplog.text)


@pytest.mark.slow
def test_an_operator_that_always_hangs_has_two_processes_at_the_most_and_ever_fewer_starts() -> None:
    async def main() -> None:
        async with Engine(chain("misbehaves", 1), limits=Limits(grace=0.2)) as engine:
            most, began = 0, time.monotonic()
            while time.monotonic() - began < 8 or engine.meters.restarts.get("misbehaves", 0) < 2:
                with pytest.raises(OperatorError) as caught:
                    await engine.call(letter("hang"), within=0.02)
                assert caught.value.code in {Code.DEADLINE_EXCEEDED, Code.UNAVAILABLE}
                await asyncio.sleep(0.01)
                most = max(most, len(children()))
            assert most <= 2
            assert 2 <= engine.meters.restarts["misbehaves"] <= 8
            assert (await engine.call(letter("pid"), within=30)).text == "pid"

    run(main())


class Held(Observer):
    """Keeps the requests that have begun."""

    def __init__(self) -> None:
        self.runs: list[Any] = []

    def began(self, request: Began) -> None:
        self.runs.append(request)

    def ended(self, request: Finished) -> None:
        """They are kept all the same."""


def test_giving_up_a_call_that_has_just_ended_does_nothing_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer and the end of the caller's patience come in the same turn of the loop."""
    held = Held()
    original = Process.call

    def call(self: Process, values: Any, of: Any, batch: int, answered: Any) -> None:
        def at_the_same_time(outcomes: list[Any]) -> None:
            answered(outcomes)
            held.runs[0].fail(OperatorError(Code.DEADLINE_EXCEEDED, "late"))

        original(self, values, of, batch, answered if self._number else at_the_same_time)

    async def main() -> None:
        async with Engine(chain("sleeps_in_process", 1), limits=Limits(grace=0.1), observers=[held]) as engine:
            monkeypatch.setattr(Process, "call", call)
            given = await asyncio.gather(*(engine.run(letter(text)) for text in ("0", "0.6")))
            assert [str(one.error) for one in given] == ["DEADLINE_EXCEEDED: late", "None"]
            assert engine.meters.restarts == {}

    run(main())


def test_starts_are_further_and_further_apart_until_a_process_lives_long() -> None:
    backoff = Backoff(2)
    pause = partial(backoff.pause, 100.0)
    assert [round(pause(), 3) for _ in range(8)] == [0, 0, 0.1, 0.1, 0.2, 0.2, 0.4, 0.4]
    assert [pause() for _ in range(40)][-1] == 5.0
    backoff.ready(150.0)
    assert backoff.pause(154.0) == 5.0
    assert backoff.pause(160.0) == 0.0
