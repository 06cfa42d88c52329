"""Processes that host bindings, really started, and engines that call them."""

import os
import re
import subprocess
import sys
import tempfile
import time
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


_SERVING = re.compile(r"serving gRPC on ([\w.:\[\]]+),")


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

    def __init__(self, popen: "subprocess.Popen[bytes]", address: str) -> None:
        self.popen = popen
        self.address = address

    def kill(self) -> None:
        """End it as the kernel does."""
        self.popen.kill()
        self.popen.wait()


@contextmanager
def peer(
    made: ExecutionPlan,
    directory: Path,
    *,
    process: str = "far",
    listen: str = "127.0.0.1:0",
    more: tuple[str, ...] = (),
) -> Iterator[Running]:
    """One process of the plan, as a pod runs it; killed at the end, if it is there. Without an address it has ended."""
    file = directory / "plan.json"
    file.write_bytes(plan_bytes(made))
    command = [sys.executable, "-m", "comb_compiler.runtime.service", str(file), "--process", process]
    command += ["--grpc-port", listen.rpartition(":")[2], "--http-port", "0", "--settle", "0"]
    with (
        tempfile.TemporaryFile("w+", dir=directory) as log,
        subprocess.Popen([*command, *more], cwd=ROOT, stderr=log) as popen,
    ):
        try:
            yield Running(popen, _address(popen, log.fileno()))
        finally:
            popen.kill()


def _address(popen: "subprocess.Popen[bytes]", log: int) -> str:
    """Where it listens, which it says when it takes calls."""
    while True:
        has_ended = popen.poll() is not None
        said = _SERVING.search(os.pread(log, 1 << 20, 0).decode())
        if said or has_ended:
            return said[1] if said else ""
        time.sleep(0.02)


@asynccontextmanager
async def calling(made: ExecutionPlan, addresses: str, **settings: Any) -> AsyncIterator[tuple[Engine, Peers]]:
    """An engine that calls the process `far`, connected."""
    async with Peers(made, {"far": addresses}) as peers, Engine(made, elsewhere=peers.hosts, **settings) as engine:
        await until(lambda: not peers.lost)
        yield engine, peers
