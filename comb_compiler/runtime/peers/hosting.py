"""A process of a distributed graph that hosts bindings, without the graph."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self

import grpc
import grpc.aio

from comb_compiler.release import ExecutionPlan, Model, Process
from comb_compiler.runtime.code import Code as OperatorCode
from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.engine.engine import Limits
from comb_compiler.runtime.engine.hosting import Places, open_hosts, start_hosts
from comb_compiler.runtime.engine.hosts import Host
from comb_compiler.runtime.engine.meters import Meter, Meters
from comb_compiler.runtime.engine.program import CannotRun
from comb_compiler.runtime.engine.stalls import Stalls
from comb_compiler.runtime.peers.frames import METHOD, ROOM, Asked, decode_call, encode_answer, identity
from comb_compiler.runtime.peers.invoking import Hosted
from comb_compiler.runtime.sdk import Call
from comb_compiler.runtime.wire.values import Packed, pack, unpack

__all__ = ["LARGEST", "Peer", "host", "hosted"]

LARGEST = 64 << 20
"""Bytes of a call's arguments, or of its answer, that may be sent unless it is said otherwise."""

_log = logging.getLogger("comb.runtime")
_HEALTH = "/grpc.health.v1.Health"
_SERVING, _NOT_SERVING = b"\x08\x01", b"\x08\x02"
_QUIET, _LONGEST = 0.1, 2.0
"""Seconds without a new call after which callers have heard that it drains, and after which it waits no more."""
_LIMITS = Limits()


class Peer(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Hosts the bindings of one process of a plan: `async with Peer(plan, "ocr", listen="0.0.0.0:9000") as peer: …`.

    `locate`, `code`, `workspace` and `limits` are as for an Engine; past `limits.requests` calls under way, calls are
    refused at once. `largest` bounds what may be sent, in bytes. `handlers` answer other gRPC methods on the same
    port, which has health (grpc.health.v1, `Check`) already. `credentials` are for TLS.

    `start` raises CannotRun, BadOperator, what an operator raises while it starts, and OSError where it cannot listen.
    """

    def __init__(
        self,
        plan: ExecutionPlan,
        process: str,
        *,
        listen: str = "127.0.0.1:0",
        locate: Callable[[Model], Path] = lambda model: Path(model.artifact),
        code: Path | None = None,
        workspace: Path | None = None,
        limits: Limits = _LIMITS,
        largest: int = LARGEST,
        handlers: Sequence[grpc.GenericRpcHandler] = (),
        credentials: grpc.ServerCredentials | None = None,
    ) -> None:
        self._bindings = _bindings(plan, process)
        self.meters = Meters(0, (len(self._bindings),))
        self.address = ""
        self._code = None if code is None else OperatorCode(code)
        self._places = Places(plan, locate, limits, self.meters, self._code, code, workspace)
        self._listen = listen
        self._limits = limits
        self._largest = largest
        self._credentials = credentials
        self._others = tuple(handlers)
        self._server: Any = None
        self._hosts: list[Host] = []
        self._hosted: dict[bytes, Hosted] = {}
        self._under_way: dict[asyncio.Task[Any], float] = {}  # each with its deadline
        self._stalls = Stalls(lambda: tuple(self._under_way.values()))
        self._last = 0.0
        self._is_open = False
        self._is_leaving = asyncio.Event()
        self._is_over = asyncio.Event()
        self._methods = {
            METHOD: grpc.unary_unary_rpc_method_handler(self._call),
            f"{_HEALTH}/Check": grpc.unary_unary_rpc_method_handler(self._check),
            f"{_HEALTH}/Watch": grpc.unary_stream_rpc_method_handler(self._watch),
        }

    @property
    def under_way(self) -> int:
        """How many calls are running."""
        return len(self._under_way)

    @property
    def queues(self) -> Mapping[str, int]:
        """How many calls wait for their turn, by binding."""
        names = (self._places.plan.bindings[index].name for index in self._bindings)
        return {name: host.waiting for name, host in zip(names, self._hosts, strict=False)}

    @property
    def abandoned(self) -> int:
        """How many calls go on that nobody waits for any more."""
        return sum(len(one.abandoned) for one in self._hosted.values())

    @property
    def calls(self) -> Sequence[tuple[int, Meter]]:
        """The bindings that are hosted here, by index, and how their calls ended."""
        return tuple(zip(self._bindings, self.meters.nodes[0], strict=True))

    def reasons(self) -> Sequence[str]:
        """Why it is not ready; empty when it is."""
        return () if self._is_open else ("it is not taking calls",)

    def meter(self, binding: str) -> Meter:
        """How a binding's calls ended."""
        names = [self._places.plan.bindings[index].name for index in self._bindings]
        return self.meters.nodes[0][names.index(binding)]

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Start and warm up the operators, then listen; `address` says where. Nothing is left where it raises."""
        try:
            plan, limits = self._places.plan, self._limits
            messages, hosts = open_hosts(self._places, self._bindings)
            self._hosts = list(hosts.values())
            callees = await start_hosts(hosts, self._places)
            for (index, callee), meter in zip(callees.items(), self.meters.nodes[0], strict=True):
                binding = plan.bindings[index]
                self._hosted[identity(binding)] = Hosted(
                    binding, callee, messages, limits.stuck, meter, discreet=plan.recording.hides
                )
            await self._open()
        except BaseException:
            await self.close()
            raise
        self._stalls.start()
        self._is_open = True

    async def _open(self) -> None:
        self._server = grpc.aio.server(options=_options(self._largest))
        self._server.add_generic_rpc_handlers((self, *self._others))
        try:
            if self._credentials is None:
                port = self._server.add_insecure_port(self._listen)
            else:
                port = self._server.add_secure_port(self._listen, self._credentials)
        except RuntimeError as error:
            raise OSError(f"it cannot listen on {self._listen}") from error
        self.address = f"{self._listen.rpartition(':')[0]}:{port}"
        await self._server.start()

    async def drain(self, grace: float = 30.0) -> bool:
        """Take no more calls, and wait for those under way. Whether all of them ended within `grace` seconds.

        Callers are told first, and go to other processes of this kind; calls that they had sent by then are answered.
        Those that have not been answered at the end are UNAVAILABLE.
        """
        self._is_open = False
        self._is_leaving.set()
        if self._server is None:
            return True
        end = monotonic() + grace
        await self._until_quiet(min(_LONGEST, grace))
        self._is_over.set()
        left = max(0.0, end - monotonic())
        stopping = asyncio.create_task(self._server.stop(left))
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=left)
        is_idle = not self._under_way
        await stopping
        return is_idle

    async def _until_quiet(self, longest: float) -> None:
        for _ in range(int(longest / _QUIET)):
            await asyncio.sleep(_QUIET)
            if monotonic() - self._last >= _QUIET:
                return

    async def close(self) -> None:
        """End calls that are under way, then all operators. Waits for cancelled calls, at most `Limits.grace`."""
        self._stalls.close()
        await self.drain(0.0)
        abandoned = [task for hosted in self._hosted.values() for task in hosted.abandoned]
        if abandoned:
            await asyncio.wait(abandoned, timeout=self._limits.grace)
        hosts, self._hosts = self._hosts, []
        for error in await asyncio.gather(*(host.close() for host in hosts), return_exceptions=True):
            if isinstance(error, BaseException):
                _log.error("an operator failed to close", exc_info=error)
        if self._code is not None:
            self._code.close()

    # --- gRPC ---

    def service(self, call: Any) -> Any:
        """The handler of a call, for gRPC."""
        return self._methods.get(call.method)

    async def _check(self, request: bytes, context: Any) -> bytes:
        return _SERVING if self._is_open else _NOT_SERVING

    async def _watch(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        """For gRPC's own load balancing: who watches sends no more calls here once it is leaving."""
        if self._is_open:
            yield _SERVING
            await self._is_leaving.wait()
        yield _NOT_SERVING
        await self._is_over.wait()

    async def _call(self, content: bytes, context: Any) -> bytes:
        task = asyncio.current_task()
        assert task is not None
        self._last = monotonic()
        is_elsewhere = False
        try:
            if len(self._under_way) >= self._limits.requests:
                self.meters.refused += 1
                raise OperatorError(Code.RESOURCE_EXHAUSTED, f"{self._limits.requests} calls are under way")
            remaining = context.time_remaining()
            deadline = monotonic() + (self._limits.deadline if remaining is None else remaining)
            self._under_way[task] = deadline
            asked = decode_call(content)
            hosted = self._hosted.get(asked.identity)
            if hosted is None:
                is_elsewhere = True
                raise OperatorError(Code.UNAVAILABLE, "the process that was asked belongs to another release")
            packed = await self._answer(hosted, asked, deadline)
        except OperatorError as error:
            packed = pack([error])
        finally:
            self._under_way.pop(task, None)
        return encode_answer(packed, is_elsewhere=is_elsewhere)

    async def _answer(self, hosted: Hosted, asked: Asked, deadline: float) -> Packed:
        request_id, node, arm, traceparent = asked.about
        call = Call(monotonic, deadline, request_id=request_id, node=node, arm=arm)
        call.traceparent = traceparent
        try:
            values = unpack(asked.head, asked.content, hosted.kinds, keep=False) if hosted.kinds else []
        except OperatorError as error:
            raise OperatorError(Code.DATA_LOSS, "these are no arguments of the operator") from error
        value = await hosted.answer(values, call)
        return self._packed(value, hosted.name)

    def _packed(self, value: Any, name: str) -> Packed:
        try:
            packed = pack([value])
        except Exception as error:  # a message that lacks required fields, or is larger than Protobuf can be
            raise OperatorError(Code.INTERNAL, f"an answer of `{name}` cannot be sent: {error}") from error
        if packed.size > self._largest:
            raise OperatorError(
                Code.RESOURCE_EXHAUSTED,
                f"an answer of `{name}` has {packed.size} bytes, and {self._largest} may be sent",
            )
        return packed


async def host(plan: ExecutionPlan, process: str, **settings: Any) -> Peer:
    """A started Peer. Whoever has it drains and closes it."""
    peer = Peer(plan, process, **settings)
    await peer.start()
    return peer


def hosted(plan: ExecutionPlan, process: Process) -> tuple[int, ...]:
    """The bindings that a process hosts for others: a model server is called from where requests are answered."""
    return tuple(index for index in process.bindings if plan.bindings[index].oip is None)


def _bindings(plan: ExecutionPlan, process: str) -> tuple[int, ...]:
    for one in plan.processes:
        if one.name == process:
            return hosted(plan, one)
    known = ", ".join(f"`{one.name}`" for one in plan.processes)
    raise CannotRun(f"the plan has no process `{process}`, only {known}")


def _options(largest: int) -> list[tuple[str, int]]:
    """Connections end after minutes, so that callers find processes that have come since."""
    return [
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", largest + ROOM),
        ("grpc.max_send_message_length", largest + ROOM),
        ("grpc.max_connection_age_ms", 300_000),
        ("grpc.max_connection_age_grace_ms", 60_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 1_000),
        ("grpc.http2.max_ping_strikes", 0),
    ]
