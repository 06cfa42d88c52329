"""Operators at their worst: the caller gets a code in time, other requests are unharmed, and nothing is left behind."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from comb_compiler.release import ExecutionPlan
from comb_compiler.runtime import Code, OperatorError
from comb_compiler.runtime.engine import Engine, Limits
from tests.architecture.imports import ROOT
from tests.runtime.leftovers import children, nothing_left
from tests.runtime.operators import Hung, Waits
from tests.runtime.plans import chain
from tests.runtime.post.post_pb2 import Letter, Request
from tests.runtime.waiting import run, until

SHORT = Limits(grace=0.2)


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    with nothing_left():
        yield


def letter(text: str = "x", picture: bytes = b"") -> Request:
    return Request(letter=Letter(text=text, picture=picture))


async def failure(engine: Engine, request: Request, within: float = 30.0) -> tuple[Code, str]:
    with pytest.raises(OperatorError) as caught:
        await engine.call(request, within=within)
    return caught.value.code, caught.value.message


async def answered(engine: Engine) -> None:
    """Wait until it answers again."""
    async with asyncio.timeout(120):
        while True:
            with suppress(OperatorError):
                await engine.call(letter("again"))
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("operator", "code", "said"),
    [
        ("raises", Code.INTERNAL, "`n0` failed with ValueError"),
        ("refuses", Code.INVALID_ARGUMENT, "this is no letter"),
        ("wrong_type", Code.INTERNAL, "tests.runtime.operators:wrong_type returned a Note, not a post.v1.Letter"),
        ("nothing", Code.INTERNAL, "tests.runtime.operators:nothing returned nothing, not a post.v1.Letter"),
        ("exits", Code.INTERNAL, "`n0` failed with SystemExit"),
        ("exits_later", Code.INTERNAL, "`n0` failed with SystemExit"),
        ("hangs", Code.DEADLINE_EXCEEDED, "the deadline passed, waiting for `n0`"),
        ("clings", Code.DEADLINE_EXCEEDED, "the deadline passed, waiting for `n0`"),
    ],
)
def test_a_misbehaving_operator_ends_its_request_with_a_code(operator: str, code: Code, said: str) -> None:
    async def main() -> None:
        async with Engine(chain(operator, 1)) as engine:
            assert await failure(engine, letter(), within=0.1) == (code, said)
            assert engine.under_way == 0

    run(main())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("deed", "code", "said"),
    [
        ("raise", Code.INTERNAL, "tests.runtime.operators:misbehaves failed with ZeroDivisionError"),
        ("refuse", Code.NOT_FOUND, "there is none"),
        ("sys.exit", Code.INTERNAL, "tests.runtime.operators:misbehaves failed with SystemExit"),
        ("os._exit", Code.UNAVAILABLE, "the process of `misbehaves` ended with exit code 7"),
        ("kill", Code.UNAVAILABLE, "the process of `misbehaves` was killed by SIGKILL"),
        ("crash", Code.UNAVAILABLE, "the process of `misbehaves` was killed by SIGABRT"),
        ("close the socket", Code.UNAVAILABLE, None),
    ],
)
def test_a_process_that_misbehaves_ends_its_request_and_the_next_is_answered(
    deed: str, code: Code, said: str | None
) -> None:
    async def main() -> None:
        async with Engine(chain("misbehaves", 1), limits=SHORT) as engine:
            failed = await failure(engine, letter(deed))
            assert failed[0] == code
            assert said is None or failed[1] == said
            assert (await engine.call(letter("pid"))).text == "pid"
            assert len(children()) == 1

    run(main())


def test_a_process_that_hangs_is_killed_and_started_again() -> None:
    async def main() -> None:
        async with Engine(chain("misbehaves", 1), limits=SHORT) as engine:
            first = (await engine.call(letter("pid"))).number
            assert (await failure(engine, letter("hang"), within=0.05))[0] == Code.DEADLINE_EXCEEDED
            assert (await engine.call(letter("pid"))).number != first
            assert engine.meters.restarts == {"misbehaves": 1}

    run(main())


@pytest.mark.slow
def test_a_process_that_leaks_is_replaced_and_no_request_is_lost() -> None:
    async def main() -> None:
        limits = Limits(grace=5, worker_memory=300_000_000)
        async with Engine(chain("misbehaves", 1), limits=limits) as engine:
            pids = [(await engine.call(letter("leak"))).number for _ in range(12)]
            await until(lambda: len(children()) == 1)
            pids.append((await engine.call(letter("pid"))).number)
            assert len(set(pids)) >= 2
            assert engine.meters.restarts["misbehaves"] >= 1

    run(main())


def test_a_worker_that_dies_while_it_is_idle_is_started_again() -> None:
    async def main() -> None:
        async with Engine(chain("misbehaves", 1), limits=SHORT) as engine:
            (worker,) = children()
            os.kill(worker, 9)
            await until(lambda: children() and worker not in children())
            assert (await engine.call(letter("pid"))).number != worker

    run(main())


def test_an_engine_that_is_killed_takes_its_workers_along() -> None:
    script = (
        "import asyncio\n"
        "from comb_compiler.runtime.engine import Engine\n"
        "from tests.runtime.plans import chain\n"
        "from tests.runtime.leftovers import children\n"
        "from tests.runtime.post.post_pb2 import Letter, Request\n"
        "async def main():\n"
        "    async with Engine(chain('misbehaves', 1)) as engine:\n"
        "        call = asyncio.create_task(engine.call(Request(letter=Letter(text='hang'))))\n"
        "        await asyncio.sleep(0.1)\n"
        "        print(*children(), flush=True)\n"
        "        await call\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as engine:
        assert engine.stdout is not None
        worker = int(engine.stdout.readline())
        engine.kill()
        engine.wait()
    bound = time.monotonic() + 240
    while _is_alive(worker):
        assert time.monotonic() < bound, "the worker outlives its engine"
        time.sleep(0.01)


def _is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_thread_that_hangs_costs_neither_the_caller_nor_the_next_call() -> None:
    async def main() -> None:
        Hung.gate.clear()
        try:
            async with Engine(chain("Hung", 1), limits=Limits(grace=0.05)) as engine:
                assert (await failure(engine, letter("hang"), within=0.02))[0] == Code.DEADLINE_EXCEEDED
                assert (await engine.call(letter("next"), within=30)).text == "next"
        finally:
            Hung.gate.set()

    run(main())


def test_threads_are_not_replaced_without_end() -> None:
    async def main() -> None:
        Hung.gate.clear()
        try:
            async with Engine(chain("Hung", 1), limits=Limits(grace=0.005)) as engine:
                codes = [(await failure(engine, letter("hang"), within=0.02))[0] for _ in range(20)]
                assert set(codes) == {Code.DEADLINE_EXCEEDED, Code.UNAVAILABLE}
                assert codes[-1] == Code.UNAVAILABLE
                Hung.gate.set()
                await answered(engine)
        finally:
            Hung.gate.set()

    run(main())


def test_calls_that_cling_to_life_do_not_pile_up() -> None:
    async def main() -> None:
        async with Engine(chain("clings", 1), limits=Limits(stuck=3)) as engine:
            codes = [(await failure(engine, letter(), within=0.005))[0] for _ in range(6)]
            assert codes == [Code.DEADLINE_EXCEEDED] * 3 + [Code.UNAVAILABLE] * 3
            await until(lambda: not engine.abandoned)
            assert (await failure(engine, letter(), within=0.005))[0] == Code.DEADLINE_EXCEEDED

    run(main())


@pytest.mark.parametrize("operator", ["batch_in_thread", "misbehaves", "thread"])
def test_a_full_queue_refuses_at_once(operator: str) -> None:
    async def main() -> None:
        async with Engine(chain(operator, 1), limits=Limits(queue=2, grace=0.2)) as engine:
            text = "wait" if operator == "misbehaves" else "x"
            calls = [engine.call(letter(text), within=1.0) for _ in range(20)]
            given = await asyncio.gather(*calls, return_exceptions=True)
            refused = [one for one in given if isinstance(one, OperatorError) and one.code == Code.RESOURCE_EXHAUSTED]
            assert len(refused) >= 15

    run(main())


@pytest.mark.parametrize("operator", ["batch_in_thread", "misbehaves", "thread"])
def test_where_nothing_may_wait_one_call_at_a_time_is_answered(operator: str) -> None:
    async def main() -> None:
        async with Engine(chain(operator, 1), limits=Limits(queue=0)) as engine:
            for _ in range(3):
                await engine.call(letter("pid"))

    run(main())


@pytest.mark.slow
def test_a_hundred_megabytes_pass_and_the_memory_is_given_back() -> None:
    async def main() -> None:
        async with Engine(chain("process", 1)) as engine:
            picture = bytes(100_000_000)
            given = await engine.call(letter("x", picture))
            assert given.picture == picture

    run(main())


def test_a_deadline_that_has_passed_runs_nothing() -> None:
    async def main() -> None:
        Waits.gate, Waits.calls = asyncio.Event(), 0
        async with Engine(chain("Waits", 1)) as engine:
            assert (await failure(engine, letter(), within=0.0))[0] == Code.DEADLINE_EXCEEDED
            assert Waits.calls == 0

    run(main())


def test_a_clock_that_jumps_changes_no_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        Waits.gate, Waits.calls = asyncio.Event(), 0
        async with Engine(chain("Waits", 1)) as engine:
            calls = [asyncio.create_task(engine.call(letter(), within=30)) for _ in range(3)]
            await until(lambda: Waits.calls == 3)
            real = time.time()
            for jump in (-86_400.0, 86_400.0, 1e9):
                monkeypatch.setattr(time, "time", lambda jump=jump: real + jump)
                await asyncio.sleep(0.01)
            Waits.gate.set()
            assert [one.text for one in await asyncio.gather(*calls)] == ["x"] * 3
            Waits.gate.clear()
            assert (await failure(engine, letter(), within=0.02))[0] == Code.DEADLINE_EXCEEDED

    run(main())


_SERVER = """
import asyncio, signal, sys
from comb_compiler.runtime import OperatorError
from comb_compiler.runtime.engine import Engine, drain_on
from tests.runtime.plans import plan
from tests.runtime.post.post_pb2 import Letter, Request

async def main():
    nodes = {"a": ("batch_in_thread", {"letter": "request.letter"}), "b": ("misbehaves", {"letter": "a"})}
    async with Engine(plan(nodes, "b")) as engine:
        answered, refused, number = [], 0, 0
        stopped = drain_on(engine, signal.SIGTERM)
        print("ready", flush=True)
        calls = []
        while not stopped.done() or number < 50:
            calls.append(asyncio.create_task(engine.call(Request(letter=Letter(text="pid")), within=30)))
            number += 1
            await asyncio.sleep(0.002)
        given = await asyncio.gather(*calls, return_exceptions=True)
        good = sum(isinstance(one, Letter) for one in given)
        refused = sum(isinstance(one, OperatorError) and one.code == 14 for one in given)
        admitted = sum(sum(meter.codes.values()) for meter in engine.meters.requests)
    print(len(given) - good - refused, good == admitted, good > 0, refused > 0, await stopped)

asyncio.run(main())
"""


@pytest.mark.slow
def test_sigterm_under_load_loses_no_request_that_was_admitted() -> None:
    command = [sys.executable, "-c", _SERVER]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        time.sleep(0.3)
        server.terminate()
        said = server.stdout.read()
        assert server.wait(240) == 0
    assert said == "0 True True True True\n"


def test_a_plan_of_all_these_ends_each_request_alone() -> None:
    """A request that fails does nothing to those beside it."""

    def both(bad: str) -> ExecutionPlan:
        return chain(bad, 1)

    async def main() -> None:
        async with Engine(both("misbehaves"), limits=Limits(grace=0.2, queue=64)) as engine:
            deeds = ["pid", "raise", "pid", "refuse", "pid", "os._exit", "pid", "kill", "pid"]
            given = await asyncio.gather(*(engine.call(letter(deed)) for deed in deeds), return_exceptions=True)
            assert [isinstance(one, Letter) for one in given] == [deed == "pid" for deed in deeds]

    run(main())
