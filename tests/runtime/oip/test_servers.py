"""Models on real servers of the Open Inference Protocol as operators of a graph."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from comb_compiler.release import Batch, ExecutionPlan
from comb_compiler.release.tensors import Tensor
from comb_compiler.runtime import Code, OperatorError
from comb_compiler.runtime.engine import CannotRun, Engine
from comb_compiler.runtime.oip import ModelServers
from tests.conftest import RequiresTool
from tests.runtime.oip.servers import KINDS, started
from tests.runtime.oip.serving import NARROW, OWN, SIZE, Server, calling, free_port, model_file
from tests.runtime.waiting import run, until

TEXT = Tensor("text", "BYTES", (-1,), ("frame", "text"))
SCORES = Tensor("scores", "FP32", (-1, 2), ("scores",))
ASKED = {"said": [TEXT], "scores": [SCORES]}


@asynccontextmanager
async def engine_of(plan: ExecutionPlan, **more: Any) -> AsyncIterator[tuple[Engine, ModelServers]]:
    async with ModelServers(plan, **more) as servers, Engine(plan, elsewhere=servers.hosts) as engine:
        yield engine, servers


async def failure(engine: Engine, request: Any, within: float = 30.0) -> tuple[Code, str]:
    with pytest.raises(OperatorError) as caught:
        await engine.call(request, within=within)
    return caught.value.code, caught.value.message


def saying(engine: Engine, text: str) -> Any:
    request = engine.request_type()
    request.frame.text = text  # type: ignore[attr-defined]
    return request


def nsfw(server: Server, field: str, **more: Any) -> ExecutionPlan:
    pixels = Tensor("input:0", "FP32", (-1, *SIZE), ("frame", "pixels", field))
    return calling(server.endpoint, "nsfw", [pixels], [Tensor("outputs", "FP32", (-1, 2), ("scores",))], **more)


@pytest.mark.slow
@pytest.mark.parametrize("field", ["raw", "values"])
@pytest.mark.parametrize("batch", [None, Batch(4, 0.05)])
def test_a_network_answers_as_it_does_in_this_process(server: Server, field: str, batch: Batch | None) -> None:
    runtime = pytest.importorskip("onnxruntime")
    pictures = np.random.default_rng(0).normal(0, 50, (3, *SIZE)).astype("<f4")
    wanted = runtime.InferenceSession(str(model_file())).run(None, {"input:0": pictures})[0]

    async def main() -> None:
        async with engine_of(nsfw(server, field, batch=batch)) as (engine, servers):
            assert servers.reasons() == ()
            requests: list[Any] = [engine.request_type() for _ in pictures]
            for request, picture in zip(requests, pictures, strict=True):
                pixels = request.frame.pixels
                pixels.values.extend(picture.ravel().tolist())
                pixels.raw = picture.tobytes()
            answers = await asyncio.gather(*(engine.call(one) for one in requests))
            assert np.allclose([list(one.scores) for one in answers], wanted, rtol=1e-5, atol=1e-7)

    run(main())


def values(server: Server, model: str, datatypes: Mapping[str, str]) -> ExecutionPlan:
    inputs = [Tensor(name, of, (-1, 1), ("values", name)) for name, of in datatypes.items()]
    outputs = [Tensor(name, of, (-1, 1), (name,)) for name, of in datatypes.items()]
    extra = [Tensor("seen", "BYTES", (-1, 1), ("seen",))]
    return calling(server.endpoint, model, inputs, [*outputs, *extra], "score.v1.Values")


@pytest.mark.parametrize(("model", "datatypes"), [("own", OWN), ("narrow", NARROW)])
def test_values_of_every_datatype_go_and_come(server: Server, model: str, datatypes: Mapping[str, str]) -> None:
    async def main() -> None:
        async with engine_of(values(server, model, datatypes)) as (engine, _):
            request: Any = engine.request_type()
            given = {
                "flags": [True, False],
                "small": [-7, 100],
                "large": [-3, 2, 300],
                "counts": [0, 255],
                "sizes": [1, 65535],
                "weights": [0.5, -2.0, 1024.0],
                "exact": [0.25, -8.0],
                "texts": ["", "ä", "b"],
                "one": 9,
                "word": "grüße",
                "raw": np.arange(5, dtype="<f4").tobytes(),
            }
            for name in datatypes:
                one = given[name]
                if isinstance(one, list):
                    getattr(request.values, name).extend(one)
                else:
                    setattr(request.values, name, one)
            answer = await engine.call(request)
            got = {name: getattr(answer, name) for name in datatypes}
            assert {k: v if isinstance(v, int | str | bytes) else list(v) for k, v in got.items()} == {
                name: given[name] for name in datatypes
            }

    run(main())


def test_values_out_of_a_datatypes_range_are_the_callers_mistake(server: Server) -> None:
    async def main() -> None:
        async with engine_of(values(server, "narrow", NARROW)) as (engine, _):
            request: Any = engine.request_type()
            request.values.small.append(128)
            code, said = await failure(engine, request)
            assert code == Code.INVALID_ARGUMENT
            assert "`values.small` does not fit `small` of `score`: a value is out of the range of INT8" in said

    run(main())


def test_the_server_is_told_which_request_and_span_it_serves(server: Server) -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"

    async def main() -> None:
        async with engine_of(values(server, "one", {"one": "INT32"})) as (engine, _):
            given = await engine.run(engine.request_type(), request_id="r-7", traceparent=parent)
            assert given.answer.seen == f"r-7 r-7 {parent}"

    run(main())


def test_calls_that_come_together_are_one_request_and_one_that_does_not_fit_fails_alone(server: Server) -> None:
    inputs = [Tensor("exact", "FP64", (-1, 2), ("values", "exact"))]
    outputs = [Tensor("exact", "FP64", (-1, 2), ("exact",))]
    plan = calling(server.endpoint, "pairs", inputs, outputs, "score.v1.Values", batch=Batch(8, 0.3))

    async def main() -> None:
        async with engine_of(plan) as (engine, _):
            given: list[list[float]] = [[1, 2], [3, 4, 5, 6], [7], [8, 9]]
            requests: list[Any] = [engine.request_type() for _ in given]
            for request, one in zip(requests, given, strict=True):
                request.values.exact.extend(one)
            answers: list[Any] = await asyncio.gather(*(engine.call(one) for one in requests), return_exceptions=True)
            assert isinstance(answers[2], OperatorError)
            assert answers[2].code == Code.INVALID_ARGUMENT
            assert "takes a multiple of 2" in answers[2].message
            assert [list(answers[index].exact) for index in (0, 1, 3)] == [given[0], given[1], given[3]]

    run(main())


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("raises", None, ""),
        ("long", Code.FAILED_PRECONDITION, "`scores` has the shape [1, 3], not [-1, 2]"),
        ("flat", Code.FAILED_PRECONDITION, "`scores` has the shape [2"),  # to MLServer a row is a column
        ("double", Code.FAILED_PRECONDITION, "`scores` is of FP64, and the comb says FP32"),
        ("nothing", Code.FAILED_PRECONDITION, "it sent no tensor `scores`"),
        ("huge", Code.RESOURCE_EXHAUSTED, "the answer is too large"),
    ],
)
def test_an_answer_that_is_not_as_declared_is_an_error(server: Server, text: str, code: Code | None, said: str) -> None:
    plan = calling(server.endpoint, "behaves", [TEXT], [SCORES])

    async def main() -> None:
        async with engine_of(plan, largest=1 << 20) as (engine, _):
            assert list((await engine.call(saying(engine, "well"))).scores) == [0.25, 0.75]
            found = await failure(engine, saying(engine, text))
            assert code is None or found[0] == code
            assert said in found[1]
            assert "secret" not in found[1]
            assert list((await engine.call(saying(engine, "well"))).scores) == [0.25, 0.75]

    run(main())


def test_a_slow_model_is_left_at_the_deadline_and_a_call_that_is_given_up_is_cancelled(server: Server) -> None:
    plan = calling(server.endpoint, "behaves", [TEXT], [SCORES])

    async def main() -> None:
        async with engine_of(plan) as (engine, _):
            began = time.monotonic()
            assert (await failure(engine, saying(engine, "slow"), within=0.3))[0] == Code.DEADLINE_EXCEEDED
            assert time.monotonic() - began < 20
            call = asyncio.create_task(engine.call(saying(engine, "slow")))
            await asyncio.sleep(0.2)
            call.cancel()
            await until(lambda: engine.abandoned == 0 and engine.under_way == 0)

    run(main())


@pytest.mark.parametrize(
    ("inputs", "outputs", "said"),
    [
        ([Tensor("pixels", "FP32", (-1, *SIZE), ("frame", "pixels", "raw"))], [], "it has no input `pixels`"),
        ([Tensor("input:0", "FP16", (-1, *SIZE), ("frame", "pixels", "raw"))], [], "`input:0` is of FP32, and the"),
        ([Tensor("input:0", "FP32", (-1, 3, 224, 224), ("frame", "pixels", "raw"))], [], "has the shape [-1, 224, 224"),
        ([], [Tensor("scores", "FP32", (-1, 2), ("scores",))], "it has no output `scores`, only `outputs`"),
        ([], [], "it has an input `input:0`, which the comb does not give"),
    ],
)
def test_a_model_that_is_not_as_declared_keeps_the_engine_from_starting(
    server: Server, inputs: list[Tensor], outputs: list[Tensor], said: str
) -> None:
    async def main() -> None:
        with pytest.raises(CannotRun) as caught:
            async with engine_of(calling(server.endpoint, "nsfw", inputs, outputs)):
                pass
        assert str(caught.value).startswith("`score` cannot be called: the model `nsfw` is not as declared: ")
        assert said in str(caught.value)

    run(main())


def test_a_model_that_is_not_there_is_waited_for(server: Server) -> None:
    plan = calling(server.endpoint, "nobody", [TEXT], [SCORES])

    async def main() -> None:
        async with engine_of(plan) as (engine, servers):
            assert len(servers.reasons()) == 1
            assert (await failure(engine, saying(engine, "well")))[0] == Code.UNAVAILABLE

    run(main())


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_server_may_come_late_die_in_the_middle_and_come_back(
    kind: str, requires_tool: RequiresTool, tmp_path: Path
) -> None:
    python = requires_tool(f"{kind}-python")
    port = free_port()
    plan = calling(f"grpc://127.0.0.1:{port}", "behaves", [TEXT], [SCORES])

    async def main() -> None:
        with ExitStack() as stack:
            async with engine_of(plan) as (engine, servers):
                assert servers.reasons() == ("`score`: its server cannot be reached",)
                for _ in range(2):
                    began = time.monotonic()
                    assert (await failure(engine, saying(engine, "well")))[0] == Code.UNAVAILABLE
                    assert time.monotonic() - began < 20
                    coming = started(kind, python, tmp_path, ["behaves"], port)
                    running = await asyncio.to_thread(stack.enter_context, coming)
                    await until(lambda: servers.reasons() == ())
                    assert list((await engine.call(saying(engine, "well"))).scores) == [0.25, 0.75]
                    slow = asyncio.create_task(failure(engine, saying(engine, "slow")))
                    await asyncio.sleep(0.2)
                    began = time.monotonic()
                    running.kill()
                    assert (await slow)[0] == Code.UNAVAILABLE
                    assert time.monotonic() - began < 20
                    await until(lambda: servers.reasons() != ())

    run(main())
