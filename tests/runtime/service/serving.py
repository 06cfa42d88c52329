"""Services for tests, on free ports of this machine, and clients that say what they like."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

import grpc
import grpc.aio

from comb_compiler.release import ExecutionPlan
from comb_compiler.runtime.engine import Engine, Limits
from comb_compiler.runtime.service import Served, Service, Settings
from tests.runtime.plans import plan
from tests.runtime.post.post_pb2 import Letter, Request

__all__ = ["METHOD", "OPERATORS", "Answer", "Running", "ask", "exchange", "letter", "say", "serving", "simple"]

OPERATORS = "tests.runtime.service.operators"
METHOD = "/post.v1.Post/Send"
_PATIENCE = 120.0


class Running(NamedTuple):
    """A service with an engine."""

    service: Service
    engine: Engine
    grpc: str
    http: int


def simple(operator: str = "shout", **more: Any) -> ExecutionPlan:
    """One operator, asked with the request's letter."""
    name = operator.rpartition(":")[2]
    bindings = {operator: {"name": name, "operator": name}}
    return plan({"one": (operator, {"letter": "request.letter"})}, "one", bindings=bindings, **more)


def letter(text: str = "a", **more: Any) -> Request:
    """A request with a letter."""
    return Request(letter=Letter(text=text, **more))


@asynccontextmanager
async def serving(what: ExecutionPlan, **settings: Any) -> AsyncIterator[Running]:
    """Serve a plan for as long as the block lasts."""
    given = Settings(grpc_port=0, http_port=0, settle=0.0, drain=5.0, connection_age=0.0)._replace(**settings)
    async with Service(given) as service, Engine(what, limits=Limits(requests=given.requests)) as engine:
        service.show(Served(what, engine, engine.meters))
        rpc, http = service.addresses
        yield Running(service, engine, rpc, int(http.rpartition(":")[2]))


async def ask(
    address: str, request: Any, *, method: str = METHOD, within: float | None = _PATIENCE, **metadata: str
) -> tuple[Letter, Mapping[str, str]]:
    """The answer of a gRPC call, a letter, and what was told beside it. Raises grpc.aio.AioRpcError."""
    async with grpc.aio.insecure_channel(address) as channel:
        content = request if isinstance(request, bytes) else request.SerializeToString()
        said = tuple((name.replace("_", "-"), value) for name, value in metadata.items())
        call = channel.unary_unary(method)(content, timeout=within, metadata=said)
        answer = Letter.FromString(await call)
        return answer, dict(await call.trailing_metadata())


class Answer(NamedTuple):
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """The content as JSON."""
        return json.loads(self.content)


async def say(port: int, content: bytes, *, patience: float = _PATIENCE, finish: bool = False) -> bytes:
    """All that comes back when these bytes are sent, until the other side closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(content)
        if finish:
            writer.write_eof()
        async with asyncio.timeout(patience):
            return await reader.read()
    except OSError:  # it was closed before all was said
        return b""
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


async def exchange(port: int, path: str, body: Any = None, method: str = "", **headers: str) -> Answer:
    """One HTTP request on a connection of its own; a body that is not bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    given = {"host": "test", "connection": "close", "content-length": str(len(content))}
    if body is not None:
        given["content-type"] = "application/json"
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = f"{method or ('GET' if body is None else 'POST')} {path} HTTP/1.1\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return parsed(await say(port, f"{head}\r\n".encode("latin-1") + content))


def parsed(received: bytes) -> Answer:
    """The bytes of one response."""
    head, _, content = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return Answer(int(first.split()[1]), headers, content)
