"""Bindings that are models on servers of the Open Inference Protocol, as hosts of an Engine."""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from time import monotonic
from types import TracebackType
from typing import Any, Self

import grpc
import grpc.aio

from comb_compiler.release import Binding, ExecutionPlan, OipTarget
from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.declaration import Shape
from comb_compiler.runtime.engine.batching import Batcher
from comb_compiler.runtime.engine.hosts import Callee, Elsewhere, Host
from comb_compiler.runtime.engine.meters import Batches, count_batch
from comb_compiler.runtime.engine.program import CannotRun
from comb_compiler.runtime.instance import checker
from comb_compiler.runtime.messages import Messages
from comb_compiler.runtime.oip.connection import Connection, Endpoint, endpoint
from comb_compiler.runtime.oip.exchange import Exchange, Sent
from comb_compiler.runtime.oip.watch import Disagrees, Watch
from comb_compiler.runtime.sdk import Call

__all__ = ["ModelServers"]

_log = logging.getLogger("comb.runtime")
_LARGEST = 64 << 20
_QUEUE = 256
"""Calls that may wait for a batch."""
_BATCHES = 4
"""Batches that may be under way at once: servers keep one ready while another is computed."""
_GONE = frozenset({Code.UNAVAILABLE, Code.NOT_FOUND, Code.UNIMPLEMENTED, Code.FAILED_PRECONDITION})
"""Of a server's codes, those that say that the model is not there as it was."""


class ModelServers:
    """The model servers of a plan: `async with ModelServers(plan) as servers: Engine(plan, elsewhere=servers.hosts)`.

    Bindings on one endpoint share a connection. A model that is there and is not as declared keeps the engine from
    starting (CannotRun). One that is not there does not: its calls are UNAVAILABLE at once until it is. `largest`
    bounds a request and a response, in bytes; `roots` are certificates of authorities, as PEM, for `grpcs://`.
    `batches` are counted by binding and size, as `Meters.batches` are.

    Raises CannotRun for an endpoint that is none.
    """

    def __init__(self, plan: ExecutionPlan, *, largest: int = _LARGEST, roots: bytes | None = None) -> None:
        self.batches: dict[str, dict[int, Batches]] = {}
        self._connections: dict[Endpoint, Connection] = {}
        self._watches: dict[str, Watch] = {}
        self.hosts: dict[int, Elsewhere] = {}
        for index, binding in enumerate(plan.bindings):
            if binding.oip is None:
                continue
            where = endpoint(binding.oip.endpoint)
            connection = self._connections.setdefault(where, Connection(where, largest, roots))
            needed = _is_needed(plan, index)
            watch = self._watches[binding.name] = Watch(binding.name, binding.oip, connection, needed=needed)
            sizes = self.batches.setdefault(binding.name, {}) if binding.batch is not None else {}
            self.hosts[index] = partial(_Remote, binding, binding.oip, connection, watch, largest, sizes)

    async def __aenter__(self) -> Self:
        for connection in self._connections.values():
            connection.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await asyncio.gather(*(connection.close() for connection in self._connections.values()))

    def reasons(self) -> Sequence[str]:
        """Why requests would fail; empty when they would not.

        A model whose every step is optional or has a fallback may be away: the graph degrades as it declares.
        """
        lost = {name: watch.reason for name, watch in self._watches.items() if watch.needed}
        return tuple(f"`{name}`: {reason}" for name, reason in lost.items() if reason)


class _Remote(Host):
    """A binding that is a model on a server."""

    def __init__(
        self,
        binding: Binding,
        target: OipTarget,
        connection: Connection,
        watch: Watch,
        largest: int,
        sizes: dict[int, Batches],
        messages: Messages,
    ) -> None:
        self._binding = binding
        self._name = binding.name
        self._connection = connection
        self._watch = watch
        self._largest = largest
        self._sizes = sizes
        self._batcher: Batcher | None = None
        self._check = checker(Shape("return", binding.out), messages, f"`{binding.name}`")
        try:
            self._exchange = Exchange(self._name, binding, target, messages)
        except (KeyError, ValueError) as error:
            raise CannotRun(f"`{self._name}` cannot be called: {error}") from error

    @property
    def waiting(self) -> int:
        """How many calls wait for a batch."""
        return 0 if self._batcher is None else self._batcher.waiting

    async def start(self) -> Callee:
        """Look at the model. Raises CannotRun where it is there and is another than is declared."""
        try:
            await self._watch.start()
        except Disagrees as error:
            raise CannotRun(f"`{self._name}` cannot be called: {error}") from error
        ports = tuple(port.name for port in self._binding.ports)
        batch = self._binding.batch
        if batch is None:
            return Callee(ports, self._check, answer=self._one)
        self._batcher = Batcher(
            self._name,
            self._several,
            batch.size,
            batch.wait,
            concurrency=_BATCHES,
            queue=_QUEUE,
            is_safe=self._binding.retries > 0,
            noted=self._noted,
        )
        return Callee(ports, self._check, answer=self._batcher.answer)

    async def close(self) -> None:
        """Stop looking after the model; the connections are those of ModelServers."""
        await self._watch.close()

    def _noted(self, size: int, seconds: float) -> None:
        count_batch(self._sizes, size, seconds)

    async def _one(self, arguments: Sequence[Any], call: Call) -> Any:
        return (await self._answers([self._exchange.read(arguments)], call))[0]

    async def _several(self, columns: Sequence[Sequence[Any]], call: Call) -> list[Any]:
        """Calls together; one whose values do not make up its tensors fails alone."""
        outcomes: list[Any] = []
        for arguments in zip(*columns, strict=True):
            try:
                outcomes.append(self._exchange.read(arguments))
            except OperatorError as error:
                outcomes.append(error)
        sent = [one for one in outcomes if isinstance(one, Sent)]
        answers = iter(await self._answers(sent, call) if sent else ())
        return [next(answers) if isinstance(one, Sent) else one for one in outcomes]

    async def _answers(self, sent: Sequence[Sent], call: Call) -> list[Any]:
        if self._watch.reason:
            raise OperatorError(Code.UNAVAILABLE, f"`{self._name}` is not called: {self._watch.reason}")
        request = self._exchange.request(sent, call.request_id)
        size = request.ByteSize()
        if size > self._largest:
            said = f"the tensors of `{self._name}` have {size} bytes, and {self._largest} may be sent"
            raise OperatorError(Code.RESOURCE_EXHAUSTED, said)
        remaining = call.deadline - monotonic()
        if remaining <= 0:
            raise OperatorError(Code.DEADLINE_EXCEEDED, f"nothing was left of the deadline for `{self._name}`")
        try:
            response = await self._connection.ask("ModelInfer", request, remaining, _metadata(call))
        except grpc.aio.AioRpcError as error:
            raise self._failed(error, call) from error
        return self._exchange.answers(response, sent)

    def _failed(self, error: grpc.aio.AioRpcError, call: Call) -> OperatorError:
        """What gRPC or the server says. The server's words stay in the log: they may hold what was sent."""
        code = Code(error.code().value[0])
        extra = {"request_id": call.request_id, "node": call.node}
        _log.warning("the model server of `%s`: %s %s", self._name, code.name, error.details(), extra=extra)
        if code in _GONE:
            self._watch.doubt()
            return OperatorError(Code.UNAVAILABLE, f"the model server of `{self._name}` does not serve it")
        if code == Code.DEADLINE_EXCEEDED:
            return OperatorError(code, f"`{self._name}` took longer than its request has")
        if code == Code.RESOURCE_EXHAUSTED:
            return OperatorError(code, f"the model server of `{self._name}` has no room, or the answer is too large")
        if code == Code.CANCELLED:
            return OperatorError(Code.UNAVAILABLE, f"the model server of `{self._name}` broke off")
        return OperatorError(code, f"the model server of `{self._name}` refused: its log, and this one's, say why")


def _metadata(call: Call) -> tuple[tuple[str, str], ...]:
    said = (("x-request-id", call.request_id), ("traceparent", call.traceparent))
    return tuple((name, value) for name, value in said if value and value.isascii() and value.isprintable())


def _is_needed(plan: ExecutionPlan, index: int) -> bool:
    """Whether requests fail without this binding."""
    return plan.bindings[index].fallback is None and any(
        node.binding == index and not node.optional for graph in plan.graphs for node in graph.nodes
    )
