"""Code that hangs in the engine's own process while it starts or ends: it is interrupted, and the error says where."""

import asyncio
import re
import signal
import threading
import time
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from comb_compiler.release import ExecutionPlan
from comb_compiler.runtime import Code, OperatorError
from comb_compiler.runtime.engine import Engine, Limits
from comb_compiler.runtime.engine.bounded import bounded, bounded_steps
from comb_compiler.runtime.peers import Peer
from tests.runtime.leftovers import nothing_left
from tests.runtime.peers import split
from tests.runtime.plans import chain
from tests.runtime.post.post_pb2 import Letter, Request
from tests.runtime.waiting import run

SHORT = Limits(start=0.3, grace=0.2)
_ENDS = 60.0
"""Seconds: far more than an interruption takes, and far less than the operators would."""
_HANGS = """
import time

def connect():
    time.sleep(600)

connect()
"""


@cache
def _warm_uvloop() -> None:
    """It opens what it keeps when it is first used."""
    if find_spec("uvloop"):
        import uvloop

        uvloop.run(asyncio.sleep(0))


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    _warm_uvloop()
    before = signal.getsignal(signal.SIGALRM)
    with nothing_left():
        yield
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def one(name: str) -> ExecutionPlan:
    operator = f"tests.runtime.hostile:{name}"
    return chain(operator, 1, bindings={operator: {"name": name}})


async def failed(engine: Engine | Peer) -> OperatorError:
    """How it fails to start, soon."""
    began = time.monotonic()
    with pytest.raises(OperatorError) as caught:
        await engine.start()
    assert time.monotonic() - began < _ENDS
    assert caught.value.code == Code.UNAVAILABLE
    return caught.value


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("SleepsInInit", r"in __init__ \(hostile\.py:\d+\)$"),
        ("SpinsInWarmUp", r"in warm_up \(hostile\.py:\d+\)"),
        ("WaitsInWarmUpOfThread", r"in warm_up \(hostile\.py:\d+\), in wait \(threading\.py:\d+\)"),
        ("HangsAtStartInThread", r"in __init__ \(hostile\.py:\d+\)$"),
    ],
)
def test_code_that_holds_up_the_start_is_interrupted_and_the_error_says_where(name: str, place: str, loop: str) -> None:
    async def main() -> None:
        error = await failed(Engine(one(name), limits=SHORT))
        assert error.message.startswith(f"`{name}` was not ready after 0.3 s: it is still in ")
        assert re.search(place, error.message), error.message
        assert "bounded.py" not in error.message

    if loop == "asyncio":
        run(main())
    else:
        pytest.importorskip("uvloop").run(main())


@pytest.mark.parametrize("of", ["engine", "peer"])
def test_an_import_that_hangs_is_interrupted_and_the_error_says_where(tmp_path: Path, of: str) -> None:
    (tmp_path / "hangs.py").write_text(_HANGS, "utf-8")
    plan = chain("same", 1)
    plan = plan._replace(bindings=(plan.bindings[0]._replace(run="hangs:same"),))

    async def main() -> None:
        if of == "engine":
            error = await failed(Engine(plan, code=tmp_path, limits=SHORT))
        else:
            error = await failed(Peer(split(plan, "same"), "far", code=tmp_path, limits=SHORT))
        said = r"`same` was not ready after 0\.3 s: it is still in <module> \(hangs\.py:7\), "
        assert re.match(said + r"in connect \(hangs\.py:5\)$", error.message), error.message

    run(main())


def test_a_worker_that_hangs_while_it_starts_writes_where(capfd: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        error = await failed(Engine(one("HangsAtStartInProcess"), limits=Limits(start=3.0, grace=0.2)))
        assert "HangsAtStartInProcess` was not ready after 3 s" in error.message

    run(main())
    assert re.search(r'hostile\.py", line \d+ in __init__', capfd.readouterr().err)


def test_code_that_holds_up_the_end_is_interrupted(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with Engine(one("SleepsInClose"), limits=SHORT) as engine:
            assert (await engine.call(Request(letter=Letter(text="x")))).text == "x"
            began = time.monotonic()
        assert time.monotonic() - began < _ENDS

    run(main())
    assert "`SleepsInClose` had not closed after 0.2 s: it is still in close (hostile.py:" in caplog.text
    caplog.clear()


def test_what_is_bounded_gives_and_raises_what_it_would_and_can_be_cancelled() -> None:
    seen: list[str] = []

    async def work(pause: float) -> str:
        try:
            await asyncio.sleep(pause)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        raise ValueError("own")

    async def main() -> None:
        with pytest.raises(ValueError, match="own"):
            await bounded_steps(work(0.001), "it had not ended", 5)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await bounded_steps(work(60), "it had not ended", 5)
        assert seen == ["cancelled"]
        assert await bounded_steps(asyncio.sleep(0.001, "value"), "it had not ended", 5) == "value"

    run(main())


def test_a_bound_leaves_another_timer_of_the_process_as_it_was() -> None:
    came = threading.Event()
    before = signal.signal(signal.SIGALRM, lambda *_: came.set())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with bounded("it had not ended", 5):
            pass
        assert came.wait(60)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_code_that_takes_the_signal_for_itself_keeps_it() -> None:
    before = signal.getsignal(signal.SIGALRM)
    came = threading.Event()
    try:
        with bounded("it had not ended", 5):
            signal.signal(signal.SIGALRM, lambda *_: came.set())
            signal.setitimer(signal.ITIMER_REAL, 0.05)
        assert came.wait(60)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_another_thread_runs_what_it_is_given() -> None:
    seen: list[int] = []

    def work() -> None:
        with bounded("it had not ended", 0.001):
            time.sleep(0.05)
            seen.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [1]
