"""The other processes of a plan, on this machine: one for each group of operators, as each has a pod in a cluster."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.models import artifacts_directory, pinned
from comb_compiler.release import plan_bytes

if TYPE_CHECKING:
    from comb_compiler.runtime.service import Settings, Source

__all__ = ["Hosting", "ended", "free_port", "held_port", "other_processes"]

_HOST = "127.0.0.1"
_PATIENCE = 120.0
"""Seconds that operators and models may take to start."""
_LOOK_EVERY = 0.05


class Hosting(NamedTuple):
    """A process that hosts operators for the one that answers, and where it takes calls and says how it is."""

    name: str
    operators: tuple[str, ...]
    address: str
    http: str
    pid: int


@asynccontextmanager
async def other_processes(
    source: "Source", settings: "Settings", note: Callable[[str], None]
) -> AsyncIterator[tuple["Source", tuple[Hosting, ...]]]:
    """Start every process of the plan but the first, and end them after the block. Gives the source that knows them.

    Each is `python -m comb_compiler.runtime.service`, as in a pod; `note` is told when one has ended by itself. Raises
    CannotServe where one does not start.
    """
    os.makedirs(artifacts_directory(), exist_ok=True)
    source = source._replace(plan=pinned(source.plan, source.locate))
    async with AsyncExitStack() as stack:
        plan = _written(plan_bytes(source.plan), stack.enter_context(TemporaryDirectory(prefix="comb-")))
        common = [plan, "--code", str(source.code), "--artifacts", artifacts_directory(), "--host", _HOST]
        common += ["--settle", "0", "--drain", str(settings.drain), "--requests", str(settings.requests)]
        hosting = []
        for process in source.plan.processes[1:]:
            operators = tuple(dict.fromkeys(source.plan.bindings[index].operator for index in process.bindings))
            grpc, http = free_port(), free_port()
            command = [*common, "--process", process.name, "--grpc-port", str(grpc), "--http-port", str(http)]
            started = await stack.enter_async_context(_process(process.name, command, settings.drain, note))
            one = Hosting(process.name, operators, f"{_HOST}:{grpc}", f"{_HOST}:{http}", started.pid)
            hosting.append((one, started))
        for one, started in hosting:
            await _ready(one, started)
        found = tuple(one for one, _ in hosting)
        yield source._replace(peers={one.name: one.address for one in found}), found


def _written(content: bytes, directory: str) -> str:
    path = Path(directory, "plan.json")
    path.write_bytes(content)
    return str(path)


@asynccontextmanager
async def _process(
    name: str, arguments: list[str], drain: float, note: Callable[[str], None]
) -> AsyncIterator[Process]:
    """A process in a session of its own: Ctrl-C is for the one that answers, which ends before it."""
    command = [sys.executable, "-m", "comb_compiler.runtime.service", *arguments]
    process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=DEVNULL, start_new_session=True)
    watching = asyncio.create_task(_watch(name, process, note))
    try:
        yield process
    finally:
        watching.cancel()
        await asyncio.wait([watching])
        await ended(process, drain)


async def _watch(name: str, process: Process, note: Callable[[str], None]) -> None:
    code = await process.wait()
    note(f"process `{name}` has ended ({f'signal {-code}' if code < 0 else f'exit code {code}'})")


async def ended(process: Process, drain: float) -> None:
    """End a process: in order, and by force where that takes five seconds more than `drain`.

    It leads a session of its own; what it has started there and left behind is ended as well.
    """
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), drain + 5.0)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


async def _ready(one: Hosting, process: Process) -> None:
    """Wait until it takes calls, which it does when its operators have started. Raises CannotServe."""
    from comb_compiler.runtime.service import CannotServe

    port = int(one.address.rpartition(":")[2])
    for _ in range(int(_PATIENCE / _LOOK_EVERY)):
        if process.returncode is not None:
            raise CannotServe(f"process `{one.name}` did not start")
        with suppress(OSError):
            _, writer = await asyncio.open_connection(_HOST, port)
            writer.close()
            return
        await asyncio.sleep(_LOOK_EVERY)
    raise CannotServe(f"process `{one.name}` was not ready after {_PATIENCE:g} s")


def free_port() -> int:
    """A port of this machine that nobody listens on just now."""
    with socket.socket() as one:
        one.bind((_HOST, 0))
        return int(one.getsockname()[1])


@contextmanager
def held_port() -> Iterator[int]:
    """A port that no other program is given within the block, while one that is told of it can listen there.

    So it is on Linux, where who shares an address (SO_REUSEADDR) may have one that is bound and not listened on.
    Elsewhere it is a free one.
    """
    with socket.socket() as one:
        one.bind((_HOST, 0))
        port = int(one.getsockname()[1])
        if sys.platform == "linux":
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            one.close()
        yield port
