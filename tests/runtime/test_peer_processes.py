"""Peers in processes of their own: who is killed, drains or comes back is missed only as declared."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from comb_compiler.release import ExecutionPlan
from comb_compiler.runtime import Code, OperatorError
from comb_compiler.runtime.engine import Engine
from tests.runtime.leftovers import GRPC_KEEPS, nothing_left
from tests.runtime.peers import calling, failure, far, letter, peer, split, warm_grpc
from tests.runtime.plans import chain, plan
from tests.runtime.post.post_pb2 import Letter
from tests.runtime.waiting import run, until


@pytest.fixture(autouse=True)
def _nothing_left(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    warm_grpc()
    with nothing_left(but=GRPC_KEEPS):
        yield
        caplog.get_records("call").clear()  # tracebacks hold on to what they passed


async def load(engine: Engine, text: str, until_: asyncio.Event, callers: int = 8) -> list[Any]:
    """Requests, by several callers, until the event."""
    given: list[Any] = []

    async def caller() -> None:
        while not until_.is_set():
            given.extend(await asyncio.gather(engine.call(letter(text), within=120.0), return_exceptions=True))

    await asyncio.gather(*(caller() for _ in range(callers)))
    return given


def degrading() -> ExecutionPlan:
    """What is far has a fallback; what is near answers."""
    nodes = {
        "a": ("thread", {"letter": "request.letter"}),
        "b": ("answer_with", {"letter": "request.letter", "reply": "a"}),
    }
    return split(plan(nodes, "b", bindings={"thread": {"fallback": {"text": "nobody"}}}), "thread")


@pytest.mark.slow
def test_a_peer_that_is_killed_under_load_is_missed_as_declared_and_found_again(tmp_path: Path) -> None:
    made = degrading()

    async def main() -> None:
        with peer(made, tmp_path) as there:
            async with calling(made, there.address) as (engine, peers):
                over = asyncio.Event()
                loading = asyncio.create_task(load(engine, "x", over))
                await asyncio.sleep(0.2)
                there.kill()
                await until(lambda: peers.lost)
                begin = asyncio.get_running_loop().time()
                assert (await engine.call(letter(), within=300.0)).text == "x from nobody"
                assert asyncio.get_running_loop().time() - begin < 60.0
                assert peers.reasons() == ()  # it is missed, and the graph says how
                with peer(made, tmp_path, listen=there.address) as again:
                    assert again.address == there.address
                    await until(lambda: not peers.lost)
                    assert (await engine.call(letter())).text == "x from comb-thread"
                    over.set()
                    given = await loading
        failed = [one for one in given if not isinstance(one, Letter)]
        assert failed == []
        assert {one.text for one in given} == {"x from nobody", "x from comb-thread"}

    run(main())


@pytest.mark.slow
def test_without_a_fallback_a_lost_peer_is_unavailable_at_once_and_others_are_unharmed(tmp_path: Path) -> None:
    made = far("thread_letter")
    near = chain("same_later", 1)

    async def main() -> None:
        with peer(made, tmp_path) as there:
            async with calling(made, there.address) as (engine, peers), Engine(near) as other:
                over = asyncio.Event()
                loading = asyncio.create_task(load(engine, "x", over))
                unharmed = asyncio.create_task(load(other, "y", over, 1))
                await asyncio.sleep(0.2)
                there.kill()
                await until(peers.reasons)
                begin = asyncio.get_running_loop().time()
                said = "process `far` cannot be reached"
                assert await failure(engine, letter(), within=300.0) == (Code.UNAVAILABLE, said)
                assert asyncio.get_running_loop().time() - begin < 60.0
                over.set()
                failed = {str(one) for one in await loading if not isinstance(one, Letter)}
                assert failed == {f"UNAVAILABLE: {said}"}
                assert {one.text for one in await unharmed} == {"y"}
                assert engine.under_way == 0

    run(main())


@pytest.mark.slow
def test_calls_take_turns_over_several_processes_and_one_that_drains_loses_nothing(tmp_path: Path) -> None:
    made = far("thread_letter")

    async def main() -> None:
        with peer(made, tmp_path) as first, peer(made, tmp_path) as second:
            async with calling(made, f"{first.address},{second.address}") as (engine, _):
                pids = {(await engine.call(letter())).number for _ in range(200)}
                assert pids == {first.popen.pid, second.popen.pid}
                over = asyncio.Event()
                loading = asyncio.create_task(load(engine, "x", over))
                await asyncio.sleep(0.2)
                first.popen.send_signal(signal.SIGTERM)
                await until(lambda: first.popen.poll() is not None)
                assert first.popen.returncode == 0
                assert {(await engine.call(letter())).number for _ in range(20)} == {second.popen.pid}
                over.set()
                given = await loading
                assert [one for one in given if not isinstance(one, Letter)] == []

    run(main())


@pytest.mark.slow
def test_where_repeating_is_safe_a_call_goes_on_to_another_process(tmp_path: Path) -> None:
    made = far("thread_letter", retries=2)

    async def main() -> None:
        with peer(made, tmp_path) as first, peer(made, tmp_path) as second:
            async with calling(made, f"{first.address},{second.address}") as (engine, _):
                over = asyncio.Event()
                loading = asyncio.create_task(load(engine, "x", over))
                await asyncio.sleep(0.2)
                first.kill()
                await asyncio.sleep(0.3)
                over.set()
                assert [one for one in await loading if not isinstance(one, Letter)] == []

    run(main())


@pytest.mark.slow
def test_a_peer_that_is_killed_takes_its_workers_along_and_one_that_cannot_start_says_why(tmp_path: Path) -> None:
    async def main() -> None:
        made = far("misbehaves")
        with peer(made, tmp_path) as there:
            async with calling(made, there.address) as (engine, _):
                worker = (await engine.call(letter("pid"))).number
                assert worker not in (os.getpid(), there.popen.pid)
                there.kill()
                await until(lambda: not Path(f"/proc/{worker}").exists())
        with peer(far("FailsToStart"), tmp_path) as there:
            assert there.address == ""
            assert there.popen.wait() == 1

    run(main())


@pytest.mark.slow
def test_a_second_signal_ends_a_peer_at_once(tmp_path: Path) -> None:
    async def main() -> None:
        made = far("hangs")
        with peer(made, tmp_path) as there:
            async with calling(made, there.address) as (engine, _):
                call = asyncio.create_task(engine.call(letter(), within=50.0))
                await asyncio.sleep(0.3)
                there.popen.send_signal(signal.SIGTERM)
                await asyncio.sleep(1.0)  # sooner, it would be the first one's echo
                assert not call.done()
                there.popen.send_signal(signal.SIGINT)
                with pytest.raises(OperatorError) as caught:
                    await call
                assert caught.value.code in (Code.UNAVAILABLE, Code.CANCELLED)
                await until(lambda: there.popen.poll() is not None)
                assert there.popen.returncode == 1

    run(main())


@pytest.mark.parametrize("operator", ["holds_up_the_loop", "holds_up_the_loop_at_once"])
def test_who_holds_up_a_peer_s_loop_is_interrupted_and_the_next_call_is_answered(operator: str, tmp_path: Path) -> None:
    made = far(operator)

    async def main(address: str) -> None:
        async with calling(made, address) as (engine, _):
            assert (await failure(engine, letter("sleep"), within=0.3))[0] == Code.DEADLINE_EXCEEDED
            assert (await engine.call(letter("next"), within=60.0)).text == "next"

    with peer(made, tmp_path) as there:
        run(main(there.address))
