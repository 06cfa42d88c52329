"""Who hosts each binding of a plan: decided by what its code declares."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.release import Batch, Binding, ExecutionPlan, Model
from comb_compiler.runtime.code import Code as OperatorCode
from comb_compiler.runtime.declaration import BadOperator, Declaration, load_entry
from comb_compiler.runtime.engine.batching import Batcher
from comb_compiler.runtime.engine.bounded import bounded, late, where
from comb_compiler.runtime.engine.hosts import Callee, Host
from comb_compiler.runtime.engine.loop import LoopHost, declared_callee
from comb_compiler.runtime.engine.meters import Batches, Meters, count_batch
from comb_compiler.runtime.engine.pool import WorkerLimits
from comb_compiler.runtime.engine.process import Spec
from comb_compiler.runtime.engine.program import CannotRun
from comb_compiler.runtime.engine.threads import ThreadHost, thread_name
from comb_compiler.runtime.engine.workers import WorkerHost
from comb_compiler.runtime.instance import Given, Instance, start
from comb_compiler.runtime.messages import BadDescriptors, Messages, open_messages

if TYPE_CHECKING:
    from comb_compiler.runtime.engine.engine import Limits

__all__ = ["Places", "open_hosts", "start_hosts"]

_MARGIN = 0.1
"""Seconds: what holds up the loop itself is interrupted first, and says where it was."""


class Places(NamedTuple):
    """Everything that hosts are made from. `code` and its `directory` are where operators are imported from first."""

    plan: ExecutionPlan
    locate: Callable[[Model], Path]
    limits: "Limits"
    meters: Meters
    code: OperatorCode | None = None
    directory: Path | None = None
    workspace: Path | None = None


def open_hosts(places: Places, here: Iterable[int]) -> tuple[Messages, dict[int, Host]]:
    """A host, not yet started, for each binding that is run here, by index; and the message classes that they share.

    Raises CannotRun, BadOperator, or OperatorError (UNAVAILABLE) where an import hangs.
    """
    bindings = places.plan.bindings
    declared: dict[int, Declaration] = {}
    for index in here:
        if not bindings[index].run:
            raise CannotRun(f"`{bindings[index].name}` is not Python code, and nothing says where it runs")
        with bounded(f"`{bindings[index].name}` was not ready", places.limits.start):
            declared[index] = _as_told(bindings[index], load_entry(bindings[index].run, places.code))
    kinds = [shape.kind for one in declared.values() for shape in (*one.ports, one.out) if shape.kind is not None]
    try:
        messages = open_messages(places.plan.descriptors, kinds)
    except BadDescriptors as error:
        raise CannotRun(f"the plan's descriptors cannot be used: {error}") from error
    return messages, {index: _host(places, bindings[index], one, messages) for index, one in declared.items()}


async def start_hosts(hosts: Mapping[int, Host], places: Places) -> dict[int, Callee]:
    """Start all of them at the same time. The callees, by index; raises what the first that fails raises.

    One that is not ready in time raises OperatorError (UNAVAILABLE), which says where it is, if that can be seen.
    """
    within = places.limits.start
    starting = (asyncio.wait_for(host.start(), within + _MARGIN) for host in hosts.values())
    started = await asyncio.gather(*starting, return_exceptions=True)
    callees: dict[int, Callee] = {}
    for index, one in zip(hosts, started, strict=True):
        if isinstance(one, TimeoutError):
            name = places.plan.bindings[index].name
            raise late(f"`{name}` was not ready", within, where(thread_name(name))) from one
        if isinstance(one, BaseException):
            raise one
        callees[index] = one
    return callees


def _as_told(binding: Binding, declaration: Declaration) -> Declaration:
    """With as many workers as the comb says, where it does."""
    if binding.workers is None:
        return declaration
    return declaration._replace(options=declaration.options._replace(concurrency=binding.workers))


def _host(places: Places, binding: Binding, declaration: Declaration, messages: Messages) -> Host:
    _must_fit(binding, declaration)
    host = _unbatched(places, binding, declaration, messages)
    if declaration.options.concurrency or declaration.execution != "loop":
        places.meters.workers[binding.name] = declaration.options.concurrency or 1
    if not declaration.options.batch:
        return host
    sizes = places.meters.batches.setdefault(binding.name, {})
    return _BatchHost(host, binding, declaration, places.limits.queue, sizes)


def _unbatched(places: Places, binding: Binding, declaration: Declaration, messages: Messages) -> Host:
    limits, model = places.limits, binding.model
    given = Given(model, None if model is None else places.locate(model), places.workspace)
    make: Callable[[], Instance] = partial(start, declaration, messages, given)
    if declaration.execution == "loop":
        return LoopHost(binding.name, make, limits.start, limits.grace)
    if declaration.execution == "thread":
        return ThreadHost(binding.name, make, limits.queue, limits.start, limits.grace)
    spec = Spec(
        name=binding.name,
        entry=binding.run,
        given=given,
        code=places.directory,
        descriptors=places.plan.descriptors,
        out=messages[binding.out],
        takes_call=declaration.call is not None,
        discreet=places.plan.recording.hides,
    )
    bounds = WorkerLimits(
        processes=declaration.options.concurrency or 1,
        spares=limits.spares,
        queue=limits.queue,
        grace=limits.grace,
        start=limits.start,
        memory=limits.worker_memory,
        descriptors=limits.worker_descriptors,
    )
    callee = declared_callee(declaration, messages)
    restarts = places.meters.restarts

    def restarted() -> None:
        restarts[binding.name] = restarts.get(binding.name, 0) + 1

    return WorkerHost(spec, callee, bounds, is_batch=declaration.options.batch, restarted=restarted)


class _BatchHost:
    """Hosts a batch operator: its calls are collected, and each comes back by itself."""

    def __init__(
        self, host: Host, binding: Binding, declaration: Declaration, queue: int, sizes: dict[int, Batches]
    ) -> None:
        self._host = host
        self._binding = binding
        self._concurrency = declaration.options.concurrency or 1
        self._queue = queue
        self._is_safe = declaration.options.retry_safe
        self._sizes = sizes
        self._batcher: Batcher | None = None

    @property
    def waiting(self) -> int:
        """How many calls wait for a batch, and how many batches for their turn."""
        return self._host.waiting + (0 if self._batcher is None else self._batcher.waiting)

    async def start(self) -> Callee:
        """Start the operator."""
        callee = await self._host.start()
        assert callee.answer is not None
        batch = self._binding.batch or Batch(1)
        self._batcher = Batcher(
            self._binding.name,
            callee.answer,
            batch.size,
            batch.wait,
            concurrency=self._concurrency,
            queue=self._queue,
            is_safe=self._is_safe,
            noted=self._noted,
        )
        return callee._replace(answer=self._batcher.answer)

    async def close(self) -> None:
        """Close the operator."""
        await self._host.close()

    def _noted(self, size: int, seconds: float) -> None:
        count_batch(self._sizes, size, seconds)


def _must_fit(binding: Binding, declaration: Declaration) -> None:
    """The code has the ports that the plan was made for. Raises BadOperator."""
    ports = {port.name: port for port in declaration.ports}
    reasons = [f"it has no port `{port.name}`" for port in binding.ports if port.name not in ports]
    reasons += [
        f"`{port.name}` is a {ports[port.name].full_name}, and the comb says {port.type}"
        for port in binding.ports
        if port.name in ports and ports[port.name].full_name != port.type
    ]
    known = {port.name: port.optional for port in binding.ports}
    for port in declaration.ports:
        if not port.optional and known.get(port.name, True):
            reasons.append(f"`{port.name}` may get nothing, and is not `| None`")
    if declaration.out.full_name != binding.out:
        reasons.append(f"it returns a {declaration.out.full_name}, and the comb says {binding.out}")
    if binding.batch is not None and not declaration.options.batch:
        reasons.append("the comb batches its calls, and it does not say batch=True")
    if binding.workers is not None and declaration.execution == "loop" and not declaration.is_async:
        reasons.append("the comb gives it workers, and it runs in the loop, one call after the other")
    if binding.retries and not declaration.options.retry_safe:
        reasons.append("the comb repeats its calls, and it does not say retry_safe=True")
    if reasons:
        raise BadOperator(declaration.entry, tuple(reasons))
