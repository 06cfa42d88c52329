"""Processes that host bindings, really started, and engines that call them."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from comb_compiler.release import ExecutionPlan, Process, plan_bytes
from comb_compiler.runtime import Code, OperatorError
from comb_compiler.runtime.engine import Engine
from comb_compiler.runtime.peers import Peer, Peers
from tests.architecture.imports import ROOT
from tests.runtime.plans import plan
from tests.runtime.post.post_pb2 import Letter, Request
from tests.runtime.waiting import run, until

__all__ = ["calling", "failure", "far", "letter", "peer", "split", "warm_grpc"]


def split(whole: ExecutionPlan, *away: str) -> ExecutionPlan:
    """The plan with these operators' bindings in a process of their own, `far`."""
    bindings = range(len(whole.bindings))
    gone = tuple(index for index in bindings if whole.bindings[index].name in away)
    here = tuple(index for index in bindings if index not in gone)
    return whole._replace(processes=(Process("main", here), Process("far", gone)))


def far(operator: str, **of_binding: Any) -> ExecutionPlan:
    """One call of an operator that lives in another process, then one that lives here."""
    nodes = {"a": (operator, {"letter": "request.letter"}), "b": ("near", {"letter": "a"})}
    return split(plan(nodes, "b", bindings={operator: of_binding}), operator)


def letter(text: str = "x", picture: bytes = b"") -> Request:
    """A request."""
    return Request(letter=Letter(text=text, picture=picture))


async def failure(engine: Engine, request: Request, within: float = 30.0) -> tuple[Code, str]:
    """How a request fails."""
    with pytest.raises(OperatorError) as caught:
        await engine.call(request, within=within)
    return caught.value.code, caught.value.message


@cache
def warm_grpc() -> None:
    """gRPC opens a pair of sockets that it keeps, when it is first used."""

    async def main() -> None:
        made = far("same_later")
        async with Peer(made, "far") as there, calling(made, there.address) as (engine, _):
            await engine.call(letter())

    run(main())


class Running:
    """A peer in a process of its own."""

    def __init__(self, popen: "subprocess.Popen[str]", address: str) -> None:
        self.popen = popen
        self.address = address

    def kill(self) -> None:
        """End it as the kernel does."""
        self.popen.kill()
        self.popen.wait()


@contextmanager
def peer(
    made: ExecutionPlan, directory: Path, *, listen: str = "127.0.0.1:0", more: tuple[str, ...] = ()
) -> Iterator[Running]:
    """The plan's process `far`, started; killed at the end, if it is there."""
    file = directory / "plan.json"
    file.write_bytes(plan_bytes(made))
    command = [sys.executable, "-m", "comb_compiler.runtime.peers", str(file), "--process", "far", "--listen", listen]
    with subprocess.Popen([*command, *more], cwd=ROOT, stdout=subprocess.PIPE, text=True) as popen:
        try:
            assert popen.stdout is not None
            yield Running(popen, popen.stdout.readline().strip())
        finally:
            popen.kill()


@asynccontextmanager
async def calling(made: ExecutionPlan, addresses: str, **settings: Any) -> AsyncIterator[tuple[Engine, Peers]]:
    """An engine that calls the process `far`, connected."""
    async with Peers(made, {"far": addresses}) as peers, Engine(made, elsewhere=peers.hosts, **settings) as engine:
        await until(lambda: not peers.lost)
        yield engine, peers
