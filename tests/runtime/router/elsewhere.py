"""A release in a process of its own: `python -m tests.runtime.router.elsewhere PORT OPERATOR KEY`.

It says its address when it is ready, and serves until it is killed. Where KEY is empty the plan has no experiment.
"""

import asyncio
import socket
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from comb_compiler.runtime import Code, OperatorError
from comb_compiler.runtime.engine import Engine
from comb_compiler.runtime.router import Router
from comb_compiler.runtime.service import Served, Service, Settings
from tests.architecture.imports import ROOT
from tests.runtime.post.post_pb2 import Letter
from tests.runtime.router.releases import with_arms, without_arms

__all__ = [
    "LINGERS",
    "RELEASE",
    "TWO",
    "UNAVAILABLE",
    "Elsewhere",
    "a_free_port",
    "elsewhere",
    "lingers",
    "unavailable",
]

RELEASE = "b7"
LINGERS = "tests.runtime.router.elsewhere:lingers"
UNAVAILABLE = "tests.runtime.router.elsewhere:unavailable"
TWO = {"control": 70, "rotate": 30}


class Elsewhere(NamedTuple):
    """A process that serves, and where."""

    process: asyncio.subprocess.Process
    address: str

    async def kill(self) -> None:
        """As the kernel does it: nothing is said."""
        self.process.kill()
        await self.process.wait()

    async def drain(self) -> None:
        """It goes on listening, and takes no more requests."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(b"drain\n")
        assert await self.process.stdout.readline() == b"drained\n"


@asynccontextmanager
async def elsewhere(operator: str = "shout", key: str = "", port: int = 0) -> AsyncIterator[Elsewhere]:
    """A release in a process of its own, ready to answer."""
    command = (sys.executable, "-m", "tests.runtime.router.elsewhere", str(port), operator, key)
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=PIPE, stdout=PIPE)
    try:
        assert process.stdout is not None
        said = (await process.stdout.readline()).decode().strip()
        yield Elsewhere(process, said)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def a_free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def lingers(letter: Letter) -> Letter:
    """Gives what it got, half a second later."""
    await asyncio.sleep(0.5)
    return letter


async def unavailable(letter: Letter) -> Letter:
    """Something that it needs is away."""
    raise OperatorError(Code.UNAVAILABLE, "the dictionary is away")


async def _serve(port: int, operator: str, key: str) -> None:
    plan = with_arms(TWO, key=key) if key else without_arms(operator)
    settings = Settings(host="127.0.0.1", grpc_port=port, http_port=0, release=RELEASE, forced_arms=True)
    async with Service(settings) as service, Engine(plan, release=RELEASE) as engine, Router(engine) as router:
        service.show(Served(plan, router, engine.meters))
        print(service.addresses.grpc, flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await engine.drain(0.0)
        print("drained", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
