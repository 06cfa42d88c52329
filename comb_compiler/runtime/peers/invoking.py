"""One binding's calls in a peer: bounded, cancelled with their callers, and answered with a value or an error."""

import asyncio
import logging
from collections.abc import Sequence
from time import monotonic
from typing import Any

from comb_compiler.release import Binding
from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.discretion import untold
from comb_compiler.runtime.engine.failures import typed
from comb_compiler.runtime.engine.hosts import Callee, Inline
from comb_compiler.runtime.engine.meters import Meter
from comb_compiler.runtime.instance import unpacked
from comb_compiler.runtime.messages import Messages
from comb_compiler.runtime.sdk import Call

__all__ = ["Hosted"]

_log = logging.getLogger("comb.runtime")


class Hosted:
    """A binding that is hosted for others. Past `most_stuck` calls that go on after they were given up, it is refused.

    `kinds` are the classes of the arguments, in the order of the plan's ports.
    """

    def __init__(
        self,
        binding: Binding,
        callee: Callee,
        messages: Messages,
        most_stuck: int,
        meter: Meter,
        *,
        discreet: bool = False,
    ) -> None:
        self.name = binding.name
        self.kinds = tuple(messages[port.type] for port in binding.ports)
        self.abandoned: set[asyncio.Task[Any]] = set()
        places = {port.name: index for index, port in enumerate(binding.ports)}
        self._order = tuple(places.get(name) for name in callee.ports)
        self._callee = callee
        self._most_stuck = most_stuck
        self._meter = meter
        self._discreet = discreet

    async def answer(self, values: Sequence[Any], call: Call) -> Any:
        """The message that the operator gives. Raises OperatorError; cancelling reaches the operator."""
        began, code = monotonic(), int(Code.CANCELLED)
        try:
            value = await self._outcome(values, call)
            code = 0
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # also what wants to end the process: it is the operator's
            failure = self._typed(error, call)
            code = failure.code
            raise failure from error
        else:
            return value
        finally:
            self._meter.count(code, monotonic() - began)

    async def _outcome(self, values: Sequence[Any], call: Call) -> Any:
        if len(values) != len(self.kinds):
            raise OperatorError(Code.DATA_LOSS, f"`{self.name}` has {len(self.kinds)} ports, not {len(values)}")
        if len(self.abandoned) >= self._most_stuck:
            raise OperatorError(Code.UNAVAILABLE, f"too many calls of `{self.name}` hang")
        callee = self._callee
        arguments = [None if place is None else values[place] for place in self._order]
        if callee.inline is not None:
            return unpacked(callee.check(self._inline(callee.inline, arguments, call)))
        task = asyncio.get_running_loop().create_task(self._waited_for(arguments, call))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.done():
                call.cancel()
                self._abandon(task)
            elif task.cancelled():
                raise OperatorError(Code.CANCELLED, f"`{call.node or self.name}` cancelled itself") from None
            raise

    def _inline(self, function: Inline, arguments: Sequence[Any], call: Call) -> Any:
        try:
            return function(*arguments)
        except asyncio.CancelledError as error:  # nobody else can have cancelled it
            raise self._typed(error, call) from error

    async def _waited_for(self, arguments: Sequence[Any], call: Call) -> Any:
        callee = self._callee
        try:
            if callee.coroutine is not None:
                value = await callee.coroutine(*arguments)
            else:
                assert callee.answer is not None
                value = await callee.answer(arguments, call)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # a task that ends with a KeyboardInterrupt or the like ends its loop
            raise self._typed(error, call) from error
        return unpacked(callee.check(value))

    def _typed(self, error: BaseException, call: Call) -> OperatorError:
        return typed(error, call.node or self.name, call.request_id, call.arm, discreet=self._discreet)

    def _abandon(self, task: "asyncio.Task[Any]") -> None:
        self.abandoned.add(task)
        task.add_done_callback(self._gone)
        task.cancel()

    def _gone(self, task: "asyncio.Task[Any]") -> None:
        self.abandoned.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            seen = untold(error) if self._discreet else error
            _log.error("`%s` failed after it was given up", self.name, exc_info=seen)
