"""What operators can do to who runs them: a typed code in time, and others unharmed."""

import asyncio
import math
import os
import time
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from comb_compiler.release import Batch, ExecutionPlan
from comb_compiler.runtime import Code, OperatorError
from comb_compiler.runtime.engine import Engine, Limits
from comb_compiler.runtime.peers import Peer
from tests.runtime import hostile
from tests.runtime.leftovers import GRPC_KEEPS, children, nothing_left
from tests.runtime.peers import calling, split, warm_grpc
from tests.runtime.plans import chain, plan
from tests.runtime.post.post_pb2 import Letter, Request
from tests.runtime.waiting import run, until

SHORT = Limits(grace=0.3)
ENDS = 60.0
"""Seconds: far less than what hangs would."""


@cache
def _warm_uvloop() -> None:
    """It opens what it keeps when it is first used."""
    if find_spec("uvloop"):
        import uvloop

        uvloop.run(asyncio.sleep(0))


@pytest.fixture(autouse=True)
def _nothing_left(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    _warm_uvloop()
    warm_grpc()
    with nothing_left(but=GRPC_KEEPS):
        yield
        caplog.get_records("call").clear()  # tracebacks hold on to what they passed


def one(name: str, **of_binding: object) -> ExecutionPlan:
    """A plan of one call of a hostile operator."""
    operator = f"tests.runtime.hostile:{name}"
    return chain(operator, 1, bindings={operator: {"name": name, **of_binding}})


def letter(text: str) -> Request:
    return Request(letter=Letter(text=text))


async def outcome(engine: Engine, text: str, within: float = 30.0) -> Letter | OperatorError:
    """What one request comes to."""
    done = await engine.run(letter(text), within=within)
    assert (done.answer is None) != (done.error is None)
    return done.answer or done.error or Letter()


@pytest.mark.parametrize("where", ["at_once", "later", "in_thread", "in_process", "in_batch"])
def test_whatever_is_raised_or_returned_has_a_code(where: str) -> None:
    async def main() -> None:
        async with Engine(one(where)) as engine:
            for deed in hostile.DEEDS:
                failed = await outcome(engine, deed)
                assert isinstance(failed, OperatorError), deed
                assert failed.code in (Code.INTERNAL, Code.ABORTED, Code.CANCELLED), (deed, str(failed))
                assert len(failed.message) <= 2000
            assert await outcome(engine, "fine") == Letter(text="fine")
            assert engine.under_way == 0
            assert engine.abandoned == 0
            assert engine.meters.restarts == {}

    run(main())


@pytest.mark.parametrize("where", ["at_once", "later", "in_thread", "in_process", "in_batch"])
def test_whatever_is_raised_or_returned_in_another_process_has_a_code(where: str) -> None:
    made = split(one(where), where)

    async def main() -> None:
        async with Peer(made, "far") as there, calling(made, there.address) as (engine, peers):
            for deed in hostile.DEEDS:
                failed = await outcome(engine, deed)
                assert isinstance(failed, OperatorError), deed
                assert failed.code in (Code.INTERNAL, Code.ABORTED, Code.CANCELLED), (deed, str(failed))
            given = await outcome(engine, "fine")
            assert given.SerializeToString() == Letter(text="fine").SerializeToString()  # type: ignore[union-attr]
            assert there.under_way == 0
            assert peers.lost == ()

    run(main())


@pytest.mark.parametrize("where", ["batch_of_oddities", "batch_of_oddities_in_thread"])
def test_a_batch_that_gives_anything_else_fails_its_calls_at_once(where: str) -> None:
    async def main() -> None:
        async with Engine(one(where, batch=Batch(4, 0.01))) as engine:
            for odd in ("few", "many", "None", "tuple", "generator", "of None", "of errors", "of no codes", "of ends"):
                given = await asyncio.gather(*(outcome(engine, odd) for _ in range(3)))
                for failed in given:
                    assert isinstance(failed, OperatorError), odd
                    assert failed.code == Code.INTERNAL
            assert await outcome(engine, "fine") == Letter(text="fine")

    run(main())


@pytest.mark.slow
@pytest.mark.parametrize(
    "deed",
    [
        *("thread", "child", "daemon", "fork", "fork and end", "print", "close stdin", "close stdout"),
        *("ignore signals", "chdir", "exit hook"),
    ],
)
def test_what_is_done_to_a_worker_stays_there_and_ends_with_it(deed: str) -> None:
    async def main() -> None:
        async with Engine(one("in_system"), limits=SHORT) as engine:
            for _ in range(2):
                assert (await engine.call(letter(deed))).text == deed
            (worker,) = children()
            family = _family(worker)
            given = await asyncio.gather(*(engine.call(letter("fine")) for _ in range(5)))
            assert [(one.text, one.number) for one in given] == [("fine", worker)] * 5
        await until(lambda: not any(_is_alive(pid) for pid in family))

    run(main())


@pytest.mark.slow
def test_a_worker_that_dies_while_its_copy_holds_its_socket_is_seen_to_be_dead() -> None:
    async def main() -> None:
        async with Engine(one("in_system"), limits=SHORT) as engine:
            failed = await outcome(engine, "fork and die")
            assert isinstance(failed, OperatorError)
            assert failed.message == "the process of `in_system` ended with exit code 5"
            assert await outcome(engine, "fine") is not None
            await until(lambda: len(children()) == 1)

    run(main())


@pytest.mark.slow
def test_a_worker_that_leaks_descriptors_is_replaced() -> None:
    async def main() -> None:
        limits = Limits(grace=5.0, worker_descriptors=300)
        async with Engine(one("in_system"), limits=limits) as engine:
            first = await engine.call(letter("fine"))
            for _ in range(3):
                await engine.call(letter("descriptors"))
            pids = [(await engine.call(letter("fine"))).number for _ in range(70)]
            assert first.number in pids
            await until(lambda: engine.meters.restarts == {"in_system": 1})
            await until(lambda: first.number not in children())
            assert (await engine.call(letter("fine"))).number != first.number

    run(main())


@pytest.mark.parametrize("name", ["HangsAtStart", "HangsAtStartInThread", "HangsAtStartInProcess"])
def test_an_operator_that_is_never_ready_stops_the_engine_from_starting(name: str) -> None:
    async def main() -> None:
        began = time.monotonic()
        with pytest.raises(OperatorError, match=f"`{name}` was not ready after 0.5 s"):
            await Engine(one(name), limits=Limits(start=0.5, grace=0.2)).start()
        assert time.monotonic() - began < ENDS

    run(main())


@pytest.mark.parametrize("name", ["HangsAtEnd", "HangsAtEndInThread", "HangsAtEndInProcess"])
def test_an_operator_that_does_not_end_holds_nobody_up(name: str) -> None:
    async def main() -> None:
        async with Engine(one(name), limits=Limits(grace=0.2)) as engine:
            assert (await engine.call(letter("x"))).text == "x"
            began = time.monotonic()
        assert time.monotonic() - began < ENDS
        hostile.HangsAtEndInThread.let_go.set()

    run(main())


@pytest.mark.parametrize("within", [math.nan, -math.nan])
def test_a_deadline_that_is_no_number_is_refused(within: float) -> None:
    async def main() -> None:
        async with Engine(one("later")) as engine:
            with pytest.raises(OperatorError, match="a deadline is a number of seconds") as caught:
                await engine.call(letter("fine"), within=within)
            assert caught.value.code == Code.INVALID_ARGUMENT

    run(main())


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("within", [math.inf, 1e300, 1e12, -0.0, -math.inf, 5e-324])
def test_a_deadline_may_be_any_number(within: float, loop: str) -> None:
    async def main() -> None:
        async with Engine(one("later")) as engine:
            if within > 1:
                assert (await engine.call(letter("fine"), within=within)).text == "fine"
                return
            with pytest.raises(OperatorError) as caught:
                await engine.call(letter("fine"), within=within)
            assert caught.value.code == Code.DEADLINE_EXCEEDED

    if loop == "asyncio":
        run(main())
    else:
        pytest.importorskip("uvloop").run(main())


def test_ids_may_hold_anything() -> None:
    async def main() -> None:
        async with Engine(chain("who", 1)) as engine:
            for name in ("a\0b\0c\0d", "\ud800", "x" * 100_000, "é" * 70_000, "\n"):
                given = await engine.call(letter("x"), request_id=name)
                assert given.text.endswith("/n0/")
            assert engine.meters.restarts == {}

    run(main())


@pytest.mark.slow
def test_five_thousand_steps_run() -> None:
    async def main() -> None:
        async with Engine(chain("same", 5000)) as engine:
            assert (await engine.call(letter("x"))).text == "x"
        async with Engine(chain("same_later", 5000)) as engine:
            assert (await engine.call(letter("x"))).text == "x"
        nodes = {f"n{index}": ("same_later", {"letter": "request.letter"}) for index in range(5000)}
        wide = plan({**nodes, "all": ("join", {"first": "n0", "second": "n4999"})}, "all")
        async with Engine(wide) as engine:
            assert (await engine.call(letter("x"))).text == "x+x"
            assert engine.abandoned == 0 or engine.abandoned < 5000

    run(main())


def _family(pid: int) -> set[int]:
    """A process, and all that it has started and that is still its own."""
    found = {pid}
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text("ascii").split():
            found |= _family(int(child))
    return found


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_what_a_worker_prints_is_not_the_engine_s_output(capfd: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        async with Engine(one("in_system")) as engine:
            await engine.call(letter("print"))

    run(main())
    out, err = capfd.readouterr()
    assert out == ""
    assert len(err) >= 2_000_000
    assert os.getpid() > 0
