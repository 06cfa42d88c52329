"""Code that holds up the loop keeps nobody from an answer for long."""

import asyncio
import signal
import threading
import time
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from comb_compiler.runtime import Code, OperatorError
from comb_compiler.runtime.engine import Engine, stalls
from tests.runtime.plans import chain
from tests.runtime.post.post_pb2 import Letter, Request

ENDS = 60.0
"""Seconds: far more than an interruption takes, and far less than the operators would."""


@pytest.fixture(autouse=True)
def _nobody_watches(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Engines of other tests, which may live as long as the session, are none of these tests' business."""
    monkeypatch.setattr(stalls, "_watching", [])
    before = signal.signal(signal.SIGURG, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGURG, before)


def _watchers() -> int:
    return len(stalls._watching)


async def outcome(engine: Engine, text: str, within: float) -> str:
    try:
        return str((await engine.call(Request(letter=Letter(text=text)), within=within)).text)
    except OperatorError as error:
        return str(error)


def handler() -> Any:
    return signal.getsignal(signal.SIGURG)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("deed", ["sleep", "compute"])
@pytest.mark.parametrize("operator", ["holds_up_the_loop", "holds_up_the_loop_at_once", "holds_up_the_loop_in_batch"])
def test_who_holds_up_the_loop_is_interrupted_and_the_next_call_is_answered(
    operator: str, deed: str, loop: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with Engine(chain(operator, 1)) as engine:
            began = time.monotonic()
            held = await outcome(engine, deed, 0.3)
            assert time.monotonic() - began < ENDS
            assert held.startswith(Code.DEADLINE_EXCEEDED.name)
            assert await outcome(engine, "next", ENDS) == "next"
            assert handler() is not signal.SIG_DFL
        assert handler() is signal.SIG_DFL

    import_module(loop).run(main())
    assert "an operator holds up the loop past the deadline of a request: it is in " in caplog.text
    assert "_hold_up (operators.py:" in caplog.text


def test_others_hear_in_time_that_they_are_late() -> None:
    async def main() -> None:
        async with Engine(chain("holds_up_the_loop", 1)) as engine:
            waits = asyncio.create_task(outcome(engine, "wait", 0.3))
            await asyncio.sleep(0)
            said = await asyncio.gather(waits, outcome(engine, "sleep", 300.0))
            assert said[0] == "DEADLINE_EXCEEDED: the deadline passed, waiting for `n0`"
            assert said[1] == "DEADLINE_EXCEEDED: `n0` held up the loop past a deadline"

    began = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began < ENDS


def test_until_a_deadline_has_passed_nothing_is_interrupted(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with Engine(chain("holds_up_the_loop", 1)) as engine:
            assert await outcome(engine, "a little", ENDS) == "a little"

    asyncio.run(main())
    assert not caplog.records


def test_a_debugger_may_hold_up_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with Engine(chain("holds_up_the_loop_at_once", 1)) as engine:
            assert await outcome(engine, "debugger", 0.01) == "debugger"

    asyncio.run(main())
    assert not caplog.records


def test_outside_the_main_thread_it_is_logged_alone(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with Engine(chain("holds_up_the_loop", 1)) as engine:
            said.append(await outcome(engine, "a little", 0.01))

    said: list[str] = []
    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    thread.join()
    assert said in (["a little"], ["DEADLINE_EXCEEDED: the deadline passed, waiting for `n0`"])
    assert "holds up the loop" in caplog.text


def test_a_signal_that_someone_else_handles_stays_theirs() -> None:
    async def main() -> None:
        async with Engine(chain("holds_up_the_loop", 1)) as engine:
            assert await outcome(engine, "a little", 0.01) != ""
            assert handler() is mine

    def mine(*_: object) -> None:
        raise AssertionError("it was sent")

    before = signal.signal(signal.SIGURG, mine)
    try:
        asyncio.run(main())
    finally:
        signal.signal(signal.SIGURG, before)


def test_engines_that_have_closed_watch_no_more() -> None:
    async def main() -> None:
        plan = chain("holds_up_the_loop", 1)
        async with Engine(plan), Engine(plan):
            assert _watchers() == 2
        assert _watchers() == 0
        assert handler() is signal.SIG_DFL

    asyncio.run(main())


def test_an_engine_that_nobody_closes_is_watched_as_long_as_its_loop() -> None:
    async def main() -> None:
        await Engine(chain("holds_up_the_loop", 1)).start()
        assert _watchers() == 1

    asyncio.run(main())
    bound = time.monotonic() + 30
    while _watchers() and time.monotonic() < bound:
        time.sleep(0.05)
    assert _watchers() == 0
