"""A gRPC service as a process whose behaviour is known by construction; prints its port.

python -m tests.load.serving echo
python -m tests.load.serving stall SECONDS PERIOD    # the first SECONDS of each PERIOD it answers nothing
python -m tests.load.serving queue SECONDS           # one at a time, each takes SECONDS
python -m tests.load.serving spin TIMES               # one at a time, each hashes a text so often
python -m tests.load.serving leak BYTES               # it keeps so many more each second
python -m tests.load.serving fail CODE
python -m tests.load.serving count                   # each answer is another one
python -m tests.load.serving die REQUESTS            # the process ends in the middle of that one
"""

import asyncio
import itertools
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256

import grpc
import grpc.aio

from comb_compiler.load import GRPC, Input, Job, Target
from tests.architecture.imports import ROOT

__all__ = ["PATH", "job", "serving", "serving_process"]

PATH = "/tests.v1.Load/Run"
Behaviour = Callable[[bytes, grpc.aio.ServicerContext], Awaitable[bytes]]


async def echo(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
    return request


def stall(seconds: float, period: float) -> Behaviour:
    began = asyncio.get_running_loop().time()

    async def answer(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        into = (asyncio.get_running_loop().time() - began) % period
        if into < seconds:
            await asyncio.sleep(seconds - into)
        return request

    return answer


def queue(seconds: float) -> Behaviour:
    """On a clock of its own, so that a timer that comes late makes no other request later."""
    free = 0.0

    async def answer(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        nonlocal free
        now = asyncio.get_running_loop().time()
        free = max(now, free) + seconds
        await asyncio.sleep(free - now)
        return request

    return answer


def spin(times: float) -> Behaviour:
    """Work of a CPU, which takes longer where others want it too."""

    async def answer(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        found = request
        for _ in range(int(times)):
            found = sha256(found).digest()
        return found

    return answer


def leak(a_second: float) -> Behaviour:
    began, kept = asyncio.get_running_loop().time(), bytearray()

    async def answer(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        due = int(a_second * (asyncio.get_running_loop().time() - began))
        kept.extend(os.urandom(max(0, due - len(kept))))
        return request

    return answer


def count() -> Behaviour:
    numbers = itertools.count()

    async def answer(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        return b"%d" % next(numbers)

    return answer


def die(requests: float) -> Behaviour:
    numbers = itertools.count(1)

    async def answer(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        if next(numbers) >= requests:
            os._exit(1)
        return request

    return answer


def fail(code: str) -> Behaviour:
    async def answer(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        await context.abort(grpc.StatusCode[code], "as it was told to")
        raise AssertionError

    return answer


async def main(kind: str, *given: str) -> None:
    numbers = [float(one) for one in given if kind != "fail"]
    behaviours: dict[str, Callable[..., Behaviour]] = {
        "echo": lambda: echo,
        "stall": stall,
        "queue": queue,
        "spin": spin,
        "leak": leak,
        "fail": lambda: fail(*given),
        "count": count,
        "die": die,
    }
    handler = grpc.unary_unary_rpc_method_handler(behaviours[kind](*numbers))
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("tests.v1.Load", {"Run": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await asyncio.to_thread(sys.stdin.read)  # until who began it closes this
    await server.stop(None)


@contextmanager
def serving(*command: str) -> Iterator[int]:
    """The port of such a process, as long as the block lasts."""
    with serving_process(*command) as (port, _):
        yield port


@contextmanager
def serving_process(*command: str) -> Iterator[tuple[int, int]]:
    """Its port, and its id."""
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.load.serving", *command],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdin is not None
    assert started.stdout is not None
    try:
        yield int(started.stdout.readline()), started.pid
    finally:
        started.stdin.close()
        started.wait(30)
        started.stdout.close()


def job(port: int, *inputs: Input, protocol: str = GRPC, path: str = PATH, connections: int = 0) -> Job:
    """What loads such a service."""
    return Job(Target(protocol, "127.0.0.1", port, path, connections), inputs or (Input(b"text"),))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
