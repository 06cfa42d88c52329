"""The caller's side: bindings that peers host, as hosts of an Engine."""

import asyncio
import json
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
from comb_compiler.runtime.peers.frames import METHOD, ROOM, decode_answer, encode_call, identity
from comb_compiler.runtime.peers.hosting import LARGEST, hosted
from comb_compiler.runtime.peers.targets import target
from comb_compiler.runtime.sdk import Call
from comb_compiler.runtime.wire.values import pack, unpack

__all__ = ["Peers"]

_log = logging.getLogger("comb.runtime")
_BALANCING = {"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": ""}}
"""Calls take turns over those that say of themselves that they are serving."""
_TRIES = 3
"""While two releases stand behind one name, a call asks the next process until one is of its own."""
_READY = grpc.ChannelConnectivity.READY


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
        self._links: dict[str, _Link] = {}
        self.hosts: dict[int, Elsewhere] = {}
        for name, address in addresses.items():
            bindings = hosted(plan, known[name])
            where = target(name, address) if address else ""
            link = _Link(name, where, largest, credentials, needed=_is_needed(plan, bindings))
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


class _Link:
    """A channel to one process, and whether it is connected."""

    def __init__(
        self, name: str, target: str, largest: int, credentials: grpc.ChannelCredentials | None, *, needed: bool
    ) -> None:
        self.name = name
        self.needed = needed
        self.is_ready = False
        self._target = target
        self._options = _options(largest)
        self._credentials = credentials
        self._channel: Any = None
        self._watching: asyncio.Task[None] | None = None
        self.call: Any = None

    @property
    def reason(self) -> str:
        """Why it is not ready."""
        if not self._target:
            return f"nothing says where process `{self.name}` is"
        return f"process `{self.name}` cannot be reached"

    def open(self) -> None:
        if not self._target:
            return
        if self._credentials is None:
            self._channel = grpc.aio.insecure_channel(self._target, options=self._options)
        else:
            self._channel = grpc.aio.secure_channel(self._target, self._credentials, options=self._options)
        self.call = self._channel.unary_unary(METHOD)
        self._watching = asyncio.create_task(self._watch())

    async def close(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        self.call, self.is_ready = None, False
        if self._channel is not None:
            await self._channel.close()

    async def _watch(self) -> None:
        """Follow the channel's state; asking for it makes it connect again."""
        while True:
            state = self._channel.get_state(try_to_connect=True)
            is_ready = state == _READY
            if is_ready != self.is_ready:
                self.is_ready = is_ready
                log = _log.info if is_ready else _log.warning
                log("process `%s` is %s", self.name, "connected" if is_ready else "lost")
            await self._channel.wait_for_state_change(state)


class _Remote(Host):
    """A binding that a peer hosts. The process is not asked before the first call."""

    def __init__(self, binding: Binding, link: _Link, largest: int, messages: Messages) -> None:
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


def _options(largest: int) -> list[tuple[str, Any]]:
    return [
        ("grpc.service_config", json.dumps(_BALANCING)),
        ("grpc.max_receive_message_length", largest + ROOM),
        ("grpc.max_send_message_length", largest + ROOM),
        ("grpc.use_local_subchannel_pool", 1),  # what one engine has learned of a peer is not another's to wait for
        ("grpc.enable_http_proxy", 0),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 1_000),
        ("grpc.max_reconnect_backoff_ms", 5_000),
        ("grpc.dns_min_time_between_resolutions_ms", 1_000),
        # A peer that is gone without a word, with its machine, is noticed within seconds.
        ("grpc.keepalive_time_ms", 10_000),
        ("grpc.keepalive_timeout_ms", 5_000),
        ("grpc.http2.ping_timeout_ms", 5_000),  # a ping of another purpose stands for it
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
    ]
