"""Where a gate's requests go: a comb in a process of its own on this machine, or a service at an address.

What runs in containers is in `contained`.
"""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import TYPE_CHECKING, Any

from comb_compiler.cli.gate.cases import interface_of
from comb_compiler.cli.gate.encoding import message_of
from comb_compiler.cli.models import artifacts_directory, pinned
from comb_compiler.cli.processes import ended, held_port
from comb_compiler.gates.asking import Answered, Gone, Recorded, Unreadable
from comb_compiler.gates.verdicts import Verdict
from comb_compiler.release import ExecutionPlan, plan_bytes
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.runtime.client.tls import Certificates
    from comb_compiler.runtime.service import Source

__all__ = ["START", "Answers", "Service", "as_written", "is_ready", "launched", "promise_of"]

START = 120.0
"""Seconds that operators and models may take to start."""
_LOCAL = (
    "operators ran as processes of this machine and user: code that means harm could read expected answers, have the "
    "baseline answer in its stead, or write where reports are written"
)
_HOST = "127.0.0.1"
_DEADLINE, _GRACE = 300.0, 30.0
"""Seconds for one answer where the comb promises none, and what is waited beyond what it promises.

The service itself ends requests by the comb's deadline: one that does not is stuck.
"""
_LOOK_EVERY = 0.05
_FIRST_BYTES = len("HTTP/1.1 200 OK")
_END = 2.0
_LINES = 5
_LONGEST_LINE = 4096
_TIED = """\
import ctypes, os, runpy, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
if os.getppid() != int(sys.argv.pop(1)):
    sys.exit("who asks is gone")
runpy.run_module("comb_compiler.runtime.service", run_name="__main__", alter_sys=True)
"""
"""A service that ends with the process that asks it, also where that is killed."""
_NEEDED = ("HOME", "LANG", "LC_ALL", "PATH", "PYTHONPATH", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
_DRAIN = 5.0
_REMEMBERED = 32
"""Requests that are under way at once, or nearly."""


def as_written(plan: ExecutionPlan, arm: str = "") -> ExecutionPlan:
    """A plan of one graph alone: the comb as written, or one arm of its experiment."""
    number = 0
    if arm and plan.experiment is not None:
        number = next(one.graph for one in plan.experiment.arms if one.name == arm)
    graph = plan.graphs[number]
    used = sorted({node.binding for node in graph.nodes})
    hosting = [
        one._replace(bindings=tuple(used.index(binding) for binding in one.bindings if binding in used))
        for one in plan.processes
    ]
    nodes = tuple(node._replace(binding=used.index(node.binding)) for node in graph.nodes)
    return plan._replace(
        graphs=(graph._replace(nodes=nodes),),
        bindings=tuple(plan.bindings[one] for one in used),
        processes=(hosting[0], *(one for one in hosting[1:] if one.bindings)),
        experiment=None,
    )


class Answers:
    """The type that all answers of one gate are read as: that of the interface which clients have now."""

    def __init__(self, plan: ExecutionPlan) -> None:
        from comb_compiler.runtime.messages import open_messages

        self.kind: Any = open_messages(plan.descriptors)[plan.method.output]
        self._serialised: deque[tuple[object, Hashable, bytes]] = deque(maxlen=_REMEMBERED)

    def once(self, request: object, interface: Hashable, make: Callable[[], bytes]) -> bytes:
        """What `make` makes of a request, which several targets of one interface are asked, one after the other."""
        for known, of, content in self._serialised:
            if known is request and of == interface:
                return content
        content = make()
        self._serialised.append((request, interface, content))
        return content


class Service:
    """A comb's service at an address.

    `why_gone` says what is known where it does not answer any more; `ended` which of its processes have ended, and why,
    or nothing. `process` is its id, `metrics` their address, and `start` how long it took to be ready, where it is one
    of this machine. It is asked by TLS where there are `certificates`.
    """

    def __init__(
        self,
        name: str,
        address: str,
        plan: ExecutionPlan,
        answers: Answers,
        certificates: "Certificates | None" = None,
    ) -> None:
        from comb_compiler.runtime.client.direct import Direct
        from comb_compiler.runtime.messages import open_messages

        self.name = name
        self.why_gone: Callable[[], Awaitable[str]] = self._not_known
        self.ended: Callable[[], Awaitable[str]] = self._nothing
        self.address = address
        self.certificates = certificates
        self.path = f"/{plan.method.service}/{plan.method.name}"
        self.process: int | None = None
        self.start: float | None = None
        self.metrics = ""
        self._answers = answers
        self._longest = (plan.deadline or _DEADLINE) + _GRACE
        self._request: Any = open_messages(plan.descriptors)[plan.method.input]
        self._interface = interface_of(plan)
        self._method = Direct(address, self.path.removeprefix("/"), certificates)

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.address.rpartition(":")
        return host.strip("[]"), int(port)

    async def must_be_trusted(self) -> None:
        """Raises Gone, as of what is undecided, where TLS cannot be agreed on: it may be right, and is not known."""
        from comb_compiler.runtime.client.tls import no_tls

        if self.certificates is None:
            return
        why = await asyncio.to_thread(no_tls, *self.place, self.certificates)
        if why is not None:
            gone = Gone(f"the {self.name} cannot be asked: {why}; {why.hint}", self.name)
            gone.verdict = Verdict.UNDECIDED
            raise gone

    async def ask(self, request: Mapping[str, Any], request_id: str = "") -> Answered:
        """As Target says; `request_id` is what its record is known by."""
        from comb_compiler.runtime.client import Unreachable

        content = self.content(request)
        try:
            reply = await self._method.ask(content, self._longest, request_id)
        except Unreachable as error:
            raise Gone(f"the {self.name} went away: {await self.why_gone()}", self.name) from error
        if reply.code == "DEADLINE_EXCEEDED" and reply.seconds > self._longest - _GRACE / 2:
            raise Gone(f"the {self.name} is stuck: nothing came of a request in {self._longest:g} s", self.name)
        if reply.code == "UNAVAILABLE" and (ended := await self.ended()):
            raise Gone(f"a part of the {self.name} went away: {ended}", self.name)
        if reply.code != "OK":
            return Answered(None, reply.code, reply.message, reply.seconds)
        return self._read(reply.content, reply.seconds)

    def content(self, request: Mapping[str, Any]) -> bytes:
        """What is sent for a request. Raises Unreadable for what is none."""
        if isinstance(request, Recorded) and request.interface == self._interface:
            return request.content
        return self._answers.once(request, self._interface, lambda: self.encoded(request))

    async def _nothing(self) -> str:
        return ""

    async def _not_known(self) -> str:
        from comb_compiler.runtime.client.tls import why_not

        why = await asyncio.to_thread(why_not, *self.place, self.certificates)
        return f"{self.address} does not answer: {why}"

    def encoded(self, request: Mapping[str, Any]) -> bytes:
        """A request as it goes over the wire. Raises Unreadable for what is none."""
        from comb_compiler.runtime import OperatorError

        try:
            return bytes(message_of(request, self._request).SerializeToString())
        except OperatorError as error:
            raise Unreadable(f"the {self.name} cannot be asked: {error.message}") from error

    def _read(self, answer: bytes, seconds: float) -> Answered:
        from comb_compiler.runtime.messages import read_message

        message = read_message(self._answers.kind, answer)
        if message is None:
            said = f"its answer is no {self._answers.kind.DESCRIPTOR.full_name}"
            return Answered(None, "DATA_LOSS", said, seconds)
        return Answered(message, "OK", "", seconds)

    async def close(self) -> None:
        """Close the connection."""
        await self._method.close()


@asynccontextmanager
async def launched(
    name: str, source: "Source", answers: Answers, records: Path | None = None
) -> AsyncIterator[Service]:
    """A comb as a process of its own, ended after the block. Raises Gone where it does not start.

    Of this process's environment it gets what a program needs to run, and nothing else; of cases, requests alone.
    Where `records` is given, it keeps there what it recorded.
    """
    plan = pinned(source.plan, source.locate)
    async with AsyncExitStack() as stack:
        file = _written(plan_bytes(plan), name, stack)
        grpc, http = (stack.enter_context(held_port()) for _ in range(2))
        command = [sys.executable, "-P", "-c", _TIED, str(os.getpid()), str(file), "--code", str(source.code)]
        command += ["--artifacts", artifacts_directory(), "--host", _HOST, "--settle", "0", "--drain", str(_DRAIN)]
        command += ["--connection-age", "0"]  # a request that is under way when a connection has to end would be lost
        command += ["--grpc-port", str(grpc), "--http-port", str(http), "--log-format", "text"]
        if records is not None:
            command += ["--samples", f"embedded:{records}"]
        began = monotonic()
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, env=_environment(), start_new_session=True
        )
        stack.push_async_callback(ended, process, _DRAIN)
        said: deque[str] = deque(maxlen=_LINES)
        listening = asyncio.create_task(_listen(process, said))
        stack.callback(listening.cancel)
        await _ready(name, process, http, said)
        start = monotonic() - began
        service = Service(name, f"{_HOST}:{grpc}", plan, answers)
        service.why_gone = lambda: _known_end(process, said)
        service.start = start
        service.process, service.metrics = process.pid, f"http://{_HOST}:{http}/metrics"
        stack.push_async_callback(service.close)
        yield service


def _written(plan: bytes, name: str, stack: AsyncExitStack) -> Path:
    """The plan's file, as long as the stack is open."""
    try:
        os.makedirs(artifacts_directory(), exist_ok=True)
        file = Path(stack.enter_context(TemporaryDirectory(prefix="comb-gate-")), "plan.json")
        file.write_bytes(plan)
    except OSError as problem:
        raise OutsideFailure(f"the {name} cannot be started: {problem.filename}: {problem.strerror}") from problem
    return file


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _NEEDED if name in os.environ} | {"GRPC_VERBOSITY": "NONE"}


async def _listen(process: Process, said: "deque[str]") -> None:
    assert process.stderr is not None
    begun = b""
    while content := await process.stderr.read(_LONGEST_LINE):  # a line may have no end, and must not keep it waiting
        *lines, begun = (begun + content).split(b"\n")
        begun = begun[-_LONGEST_LINE:]
        said.extend(line[:_LONGEST_LINE].decode("utf-8", "replace").rstrip() for line in lines)
    if begun:
        said.append(begun.decode("utf-8", "replace").rstrip())


async def _ready(name: str, process: Process, port: int, said: "deque[str]") -> None:
    for _ in range(int(START / _LOOK_EVERY)):
        if process.returncode is not None:
            raise Gone(f"the {name} does not start: {_end_of(process, said)}", name)
        if await is_ready(port):
            return
        await asyncio.sleep(_LOOK_EVERY)
    raise Gone(f"the {name} does not start: it was not ready after {START:g} s", name)


async def is_ready(port: int) -> bool:
    """Whether what serves HTTP at a port of this machine says that it is ready; it may say anything."""
    with suppress(OSError, TimeoutError):
        reader, writer = await asyncio.open_connection(_HOST, port)
        try:
            writer.write(f"GET /readyz HTTP/1.1\r\nHost: {_HOST}\r\nConnection: close\r\n\r\n".encode())
            return b" 200 " in await asyncio.wait_for(reader.read(_FIRST_BYTES), 1.0)
        finally:
            writer.close()
    return False


async def _known_end(process: Process, said: "deque[str]") -> str:
    with suppress(TimeoutError):  # a connection ends a little earlier than it is known that its process did
        await asyncio.wait_for(process.wait(), _END)
    return _end_of(process, said)


def _end_of(process: Process, said: "deque[str]") -> str:
    code = process.returncode
    if code is None:
        return "it closed the connection"
    end = f"it was ended by signal {-code}" if code < 0 else f"it ended with exit code {code}"
    if code == -9:
        end += " (as the kernel does where memory is full)"
    return end + "".join(f"\n    {line}" for line in said)


def promise_of(target: str) -> tuple[str, str]:
    """How strictly a target keeps operators apart, by platform.yaml's word for it, and what that is worth."""
    if target == "local":
        return "local", _LOCAL
    return "none", "what runs at an address is not known to be this subject"
