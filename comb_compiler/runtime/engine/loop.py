"""Operators that run in the engine's own loop: `async def`, and `def` that says it returns at once."""

import asyncio
import inspect
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, cast

from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.declaration import Declaration
from comb_compiler.runtime.engine.bounded import bounded_steps
from comb_compiler.runtime.engine.hosts import Callee
from comb_compiler.runtime.instance import Check, Instance, checker, handed, named
from comb_compiler.runtime.messages import Messages
from comb_compiler.runtime.sdk import Call

__all__ = ["LoopHost", "callee_of", "declared_callee", "lifecycle"]


class LoopHost:
    """Hosts one instance in the loop. No turn of its start may take more than `start` seconds; `close` has `grace`."""

    def __init__(self, name: str, make: Callable[[], Instance], start: float, grace: float) -> None:
        self._name = name
        self._make = make
        self._start = start
        self._grace = grace
        self._instance: Instance | None = None

    @property
    def waiting(self) -> int:
        """None: calls are run as they come."""
        return 0

    async def start(self) -> Callee:
        """Make and warm up the instance."""
        await bounded_steps(self._prepare(), f"`{self._name}` was not ready", self._start)
        instance = self._instance
        assert instance is not None
        if instance.declaration.options.batch:
            return callee_of(instance, answer=self._whole(instance))
        limit = instance.declaration.options.concurrency
        if limit is not None and instance.declaration.is_async:
            return callee_of(instance, answer=_limited(self._whole(instance), limit))
        if instance.declaration.call is not None:
            if instance.declaration.is_async:
                return callee_of(instance, answer=self._whole(instance))
            return callee_of(instance, answer=_at_once(instance))
        plain = _plain(instance)
        return (
            callee_of(instance, coroutine=plain) if instance.declaration.is_async else callee_of(instance, inline=plain)
        )

    async def close(self) -> None:
        """Close the instance."""
        if self._instance is not None:
            instance, self._instance = self._instance, None
            await asyncio.wait_for(self._closed(instance), self._grace)

    async def _prepare(self) -> None:
        self._instance = self._make()
        await lifecycle(self._instance.warm_up)

    async def _closed(self, instance: Instance) -> None:
        await bounded_steps(lifecycle(instance.close), f"`{self._name}` had not closed", self._grace)

    def _whole(self, instance: Instance) -> Callable[[Sequence[Any], Call], Any]:
        async def answer(arguments: Sequence[Any], call: Call) -> Any:
            value = named(instance, arguments, call)
            return await value if inspect.isawaitable(value) else value

        return answer


def callee_of(instance: Instance, **ways: Any) -> Callee:
    """The callee of an instance that is called in one of the ways of Callee."""
    return _callee(instance.declaration, instance.check)._replace(**ways)


def declared_callee(declaration: Declaration, messages: Messages) -> Callee:
    """The callee of an operator that has no instance in this process, as far as its declaration goes."""
    return _callee(declaration, checker(declaration.out, messages, declaration.entry))


def _callee(declaration: Declaration, check: Check) -> Callee:
    parcels = frozenset(port.name for port in declaration.ports if port.buffers)
    ports = tuple(port.name for port in declaration.ports)
    return Callee(ports, check, parcels=parcels, gives_parcel=bool(declaration.out.buffers))


async def lifecycle(function: Callable[[], Any]) -> None:
    """Run `warm_up` or `close`, which may be `async def`."""
    value: Any = function()
    if inspect.isawaitable(value):
        await value


def _at_once(instance: Instance) -> Callable[[Sequence[Any], Call], Any]:
    async def answer(arguments: Sequence[Any], call: Call) -> Any:
        return named(instance, arguments, call)

    return answer


def _plain(instance: Instance) -> Callable[..., Any]:
    """The operator's function as it stands, where nothing has to be converted: its ports are in order already."""
    if any(one.kind is one.KEYWORD_ONLY for one in inspect.signature(instance.function).parameters.values()):
        names = [port.name for port in instance.declaration.ports]

        def by_name(*arguments: Any) -> Any:
            return instance.function(**dict(zip(names, handed(instance, arguments), strict=True)))

        return by_name
    if not any(instance.convert):
        # A bound method is called faster than its object.
        function = instance.function
        return cast(Callable[..., Any], function.__call__) if instance.declaration.is_class else function  # type: ignore[operator]

    def converted(*arguments: Any) -> Any:
        return instance.function(*handed(instance, arguments))

    return converted


def _limited(answer: Callable[[Sequence[Any], Call], Any], limit: int) -> Callable[[Sequence[Any], Call], Any]:
    gate = asyncio.Semaphore(limit)

    async def limited(arguments: Sequence[Any], call: Call) -> Any:
        async with gate:
            if call.cancelled:
                raise OperatorError(Code.DEADLINE_EXCEEDED, "its turn came too late")
            call.began = monotonic()
            return await answer(arguments, call)

    return limited
