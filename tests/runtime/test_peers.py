"""Graphs over several processes: the operator does not know where it runs."""

import asyncio
import os
from collections.abc import Iterator

import pytest

from comb_compiler.release import Arm, Batch, Experiment
from comb_compiler.runtime import Code, OperatorError
from comb_compiler.runtime.engine import Engine, Limits
from comb_compiler.runtime.peers import Peer, Peers
from tests.runtime.leftovers import GRPC_KEEPS, nothing_left
from tests.runtime.operators import SeesCancel, Waits
from tests.runtime.peers import calling, failure, far, letter, split, warm_grpc
from tests.runtime.plans import chain, plan
from tests.runtime.post.post_pb2 import Letter, Reply, Request
from tests.runtime.waiting import run, until


@pytest.fixture(autouse=True)
def _nothing_left(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    warm_grpc()
    with nothing_left(but=GRPC_KEEPS):
        yield
        caplog.get_records("call").clear()  # tracebacks hold on to what they passed


@pytest.mark.parametrize("operator", ["same", "same_async", "same_later", "misbehaves", "batch_in_thread"])
def test_an_operator_answers_from_another_process_wherever_it_runs_there(operator: str) -> None:
    made = far(operator)

    async def main() -> None:
        async with Peer(made, "far") as there, calling(made, there.address) as (engine, _):
            given = await asyncio.gather(*(engine.call(letter("pid")) for _ in range(5)))
            assert [one.text for one in given] == ["pid"] * 5
            assert sum(there.meters.nodes[0][0].codes.values()) == 5

    run(main())


def test_absent_values_parcels_and_ports_in_another_order_cross() -> None:
    nodes = {
        "a": ("size", {"letter": "request.letter"}),
        "b": ("join", {"second": "request.other", "first": "request.letter"}),
        "c": ("from_reply", {"reply": "a", "letter": "b"}),
    }
    whole = plan(nodes, "c")
    made = split(whole, "size", "join")
    binding = made.bindings[1]
    made = made._replace(bindings=(made.bindings[0], binding._replace(ports=binding.ports[::-1]), made.bindings[2]))

    async def main() -> None:
        async with Peer(made, "far") as there, calling(made, there.address) as (engine, _):
            picture = os.urandom(100_000)
            given = await engine.call(letter("x", picture))
            assert given == Letter(text="x+nothing", picture=picture)
            again = Request(letter=Letter(text="y"), other=Letter(text="z"))
            assert (await engine.call(again)).text == "y+z"

    run(main())


def test_a_call_says_over_there_what_it_would_say_here() -> None:
    async def main() -> None:
        experiment = Experiment("header/x-user-id", "salt", (Arm("loud", 100, 0),))
        made = split(chain("who", 1, experiment=experiment), "who")
        async with Peer(made, "far") as there, calling(made, there.address) as (engine, _):
            assert (await engine.call(letter(), request_id="r-7")).text == "r-7/n0/loud"
            assert (await engine.call(letter(), request_id="a\0b\ud800")).text == "a b?/n0/loud"

    run(main())


@pytest.mark.parametrize(
    ("operator", "code", "said"),
    [
        ("raises", Code.INTERNAL, "`a` failed with ValueError"),
        ("refuses", Code.INVALID_ARGUMENT, "this is no letter"),
        ("wrong_type", Code.INTERNAL, "tests.runtime.operators:wrong_type returned a Note, not a post.v1.Letter"),
        ("nothing", Code.INTERNAL, "tests.runtime.operators:nothing returned nothing, not a post.v1.Letter"),
        ("exits_later", Code.INTERNAL, "`a` failed with SystemExit"),
        ("hangs", Code.DEADLINE_EXCEEDED, None),
        ("clings", Code.DEADLINE_EXCEEDED, None),
    ],
)
def test_a_failure_over_there_is_the_failure_it_would_be_here(operator: str, code: Code, said: str | None) -> None:
    async def main() -> None:
        made = far(operator)
        async with Peer(made, "far", limits=Limits(grace=2.0)) as there, calling(made, there.address) as (engine, _):
            failed = await failure(engine, letter(), within=0.2)
            assert failed[0] == code
            assert said is None or failed[1] == said

    run(main())


@pytest.mark.parametrize("operator", ["Waits", "SeesCancel"])
def test_cancelling_reaches_the_operator(operator: str) -> None:
    async def main() -> None:
        Waits.gate, Waits.calls, Waits.cancelled = asyncio.Event(), 0, 0
        SeesCancel.begun.clear()
        SeesCancel.seen.clear()
        made = far(operator)
        async with Peer(made, "far") as there, calling(made, there.address) as (engine, _):
            call = asyncio.create_task(engine.call(letter()))
            await until(lambda: Waits.calls or SeesCancel.begun.is_set())
            call.cancel()
            await until(lambda: Waits.cancelled or SeesCancel.seen.is_set())
            await until(lambda: there.under_way == 0)

    run(main())


def test_the_deadline_reaches_the_operator() -> None:
    async def main() -> None:
        made = far("remaining")
        async with Peer(made, "far") as there, calling(made, there.address) as (engine, _):
            assert 20_000 < (await engine.call(letter(), within=50.0)).number <= 50_100

    run(main())


def test_calls_of_several_requests_are_batched_over_there() -> None:
    async def main() -> None:
        made = far("batch_in_thread", batch=Batch(8, 0.005))
        async with Peer(made, "far") as there, calling(made, there.address) as (engine, _):
            given = await asyncio.gather(*(engine.call(letter(str(number))) for number in range(40)))
            assert [one.text for one in given] == [str(number) for number in range(40)]
            assert max(there.meters.batches["batch_in_thread"]) > 1

    run(main())


def test_what_is_too_large_is_refused_on_either_side() -> None:
    async def main() -> None:
        made = far("same_later")
        async with Peer(made, "far", largest=1_000_000) as there, calling(made, there.address) as (engine, _):
            code, said = await failure(engine, letter("x", bytes(100_000_000)))
            assert (code, said[:22]) == (Code.RESOURCE_EXHAUSTED, "a message for `same_la")
            code, said = await failure(engine, letter("x", bytes(3_000_000)))
            assert (code, said) == (Code.RESOURCE_EXHAUSTED, "process `far` does not take a message of that size")
            assert (await engine.call(letter())).text == "x"
        made = far("grows")
        async with Peer(made, "far", largest=1_000_000) as there, calling(made, there.address) as (engine, _):
            code, said = await failure(engine, letter())
            assert code == Code.RESOURCE_EXHAUSTED
            assert said == "an answer of `grows` has 2000004 bytes, and 1000000 may be sent"

    run(main())


def test_a_process_that_nobody_knows_where_to_find_is_not_run_here_and_keeps_the_front_from_being_ready() -> None:
    async def main() -> None:
        made = far("same_later")
        async with Peers(made, {"far": ""}) as peers, Engine(made, elsewhere=peers.hosts) as engine:
            assert await failure(engine, letter()) == (Code.UNAVAILABLE, "nothing says where process `far` is")
            assert peers.reasons() == ("nothing says where process `far` is",)
        degraded = far("same_later", fallback={"text": "instead"})
        async with Peers(degraded, {"far": ""}) as peers, Engine(degraded, elsewhere=peers.hosts) as engine:
            assert (await engine.call(letter())).text == "instead"
            assert peers.reasons() == ()

    run(main())


def test_who_is_not_connected_yet_or_no_more_is_unavailable() -> None:
    async def main() -> None:
        made = far("same_later")
        async with Peer(made, "far") as there:
            peers = Peers(made, {"far": there.address})
            async with Engine(made, elsewhere=peers.hosts) as engine:
                said = (Code.UNAVAILABLE, "process `far` cannot be reached")
                assert await failure(engine, letter()) == said
                peers.start()
                await until(lambda: not peers.lost)
                assert (await engine.call(letter())).text == "x"
                await peers.close()
                assert await failure(engine, letter()) == said

    run(main())


def test_past_its_limit_a_peer_refuses_at_once() -> None:
    async def main() -> None:
        Waits.gate, Waits.calls, Waits.cancelled = asyncio.Event(), 0, 0
        made = far("Waits")
        async with Peer(made, "far", limits=Limits(requests=2)) as there, calling(made, there.address) as (engine, _):
            calls = [asyncio.create_task(engine.call(letter())) for _ in range(5)]
            await until(lambda: sum(call.done() for call in calls) == 3)
            Waits.gate.set()
            given = await asyncio.gather(*calls, return_exceptions=True)
            refused = [one for one in given if isinstance(one, OperatorError)]
            assert {one.code for one in refused} == {Code.RESOURCE_EXHAUSTED}
            assert len(refused) == 3

    run(main())


def test_calls_that_cling_to_life_do_not_pile_up_over_there() -> None:
    async def main() -> None:
        made = far("clings")
        limits = Limits(stuck=2, grace=3.0)
        async with Peer(made, "far", limits=limits) as there, calling(made, there.address) as (engine, _):
            codes = []
            while Code.UNAVAILABLE not in codes:
                codes.append((await failure(engine, letter(), within=0.05))[0])
                assert there.abandoned <= 2
            assert codes[:-1] == [Code.DEADLINE_EXCEEDED] * (len(codes) - 1)
            assert len(codes) > 2

    run(main())


def test_a_process_of_another_release_is_not_taken_for_this_one() -> None:
    async def main() -> None:
        made = far("same_later")
        model = made.bindings[0]._replace(out="post.v1.Letter", name="same_later", timeout=3.0, fallback={})
        like = made._replace(bindings=(model, made.bindings[1]))
        other = made._replace(
            bindings=(made.bindings[0]._replace(run="tests.runtime.operators:same_async"), *made.bindings[1:])
        )
        async with Peer(made, "far") as there:
            async with calling(like, there.address) as (engine, _):
                assert (await engine.call(letter())).text == "x"  # how long a caller waits is its own affair
            async with calling(other, there.address) as (engine, _):
                said = "the process that was asked belongs to another release"
                assert await failure(engine, letter()) == (Code.UNAVAILABLE, said)
            async with Peer(other, "far") as new:
                async with calling(other, f"{there.address},{new.address}") as (engine, _):
                    for _ in range(20):  # it does not matter which of the two is asked first
                        assert (await engine.call(letter())).text == "x"
                assert sum(new.meters.nodes[0][0].codes.values()) == 20

    run(main())


def test_a_reply_is_of_the_engine_s_own_class() -> None:
    async def main() -> None:
        made = split(chain("reply", 1), "reply")
        async with Peer(made, "far") as there, calling(made, there.address) as (engine, _):
            given = await engine.call(letter())
            assert type(given) is engine.messages["post.v1.Reply"]
            assert given.SerializeToString() == Reply(text="re: x").SerializeToString()

    run(main())
