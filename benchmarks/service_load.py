"""Callers for the service's benchmark: in a closed loop, as many at once as is said."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import cycle
from typing import NamedTuple

import grpc
import grpc.aio
from google.protobuf.wrappers_pb2 import StringValue

__all__ = [
    "GRPC",
    "HTTP",
    "Block",
    "Callers",
    "Target",
    "cpu_of",
    "keep_to",
    "memory_of",
    "open_callers",
    "processes_of",
    "waited_for",
]

GRPC = "gRPC"
HTTP = "HTTP"

Caller = Callable[[], Awaitable[None]]
_CONTENT = StringValue(value="text").SerializeToString()
_USERS = cycle([(("x-user-id", f"user-{number}"),) for number in range(1000)])
"""They call in turn: an arm is remembered for some users, and found by a hash for the others."""
_ASKED = b'{"text": "text"}'
_TICK = os.sysconf("SC_CLK_TCK")


class Target(NamedTuple):
    """A server: how it is spoken to, where, and a word that is in the environment of all its processes."""

    protocol: str
    port: int
    mark: str


class Block(NamedTuple):
    """What came of one time of load: seconds that each request took, all of it, and CPU of the server's processes."""

    times: list[float]
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.times) / self.seconds

    @property
    def cost(self) -> float:
        """CPU seconds of the server for each request."""
        return self.cpu / len(self.times)


class Callers:
    """Calls one server. Its connections stay open from block to block."""

    def __init__(self, target: Target, call: Callable[[int], Caller]) -> None:
        self.target = target
        self._call = call

    async def once(self) -> None:
        """One call."""
        await self._call(0)()

    async def load(self, callers: int, seconds: float) -> Block:
        """A block of load."""
        times: list[float] = []
        before, began = cpu_of(self.target.mark), time.perf_counter()
        until = began + seconds

        async def one(number: int) -> None:
            call, now = self._call(number), time.perf_counter()
            while now < until:
                await call()
                times.append(-now + (now := time.perf_counter()))

        await asyncio.gather(*(one(number) for number in range(callers)))
        taken = time.perf_counter() - began
        return Block(times, taken, cpu_of(self.target.mark) - before)


async def open_callers(target: Target, stack: AsyncExitStack, most: int) -> Callers:
    """Callers of a server, `most` at once."""
    if target.protocol == GRPC:
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{target.port}"))
        method = channel.unary_unary("/benchmark.v1.Benchmark/Run")

        async def call() -> None:
            if await method(_CONTENT, metadata=next(_USERS), timeout=30.0) != _CONTENT:
                raise SystemExit("the answer is not what was sent")

        return Callers(target, lambda number: call)
    connections = [await asyncio.open_connection("127.0.0.1", target.port) for _ in range(most)]
    for _, writer in connections:
        stack.callback(writer.close)
    return Callers(target, lambda number: _over_http(*connections[number]))


def _over_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Caller:
    head = "POST /run HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    asked = f"{head}content-length: {len(_ASKED)}\r\n\r\n".encode() + _ASKED

    async def call() -> None:
        writer.write(asked)
        told = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(told.partition(b"content-length:")[2].partition(b"\r\n")[0])
        if b" 200 " not in told.partition(b"\r\n")[0] or b"text" not in await reader.readexactly(length):
            raise SystemExit(f"the answer is not what was sent: {told!r}")

    return call


async def waited_for(target: Target, seconds: float = 90.0) -> None:
    """Until the server answers. Raises SystemExit where it does not."""
    until = time.perf_counter() + seconds
    while True:
        try:
            async with AsyncExitStack() as stack:
                callers = await open_callers(target, stack, 1)
                await asyncio.wait_for(callers.once(), 5.0)
            return
        except (OSError, grpc.aio.AioRpcError, TimeoutError, asyncio.IncompleteReadError) as error:
            if time.perf_counter() > until:
                raise SystemExit(f"port {target.port} does not answer: {error}") from error
        await asyncio.sleep(0.3)


def processes_of(mark: str) -> list[int]:
    """The processes whose environment has the mark: what a server starts inherits it."""
    word = mark.encode()
    others = (int(name) for name in os.listdir("/proc") if name.isdecimal() and int(name) != os.getpid())
    return [process for process in others if word in _read(f"/proc/{process}/environ")]


def cpu_of(mark: str) -> float:
    """CPU seconds of a server's processes by now."""
    return sum(_ticks(process) for process in processes_of(mark)) / _TICK


def _ticks(process: int) -> int:
    fields = _read(f"/proc/{process}/stat").rpartition(b")")[2].split()
    return int(fields[11]) + int(fields[12]) if fields else 0


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def memory_of(mark: str) -> int:
    """Bytes that a server's processes have to themselves, with their part of what they share (PSS)."""
    total = 0
    for process in processes_of(mark):
        for line in _read(f"/proc/{process}/smaps_rollup").splitlines():
            if line.startswith(b"Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def keep_to(mark: str, core: int) -> None:
    """All that a server runs is on one core from now on, and what it starts later, too."""
    for process in processes_of(mark):
        for thread in os.listdir(f"/proc/{process}/task"):
            os.sched_setaffinity(int(thread), {core})
