"""One request on its way through a graph.

What returns at once is run on the spot; what must be waited for is driven by a task, and a task goes on with what its
node has made ready, so that a chain costs one task. All state changes happen in the loop, between awaits.
"""

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any

from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.current import CURRENT
from comb_compiler.runtime.engine.observation import NOT_RUN, SKIPPED
from comb_compiler.runtime.engine.program import Program, Step
from comb_compiler.runtime.engine.tracing import span_of
from comb_compiler.runtime.sdk import Call

if TYPE_CHECKING:
    from comb_compiler.runtime.engine.engine import Engine

__all__ = ["RUNNING", "Run"]

RUNNING = -3
"""In place of a code: the node has begun and not ended."""

Left = tuple[int, Sequence[Any]]
"""A node that must be waited for, with its arguments."""

_RETRIED = frozenset({Code.UNKNOWN, Code.RESOURCE_EXHAUSTED, Code.ABORTED, Code.INTERNAL, Code.UNAVAILABLE})
_FIRST_PAUSE = 0.005


class Run:
    """A request; also what observers see of it (`Finished`)."""

    __slots__ = (
        *("answer", "arm", "arm_index", "began", "begins", "calls", "codes", "deadline", "done", "ended", "ends"),
        *("engine", "error", "errors", "is_over", "key", "program", "request", "request_id", "tasks", "timer"),
        *("traceparent", "values", "waits"),
    )

    def __init__(self, engine: "Engine", program: Program, request: Any, began: float, deadline: float) -> None:
        self.engine = engine
        self.program = program
        self.request = request
        self.request_id = ""
        self.traceparent = ""
        self.key = ""
        self.calls: dict[int, Call] = {}
        self.errors: dict[int, OperatorError] = {}
        self.arm = ""
        self.arm_index = 0
        self.began = began
        self.ended = 0.0
        self.deadline = deadline
        self.values = [*program.blank, request]  # the last one is what REQUEST, -1, leads to
        self.waits = program.waits.copy()
        self.codes = program.codes.copy()
        self.begins = program.zeros.copy()
        self.ends = program.zeros.copy()
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.timer: asyncio.TimerHandle | None = None
        self.done: asyncio.Future[None] | None = None
        self.is_over = False
        self.answer: Any = None
        self.error: OperatorError | None = None

    @property
    def release(self) -> str:
        """The release that answers."""
        return self.engine.release

    @property
    def names(self) -> tuple[str, ...]:
        """The nodes' names."""
        return self.program.names

    def begin(self) -> None:
        """Run what returns at once, and start tasks for the rest. The run may be over when this returns."""
        left = self._advance(list(self.program.first))
        if left is not None:
            self._drive_in_task(left)

    async def wait(self) -> None:
        """Wait until the run is over. Cancelling this ends the run, and cancels what is still running."""
        loop = self.engine.loop
        self.done = loop.create_future()
        self.timer = loop.call_later(self.deadline - monotonic(), self._expire)
        try:
            await self.done
        except asyncio.CancelledError:
            self.fail(OperatorError(Code.CANCELLED, "the caller went away"))
            raise

    def fail(self, error: OperatorError) -> None:
        """End the run with an error, if it is not over."""
        if not self.is_over:
            self.error = error
            self._end()

    def _expire(self) -> None:
        late = [self.program.names[index] for index in self.tasks]
        waiting = f", waiting for {', '.join(f'`{name}`' for name in sorted(late))}" if late else ""
        self.fail(OperatorError(Code.DEADLINE_EXCEEDED, f"the deadline passed{waiting}"))

    def _end(self) -> None:
        self.is_over = True
        self.ended = monotonic()
        if self.timer is not None:
            self.timer.cancel()
        if RUNNING in self.codes:
            self._stop()
        if self.done is not None and not self.done.done():
            self.done.set_result(None)
        self.engine.ended(self)

    def _stop(self) -> None:
        """Give up what is still running."""
        for index, task in self.tasks.items():
            self.codes[index] = Code.CANCELLED
            self.ends[index] = self.ended
            self.engine.abandon(task, self.program.steps[index])
        self.tasks.clear()
        for index, code in enumerate(self.codes):
            if code == RUNNING:  # it was ready, and no task had taken it on
                self.codes[index] = NOT_RUN

    def _advance(self, ready: list[int]) -> Left | None:
        """Run `ready` and all that this makes ready; gives back one node that must be waited for, if there is one."""
        steps, values, codes = self.program.steps, self.values, self.codes
        left: Left | None = None
        now = monotonic()
        for index in ready:  # which grows on the way
            if self.is_over:
                return None
            step = steps[index]
            self.begins[index] = now
            if now >= self.deadline:
                self._expire()
                return None
            try:
                arguments = step.gather(values)
                if arguments is None:
                    now = self._settle(step, None, SKIPPED, ready)
                elif step.inline is not None:
                    CURRENT.set((self.request_id, step.name, self.arm, self.traceparent))
                    value = step.inline(*arguments)
                    if type(value) is not step.native:
                        value = step.check(value)
                    now = self._settle(step, value, 0, ready)
                else:
                    codes[index] = RUNNING
                    if left is None:
                        left = (index, arguments)
                    else:
                        self._drive_in_task((index, arguments))
            except BaseException as error:  # also what wants to end the process: it is the operator's
                now = self._miss(step, self.engine.typed(error, step, self), ready)
        if self.is_over:
            return None
        return left

    def _settle(self, step: Step, value: Any, code: int, ready: list[int]) -> float:
        """A node has given `value`; adds what is ready now to `ready`. Gives the time."""
        index = step.index
        self.values[index] = value
        self.codes[index] = code
        self.ends[index] = now = monotonic()
        if index == self.program.answer:
            self._answer(value)
            return now
        waits = self.waits
        for successor in step.successors:
            waits[successor] -= 1
            if not waits[successor]:
                ready.append(successor)
        return now

    def _miss(self, step: Step, error: OperatorError, ready: list[int]) -> float:
        """A node has failed: its fallback, nothing, or the end of the request.

        A fallback stands for an operator that could not answer, and never for one that refused what it was given: a bad
        request would be answered as if it were a good one.
        """
        self.errors[step.index] = error
        if step.fallback is not None:
            if error.code != Code.INVALID_ARGUMENT:
                return self._settle(step, step.fallback(), error.code, ready)
        elif step.optional:
            return self._settle(step, None, error.code, ready)
        self.codes[step.index] = error.code
        self.ends[step.index] = monotonic()
        self.fail(error)
        return self.ended

    def _answer(self, value: Any) -> None:
        if self.is_over:
            return
        finish = self.program.finish
        try:
            if value is None:
                raise OperatorError(Code.INTERNAL, f"`{self.program.names[self.program.answer]}` gave no answer")
            self.answer = value if finish is None else finish(value)
        except Exception as error:
            self.error = self.engine.typed(error, self.program.steps[self.program.answer], self)
        self._end()

    # --- what must be waited for ---

    def _drive_in_task(self, left: Left) -> None:
        self.tasks[left[0]] = self.engine.loop.create_task(self._drive(left))

    async def _drive(self, left: Left | None) -> None:
        """Wait for a node, then go on with what this makes ready."""
        while left is not None:
            index, arguments = left
            step = self.program.steps[index]
            error: OperatorError | None = None
            value: Any = None
            late = None if step.timeout is None else self._watch(step, step.timeout)
            try:
                if step.is_plain and not step.stuck:
                    CURRENT.set((self.request_id, step.name, self.arm, self.traceparent))
                    value = await step.coroutine(*arguments)  # type: ignore[misc]
                    if type(value) is not step.native:
                        value = step.check(value)
                else:
                    value = await self._attempts(step, arguments)
            except asyncio.CancelledError:
                if self.codes[index] != RUNNING:
                    raise  # late, or the request is over
                if _is_being_cancelled():
                    self.fail(OperatorError(Code.CANCELLED, "the engine's loop is shutting down"))
                    raise
                error = OperatorError(Code.CANCELLED, f"`{step.name}` cancelled itself")
            except BaseException as unexpected:
                error = self._unexpected(unexpected, step)
            finally:
                if late is not None:
                    late.cancel()
            if self.codes[index] != RUNNING:
                return  # it came too late: nobody takes it
            left = self._continue(step, value, error)

    def _unexpected(self, error: BaseException, step: Step) -> OperatorError:
        """What an operator raised, also what wants to end the process; but for a task that is closed with its loop."""
        if not self.engine.loop.is_running():
            raise error
        return self.engine.typed(error, step, self)

    def _continue(self, step: Step, value: Any, error: OperatorError | None) -> Left | None:
        ready: list[int] = []
        task = self.tasks.pop(step.index)
        if error is None:
            self._settle(step, value, 0, ready)
        else:
            self._miss(step, error, ready)
        left = self._advance(ready) if ready and not self.is_over else None
        if left is not None:
            self.tasks[left[0]] = task
        return left

    def _watch(self, step: Step, timeout: float) -> asyncio.TimerHandle | None:
        """A timer for the node's own timeout, where it is due before the request's."""
        if self.begins[step.index] + timeout >= self.deadline:
            return None
        return self.engine.loop.call_later(timeout, self._late, step)

    def _late(self, step: Step) -> None:
        if self.codes[step.index] != RUNNING:
            return
        ready: list[int] = []
        task = self.tasks.pop(step.index)
        error = OperatorError(Code.DEADLINE_EXCEEDED, f"`{step.name}` has not answered within {step.timeout:g} s")
        self._miss(step, error, ready)
        self.engine.abandon(task, step)
        left = self._advance(ready) if ready and not self.is_over else None
        if left is not None:
            self._drive_in_task(left)

    async def _attempts(self, step: Step, arguments: Sequence[Any]) -> Any:
        """One call, or several where repeating is declared safe."""
        if not step.retries:
            return await self._attempt(step, arguments)
        pause = _FIRST_PAUSE
        for left in range(step.retries, -1, -1):
            try:
                return await self._attempt(step, arguments)
            except (Exception, SystemExit) as unexpected:
                error = self.engine.typed(unexpected, step, self)
                if not left or error.code not in _RETRIED or monotonic() + pause >= self.deadline:
                    raise error from unexpected
            self.engine.meters.retries += 1
            await asyncio.sleep(pause)
            pause *= 2
        raise AssertionError

    async def _attempt(self, step: Step, arguments: Sequence[Any]) -> Any:
        if step.stuck >= self.engine.limits.stuck:
            raise OperatorError(Code.UNAVAILABLE, f"too many calls of `{step.name}` hang")
        if step.coroutine is not None:
            value = await step.coroutine(*arguments)
        else:
            assert step.answer is not None
            call = self._call(step)
            try:
                value = await step.answer(arguments, call)
            except asyncio.CancelledError:
                call.cancel()
                raise
        return value if type(value) is step.native else step.check(value)

    def _call(self, step: Step) -> Call:
        deadline = self.deadline
        if step.timeout is not None:
            deadline = min(deadline, self.begins[step.index] + step.timeout)
        call = Call(monotonic, deadline, request_id=self.request_id, node=step.name, arm=self.arm)
        if self.traceparent:
            call.traceparent = span_of(self.traceparent, step.index)
        self.calls[step.index] = call
        return call


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
