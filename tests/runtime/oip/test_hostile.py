"""What is no model server, or a broken one: a typed error, and nothing hangs."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from comb_compiler.release import ExecutionPlan
from comb_compiler.release.tensors import Tensor
from comb_compiler.runtime import Code, OperatorError
from comb_compiler.runtime.engine import CannotRun, Engine
from comb_compiler.runtime.oip import ModelServers
from comb_compiler.runtime.oip.protocol import message
from tests.runtime.oip.serving import calling
from tests.runtime.service.certificates import Authority
from tests.runtime.waiting import run


def plan(port: int, *outputs: Tensor) -> ExecutionPlan:
    text = Tensor("text", "BYTES", (-1,), ("frame", "text"))
    return calling(f"grpc://127.0.0.1:{port}", "any", [text], list(outputs))


class _Answers(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Ready, without metadata, and answering each call with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        ready = message("ServerReadyResponse")(ready=True).SerializeToString()
        self._answers = {"ServerReady": ready, "ModelReady": ready, "ModelMetadata": b"", "ModelInfer": answer}

    def service(self, details: Any) -> Any:
        answer = self._answers[details.method.rpartition("/")[2]]

        async def handle(request: bytes, context: Any) -> bytes:
            return answer

        return grpc.unary_unary_rpc_method_handler(handle)


@asynccontextmanager
async def answering(answer: bytes, credentials: Any = None) -> AsyncIterator[int]:
    server = grpc.aio.server(handlers=[_Answers(answer)])
    if credentials is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    try:
        yield port
    finally:
        await server.stop(None)


def response(*raw: bytes, shape: tuple[int, ...] = (1, 2), datatype: str = "FP32") -> bytes:
    output = message("ModelInferResponse.InferOutputTensor")(name="scores", datatype=datatype, shape=shape)
    return message("ModelInferResponse")(outputs=[output], raw_output_contents=raw).SerializeToString()


async def failed(made: ExecutionPlan, within: float = 120.0) -> tuple[Code, str]:
    async with ModelServers(made) as servers, Engine(made, elsewhere=servers.hosts) as engine:
        request: Any = engine.request_type()
        request.frame.text = "x"
        with pytest.raises(OperatorError) as caught:
            await engine.call(request, within=within)
    return caught.value.code, caught.value.message


FLOATS = Tensor("scores", "FP32", (-1, -1), ("scores",))


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (response(b"\0" * 4), Code.DATA_LOSS, "came with other than so many values"),
        (response(b"\0" * 7), Code.DATA_LOSS, "7 bytes are no whole number of FP32"),
        (response(b"\0" * 8, b""), Code.DATA_LOSS, "it sent 1 tensors with contents of 2"),
        (response(b"\0" * 8, shape=(-1, -2)), Code.DATA_LOSS, "came with other than so many values"),
        (response(), Code.DATA_LOSS, "came with other than so many values"),
        (response(b"\0" * 8, shape=(1 << 62, 1 << 62)), Code.DATA_LOSS, "came with other than so many values"),
        (b"\xff\xff\xff\xff garbage", Code.INTERNAL, ""),
    ],
)
def test_an_answer_that_contradicts_itself_is_data_loss(answer: bytes, code: Code, said: str) -> None:
    async def main() -> None:
        async with answering(answer) as port:
            found = await failed(plan(port, FLOATS))
            assert found[0] == code
            assert said in found[1]

    run(main())


def test_random_bytes_are_read_or_told() -> None:
    async def main() -> None:
        for size in (1, 3, 10, 100):
            async with answering(os.urandom(size)) as port:
                assert (await failed(plan(port, FLOATS)))[0] in (Code.INTERNAL, Code.FAILED_PRECONDITION)

    run(main())


@pytest.mark.parametrize("words", [b"HTTP/1.1 200 OK\r\n\r\n", os.urandom(256), b""])
def test_what_is_no_grpc_server_is_unavailable_at_once(words: bytes) -> None:
    async def main() -> None:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(words)
            await asyncio.sleep(0.01)
            writer.close()

        async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
            began = time.monotonic()
            found = await failed(plan(server.sockets[0].getsockname()[1], FLOATS))
            assert found[0] == Code.UNAVAILABLE
            assert time.monotonic() - began < 60

    run(main())


@pytest.mark.parametrize("where", ["http://x:1", "grpc://x", "grpc://x:0", "grpc://x:99999", "grpc://u@x:1", "x:1"])
def test_an_endpoint_that_is_none_is_refused(where: str) -> None:
    made = plan(1, FLOATS)
    target = made.bindings[0].oip
    assert target is not None
    broken = made._replace(bindings=(made.bindings[0]._replace(oip=target._replace(endpoint=where)),))
    with pytest.raises(CannotRun, match="a model server is at grpc://host:port"):
        ModelServers(broken)


@pytest.mark.parametrize("field", [("nothing",), ("scores", "more"), ()])
def test_a_plan_whose_tensors_fit_no_field_cannot_run(field: tuple[str, ...]) -> None:
    made = plan(1, FLOATS._replace(field=field))

    async def main() -> None:
        with pytest.raises(CannotRun, match="`score` cannot be called"):
            async with ModelServers(made) as servers, Engine(made, elsewhere=servers.hosts):
                pass

    run(main())


def test_tls_is_spoken_with_a_server_whose_authority_is_trusted_and_with_no_other(tmp_path: Path) -> None:
    authority = Authority()
    chain, key = (path.read_bytes() for path in authority.issue(tmp_path))
    credentials = grpc.ssl_server_credentials([(key, chain)])

    async def main() -> None:
        async with answering(response(b"\0\0\0\x3f" * 2), credentials) as port:
            made = plan(port, FLOATS)
            target = made.bindings[0].oip
            assert target is not None
            secure = target._replace(endpoint=f"grpcs://127.0.0.1:{port}")
            made = made._replace(bindings=(made.bindings[0]._replace(oip=secure),))
            async with (
                ModelServers(made, roots=authority.pem) as servers,
                Engine(made, elsewhere=servers.hosts) as engine,
            ):
                assert list((await engine.call(engine.request_type(), within=120.0)).scores) == [0.5, 0.5]
            assert (await failed(made))[0] == Code.UNAVAILABLE

    run(main())
