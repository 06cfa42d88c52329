"""What operators can do to the process that they run in: a typed code in time, others unharmed, nothing left."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from comb_compiler.release import Batch, ExecutionPlan
from comb_compiler.runtime import Code, OperatorError
from comb_compiler.runtime.declaration import BadOperator
from comb_compiler.runtime.engine import Engine, Limits
from tests.runtime.leftovers import children, nothing_left
from tests.runtime.plans import chain, plan
from tests.runtime.post.post_pb2 import Letter, Request
from tests.runtime.waiting import run, until

SHORT = Limits(grace=0.3)


@pytest.fixture(autouse=True)
def _nothing_left(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with nothing_left():
        yield
        caplog.get_records("call").clear()  # tracebacks hold on to what they passed


def one(name: str, **of_binding: object) -> ExecutionPlan:
    operator = f"tests.runtime.hostile_processes:{name}"
    return chain(operator, 1, bindings={operator: {"name": name, **of_binding}})


def letter(text: str) -> Request:
    return Request(letter=Letter(text=text))


async def outcome(engine: Engine, text: str, within: float) -> str:
    """The answer's text, or the code, of one request; it comes in time."""
    done = await engine.run(letter(text), within=within)
    assert done.ended - done.began < within + 60
    return Code(done.error.code).name if done.error is not None else done.answer.text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("deed", "codes"),
    [
        ("bomb", {"bomb"}),
        ("recurse", {"INTERNAL"}),
        ("overflow", {"UNAVAILABLE", "overflow"}),
        ("stop", {"DEADLINE_EXCEEDED"}),
        ("segfault", {"UNAVAILABLE"}),
        ("close all", {"UNAVAILABLE"}),
        ("garbage", {"UNAVAILABLE", "DEADLINE_EXCEEDED"}),
        ("ready again", {"UNAVAILABLE"}),
        ("large in arena", {"UNAVAILABLE"}),
        ("flood", {"UNAVAILABLE", "DEADLINE_EXCEEDED"}),
        ("cut", {"cut"}),
        ("overwrite", {"overwrite"}),
        ("patch", {"patch"}),
        ("threads", {"threads"}),
        ("spin", {"DEADLINE_EXCEEDED"}),
        ("memory", {"RESOURCE_EXHAUSTED"}),
        ("handlers", {"handlers"}),
        ("alarm", {"UNAVAILABLE", "alarm"}),
        ("generator", {"INTERNAL"}),
    ],
)
def test_an_attack_ends_with_a_code_and_the_next_calls_are_answered(deed: str, codes: set[str]) -> None:
    async def main() -> None:
        async with Engine(one("attacks"), limits=SHORT) as engine:
            assert await outcome(engine, deed, 2.0) in codes
            await asyncio.sleep(0.01)  # a timer's signal may be on its way
            given = await asyncio.gather(*(outcome(engine, "fine", 120) for _ in range(5)))
            assert given.count("fine") >= (4 if deed in ("alarm", "ready again", "cut") else 5), given
            assert len(children()) <= 2

    run(main())


def test_memory_that_is_shared_cannot_be_cut_off() -> None:
    """Who reads or writes pages of a mapped file that is shorter by now is killed by SIGBUS."""

    async def main() -> None:
        async with Engine(one("attacks"), limits=SHORT) as engine:
            for deed in ("fine", "cut", "fine", "cut"):
                request = Request(letter=Letter(text=deed, picture=bytes(3_000_000)))
                assert len((await engine.call(request, within=120)).picture) == 3_000_000
            assert await outcome(engine, "stop", 0.1) == "DEADLINE_EXCEEDED"
            assert await outcome(engine, "fine", 120) == "fine"

    run(main())


@pytest.mark.slow
def test_an_attack_does_nothing_to_another_operator_of_the_graph() -> None:
    where = "tests.runtime.hostile_processes:attacks"
    nodes = {
        "bad": (where, {"letter": "request.letter"}),
        "good": ("misbehaves", {"letter": "request.other"}),
        "both": ("join", {"first": "good", "second": "bad"}),
    }
    made = plan(
        nodes, "both", bindings={where: {"name": "attacks"}}, of_nodes={"bad": {"optional": True, "timeout": 0.3}}
    )

    async def main() -> None:
        async with Engine(made, limits=SHORT) as engine:
            for deed in ("segfault", "spin", "garbage", "stop", "fine"):
                request = Request(letter=Letter(text=deed), other=Letter(text="pid"))
                given = await engine.call(request, within=120)
                assert given.text in ("pid+nothing", f"pid+{deed}")
            assert set(engine.meters.restarts) <= {"attacks"}

    run(main())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("deed", "code"), [("sys.exit", "INTERNAL"), ("os._exit", "UNAVAILABLE"), ("generator", "INTERNAL")]
)
def test_a_batch_that_ends_its_process_fails_as_a_whole_and_the_next_is_answered(deed: str, code: str) -> None:
    async def main() -> None:
        async with Engine(one("attacks_in_batch", batch=Batch(4, 0.05)), limits=SHORT) as engine:
            given = await asyncio.gather(*(outcome(engine, text, 120) for text in ("fine", deed, "fine")))
            assert given[1] == code
            assert set(given) <= {code, "fine"}
            assert await asyncio.gather(*(outcome(engine, "fine", 120) for _ in range(3))) == ["fine"] * 3

    run(main())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ExitsInWarmUp", "ended with exit code 7"),
        ("ExitsOnImportOfItsModel", "it failed to start: SystemExit: no device"),
        ("ClosesItsSocketInWarmUp", "the process of `ClosesItsSocketInWarmUp`"),
    ],
)
def test_a_process_that_is_gone_before_it_is_ready_stops_the_start(name: str, said: str) -> None:
    async def main() -> None:
        began = time.monotonic()
        with pytest.raises((OperatorError, BadOperator), match=said):
            await Engine(one(name), limits=SHORT).start()
        assert time.monotonic() - began < 120

    run(main())


@pytest.mark.parametrize("operator", ["same", "same_later", "thread_letter", "tests.runtime.hostile_processes:keeps"])
def test_fields_that_a_message_does_not_know_do_no_harm(operator: str) -> None:
    content = Letter(text="x").SerializeToString() + b"\xfa\x3f\x03abc\x80\x7d\x07"  # fields 1023 and 2000
    request = Request(letter=Letter.FromString(content))

    async def main() -> None:
        async with Engine(chain(operator, 1, bindings={operator: {"name": "one"}})) as engine:
            given = await engine.call(request)
            assert given.text in ("x", "comb-one")
            if operator != "thread_letter":
                assert given.SerializeToString() == content

    run(main())


def test_a_coroutine_that_swallows_its_cancelling_holds_nobody_up() -> None:
    async def main() -> None:
        async with Engine(one("swallows_cancelling"), limits=Limits(stuck=2, grace=3.0)) as engine:
            codes = [await outcome(engine, "x", 0.05) for _ in range(4)]
            assert codes == ["DEADLINE_EXCEEDED"] * 2 + ["UNAVAILABLE"] * 2
            await until(lambda: not engine.abandoned)
            assert await outcome(engine, "x", 120) == "x"

    run(main())
