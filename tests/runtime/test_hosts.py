"""Where operators run: threads, worker processes, and batches on top of either."""

import asyncio
import os
from pathlib import Path

import pytest

from comb_compiler.release import Batch, Model
from comb_compiler.runtime import Code, OperatorError
from comb_compiler.runtime.declaration import BadOperator
from comb_compiler.runtime.engine import Engine, Limits
from tests.runtime.leftovers import children, nothing_left
from tests.runtime.operators import SeesCancel
from tests.runtime.plans import chain, plan
from tests.runtime.post.post_pb2 import Letter, Request
from tests.runtime.waiting import run, until


def letter(text: str, **more: object) -> Request:
    return Request(letter=Letter(text=text, **more))  # type: ignore[arg-type]


def test_a_plain_function_runs_in_a_thread() -> None:
    async def main() -> None:
        async with Engine(chain("thread", 1)) as engine:
            given = await engine.call(letter("x"))
            assert (given.text, given.number) == ("comb-thread", os.getpid())

    with nothing_left():
        run(main())


def test_a_model_and_its_parameters_reach_the_operator() -> None:
    async def main() -> None:
        model = Model("m", "1", "custom", "some/where", "", {"greeting": "Dear", "atMost": 6})
        async with Engine(chain("Greet", 1, bindings={"Greet": {"model": model}})) as engine:
            assert (await engine.call(letter("Ada"))).text == "Dear A"

    run(main())


@pytest.mark.parametrize("operator", ["Files", "FilesInProcess"])
def test_a_workspace_reaches_the_operator(tmp_path: Path, operator: str) -> None:
    async def main() -> None:
        async with Engine(chain(operator, 1), workspace=tmp_path) as engine:
            given = await engine.call(letter("result", picture=b"bytes"))
            assert given.text == str(tmp_path / "result")

    run(main())
    assert (tmp_path / "result").read_bytes() == b"bytes"


def test_the_comb_may_say_how_many_calls_run_at_once() -> None:
    async def main() -> None:
        told = {"sleeps_in_thread": {"workers": 3}}
        async with Engine(chain("sleeps_in_thread", 1, bindings=told)) as engine:
            calls = [asyncio.create_task(engine.call(letter("x"), within=30.0)) for _ in range(4)]
            await until(lambda: engine.queues == {"sleeps_in_thread": 1})
            await asyncio.gather(*calls)
            assert engine.meters.workers == {"sleeps_in_thread": 3}
        async with Engine(chain("process", 1, bindings={"process": {"workers": 3}})) as engine:
            await engine.call(letter("x"))
            assert len(children()) == 3, "the code declares two"

    run(main())


def test_what_runs_in_the_loop_one_after_the_other_has_no_workers() -> None:
    async def main() -> None:
        async with Engine(chain("shout", 1, bindings={"shout": {"workers": 2}})):
            raise AssertionError("it must not start")

    with pytest.raises(BadOperator, match="it runs in the loop, one call after the other"):
        run(main())


def test_a_process_has_its_own_interpreter_and_as_many_run_as_are_declared() -> None:
    async def main() -> None:
        async with Engine(chain("process", 1)) as engine:
            given = await asyncio.gather(*(engine.call(letter(str(number))) for number in range(20)))
            assert [one.text for one in given] == [str(number) for number in range(20)]
            assert {one.number for one in given} == children()
            assert len(children()) == 2

    with nothing_left():
        run(main())


@pytest.mark.parametrize("size", [0, 1000, 64 * 1024, 64 * 1024 + 1, 5_000_000])
def test_a_message_of_any_size_goes_there_and_back(size: int) -> None:
    async def main() -> None:
        async with Engine(chain("process", 1)) as engine:
            picture = os.urandom(size)
            for _ in range(3):
                assert (await engine.call(letter("x", picture=picture))).picture == picture

    with nothing_left():
        run(main())


def test_bytes_beside_a_message_go_there_and_back_and_join_it_where_it_is_wanted_whole() -> None:
    async def main() -> None:
        async with Engine(chain("size", 1)) as engine:
            picture = os.urandom(300_000)
            given = await engine.call(letter("x", picture=picture))
            assert (given.text, given.picture) == ("x", picture)
            again = await engine.call(letter("y", picture=b"small"))
            assert (given.picture, again.picture) == (picture, b"small")

    run(main())


def test_a_thread_is_told_that_nobody_waits() -> None:
    async def main() -> None:
        SeesCancel.seen.clear()
        async with Engine(chain("SeesCancel", 1)) as engine:
            call = asyncio.create_task(engine.call(letter("x")))
            await asyncio.sleep(0.01)
            call.cancel()
            await until(SeesCancel.seen.is_set)

    run(main())


def test_a_process_is_told_that_nobody_waits_and_lives_on() -> None:
    async def main() -> None:
        async with Engine(chain("misbehaves", 1), limits=Limits(grace=30)) as engine:
            before = (await engine.call(letter("pid"))).number
            with pytest.raises(OperatorError) as caught:
                await engine.call(letter("wait"), within=0.05)
            assert caught.value.code == Code.DEADLINE_EXCEEDED
            assert (await engine.call(letter("pid"))).number == before
            assert engine.meters.restarts == {}

    run(main())


def test_calls_are_batched_while_the_operator_is_busy() -> None:
    async def main() -> None:
        made = chain("batch_in_thread", 1, bindings={"batch_in_thread": {"batch": Batch(8, 0.005)}})
        async with Engine(made) as engine:
            given = await asyncio.gather(*(engine.call(letter(str(number))) for number in range(40)))
            assert [one.text for one in given] == [str(number) for number in range(40)]
            assert max(one.number for one in given) == 8
            sizes = engine.meters.batches["batch_in_thread"]
            assert sum(size * batches.many for size, batches in sizes.items()) == 40
            assert sum(batches.many for batches in sizes.values()) < 20
            assert all(batches.seconds > 0 for batches in sizes.values())

    run(main())


def test_a_lonely_call_does_not_wait_for_others() -> None:
    async def main() -> None:
        made = chain("batch_in_thread", 1, bindings={"batch_in_thread": {"batch": Batch(8, 30.0)}}, deadline=20.0)
        async with Engine(made) as engine:
            assert (await engine.call(letter("alone"), within=0.5)).number == 1

    run(main())


def test_a_batch_in_a_process_may_fail_one_call_alone() -> None:
    async def main() -> None:
        made = chain("batch_in_process", 1, bindings={"batch_in_process": {"batch": Batch(4, 0.05)}})
        async with Engine(made) as engine:
            calls = [engine.call(letter(text)) for text in ("a", "bad", "c", "d")]
            given = await asyncio.gather(*calls, return_exceptions=True)
            assert isinstance(given[1], OperatorError)
            assert given[1].code == Code.INVALID_ARGUMENT
            assert [one.text for one in given if isinstance(one, Letter)] == ["a", "c", "d"]

    run(main())


def spoilt(operator: str, *texts: str) -> list[str]:
    """What becomes of calls that are one batch, one after the other."""

    async def main() -> None:
        made = chain(operator, 1, bindings={operator: {"batch": Batch(len(texts), 20.0)}}, deadline=50.0)
        async with Engine(made) as engine:
            calls = [engine.call(letter(text)) for text in texts]
            given = await asyncio.gather(*calls, return_exceptions=True)
            said.extend(one.text if isinstance(one, Letter) else str(one) for one in given)
            await engine.call(letter("next"))

    said: list[str] = []
    run(main())
    return said


@pytest.mark.parametrize("operator", ["spoilt_in_thread", "spoilt_in_loop", "spoilt_in_process"])
def test_a_call_that_spoils_its_batch_fails_alone_where_repeating_is_safe(operator: str) -> None:
    said = spoilt(operator, "a", "b", "c", "bad", "e", "f", "bad", "h")
    failed = [one for one in said if "failed with ValueError" in one]
    assert [one for one in said if one not in failed] == ["a", "b", "c", "e", "f", "h"]
    assert len(failed) == 2


def test_elsewhere_it_is_the_failure_of_all() -> None:
    assert spoilt("spoilt_as_a_whole", "a", "bad", "c") == ["INTERNAL: `n0` failed with ValueError"] * 3
    died = "UNAVAILABLE: the process of `spoilt_in_process` was killed by SIGKILL"
    assert spoilt("spoilt_in_process", "a", "deadly") == [died] * 2


def test_a_batch_that_loses_an_answer_fails_as_a_whole() -> None:
    async def main() -> None:
        made = chain("too_few", 1, bindings={"too_few": {"batch": Batch(4, 0.05)}})
        async with Engine(made) as engine:
            given = await asyncio.gather(*(engine.call(letter("x")) for _ in range(3)), return_exceptions=True)
            assert {str(one) for one in given} <= {
                f"INTERNAL: `too_few` returned {size - 1} answers for {size} calls" for size in (1, 2, 3)
            }

    run(main())


def test_a_batch_operator_without_a_batch_gets_lists_of_one() -> None:
    async def main() -> None:
        async with Engine(chain("batch_in_process", 1)) as engine:
            given = await asyncio.gather(*(engine.call(letter("x")) for _ in range(5)))
            assert [one.number for one in given] == [1] * 5

    run(main())


def test_a_late_call_leaves_its_batch_and_the_others_are_answered() -> None:
    async def main() -> None:
        made = chain("batch_in_thread", 1, bindings={"batch_in_thread": {"batch": Batch(4, 0.01)}})
        async with Engine(made) as engine:
            calls = [engine.call(letter("x"), within=0.001 if number == 1 else 30) for number in range(4)]
            given = await asyncio.gather(*calls, return_exceptions=True)
            assert [isinstance(one, OperatorError) for one in given] == [False, True, False, False]

    run(main())


def test_a_value_flows_through_loop_thread_and_process() -> None:
    async def main() -> None:
        nodes = {
            "a": ("shout", {"letter": "request.letter"}),
            "b": ("batch_in_thread", {"letter": "a"}),
            "c": ("misbehaves", {"letter": "b"}),
            "d": ("same_later", {"letter": "c"}),
        }
        async with Engine(plan(nodes, "d")) as engine:
            assert (await engine.call(letter("pid"))).text == "PID"

    async def known() -> None:
        nodes = {"a": ("same_later", {"letter": "request.letter"}), "b": ("misbehaves", {"letter": "a"})}
        async with Engine(plan(nodes, "b")) as engine:
            assert (await engine.call(letter("pid"))).number in children()

    run(known())
    with pytest.raises(OperatorError, match="KeyError"):
        run(main())


def test_a_process_is_told_which_request_it_works_for() -> None:
    async def main() -> None:
        async with Engine(chain("who", 1)) as engine:
            assert (await engine.call(letter("x"), request_id="r-7", arm="")).text == "r-7/n0/"

    run(main())
