"""The caller's side: bindings that peers host, as hosts of an Engine."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from time import monotonic
from types import TracebackType
from typing import Any, Self, cast

import grpc
import grpc.aio

from comb_compiler.release import Binding, ExecutionPlan
from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.declaration import Shape
from comb_compiler.runtime.engine.hosts import Callee, Elsewhere, Host
from comb_compiler.runtime.engine.program import CannotRun
from comb_compiler.runtime.instance import checker
from comb_compiler.runtime.messages import Messages
from comb_compiler.runtime.peers.frames import decode_answer, encode_call, identity
from comb_compiler.runtime.peers.hosting import LARGEST, hosted
from comb_compiler.runtime.peers.links import Link
from comb_compiler.runtime.peers.targets import target
from comb_compiler.runtime.sdk import Call
from comb_compiler.runtime.wire.values import pack, unpack

__all__ = ["Peers"]

_log = logging.getLogger("comb.runtime")
_TRIES = 3
"""While two releases stand behind one name, a call asks the next process until one is of its own."""


class Peers:
    """The other processes of a plan: `async with Peers(plan, addresses) as peers: Engine(plan, elsewhere=peers.hosts)`.

    `addresses` has `host:port` for each process that is not this one, by name; calls take turns over all addresses
    that a host's name has, or over several `address:port` with commas between. Nothing waits for them: while a process
    cannot be reached its calls are UNAVAILABLE at once, and it is tried again, at first soon and then each few seconds.
    A process whose address is empty is one that nobody knows where to find.

    Raises CannotRun for an address that is none, or for a process that the plan does not have.
    """

    def __init__(
        self,
        plan: ExecutionPlan,
        addresses: Mapping[str, str],
        *,
        largest: int = LARGEST,
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        known = {process.name: process for process in plan.processes}
        unknown = [name for name in addresses if name not in known]
        if unknown:
            raise CannotRun(f"the plan has no process {', '.join(f'`{name}`' for name in unknown)}")
        self._links: dict[str, Link] = {}
        self.hosts: dict[int, Elsewhere] = {}
        for name, address in addresses.items():
            bindings = hosted(plan, known[name])
            where = target(name, address) if address else ""
            link = Link(name, where, largest, credentials, needed=_is_needed(plan, bindings))
            self._links[name] = link
            self.hosts |= {index: partial(_Remote, plan.bindings[index], link, largest) for index in bindings}

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def start(self) -> None:
        """Begin to connect."""
        for link in self._links.values():
            link.open()

    async def renew(self, credentials: grpc.ChannelCredentials) -> None:
        """Connect by these from now on; calls that are under way end as they began."""
        await asyncio.gather(*(link.renew(credentials) for link in self._links.values()))

    async def close(self) -> None:
        """Let go of all connections."""
        await asyncio.gather(*(link.close() for link in self._links.values()))

    @property
    def lost(self) -> Sequence[str]:
        """The processes that cannot be reached just now."""
        return tuple(name for name, link in self._links.items() if not link.is_ready)

    def reasons(self) -> Sequence[str]:
        """Why requests would fail; empty when they would not.

        A process whose every step is optional or has a fallback may be away: the graph degrades as it declares.
        """
        return tuple(link.reason for link in self._links.values() if link.needed and not link.is_ready)


class _Remote(Host):
    """A binding that a peer hosts. The process is not asked before the first call."""

    def __init__(self, binding: Binding, link: Link, largest: int, messages: Messages) -> None:
        self._binding = binding
        self._link = link
        self._largest = largest
        self._identity = identity(binding)
        self._out = messages[binding.out]
        self._check = checker(Shape("return", binding.out), messages, f"`{binding.name}`")

    async def start(self) -> Callee:
        ports = tuple(port.name for port in self._binding.ports)
        return Callee(ports, self._check, answer=self._answer)

    async def close(self) -> None:
        """The connections are those of Peers."""

    async def _answer(self, arguments: Sequence[Any], call: Call) -> Any:
        content = self._encoded(arguments, call)
        for _ in range(_TRIES):
            answer = decode_answer(await self._sent(content, call))
            if not answer.is_elsewhere:
                break
        values = unpack(answer.head, answer.content, (self._out,), keep=False)
        if len(values) != 1:
            raise OperatorError(Code.DATA_LOSS, "what came from another process cannot be read")
        if isinstance(values[0], OperatorError):
            raise values[0]
        return values[0]

    async def _sent(self, content: bytes, call: Call) -> bytes:
        remaining = call.deadline - monotonic()
        if remaining <= 0:
            raise OperatorError(Code.DEADLINE_EXCEEDED, f"nothing was left of the deadline for `{self._binding.name}`")
        if self._link.call is None:
            raise OperatorError(Code.UNAVAILABLE, self._link.reason)
        try:
            return cast(bytes, await self._link.call(content, timeout=remaining))
        except grpc.aio.AioRpcError as error:
            raise self._failed(error) from error

    def _encoded(self, arguments: Sequence[Any], call: Call) -> bytes:
        name = self._binding.name
        try:
            packed = pack(arguments)
        except Exception as error:  # a message that lacks required fields, or is larger than Protobuf can be
            raise OperatorError(Code.INTERNAL, f"a message for `{name}` cannot be sent: {error}") from error
        if packed.size > self._largest:
            said = f"a message for `{name}` has {packed.size} bytes, and {self._largest} may be sent"
            raise OperatorError(Code.RESOURCE_EXHAUSTED, said)
        return encode_call(self._identity, (call.request_id, call.node, call.arm, call.traceparent), packed)

    def _failed(self, error: grpc.aio.AioRpcError) -> OperatorError:
        """What gRPC itself says: the operator's own failures are answers. Addresses stay in the log."""
        name = self._link.name
        _log.debug("a call of `%s` in process `%s`: %s %s", self._binding.name, name, error.code(), error.details())
        code = Code(error.code().value[0])
        if code == Code.DEADLINE_EXCEEDED:
            return OperatorError(code, f"`{self._binding.name}` took longer than its request has")
        if code == Code.RESOURCE_EXHAUSTED:
            return OperatorError(code, f"process `{name}` does not take a message of that size")
        return OperatorError(Code.UNAVAILABLE, self._link.reason)


def _is_needed(plan: ExecutionPlan, bindings: tuple[int, ...]) -> bool:
    """Whether requests fail without these bindings."""
    return any(
        node.binding in bindings and not node.optional and plan.bindings[node.binding].fallback is None
        for graph in plan.graphs
        for node in graph.nodes
    )
