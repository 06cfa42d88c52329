"""Operators that run in worker processes: Python code, which would hold the interpreter, and code that may crash."""

import asyncio
import logging
import resource
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic
from typing import Any, NamedTuple

from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.engine.hosts import Callee
from comb_compiler.runtime.engine.process import Process, Spec
from comb_compiler.runtime.sdk import Call

__all__ = ["WorkerHost", "WorkerLimits"]

_log = logging.getLogger("comb.runtime")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_LONG_LIFE = 10.0


class WorkerLimits(NamedTuple):
    """How many workers, how many calls may wait for one, and when a worker has to go.

    `memory` is in bytes, and `descriptors` is bounded by three quarters of what the system allows.
    """

    processes: int
    queue: int
    grace: float
    start: float
    memory: int | None
    descriptors: int


class _Job:
    __slots__ = ("batch", "call", "future", "process", "values")

    def __init__(self, values: Sequence[Any], batch: int, call: Call, future: asyncio.Future[Any]) -> None:
        self.values = values
        self.batch = batch
        self.call = call
        self.future = future
        self.process: Process | None = None


class WorkerHost:
    """Hosts one operator in processes with an instance each. `callee` says how it is called, without its `answer`.

    A process that ends is started again, with growing pauses where it does not live long; `restarted` is told.
    """

    def __init__(
        self, spec: Spec, callee: Callee, limits: WorkerLimits, *, is_batch: bool, restarted: Callable[[], None]
    ) -> None:
        self._spec = spec
        self._callee = callee
        self._limits = limits
        self._most_descriptors = min(limits.descriptors, resource.getrlimit(resource.RLIMIT_NOFILE)[0] * 3 // 4)
        self._is_batch = is_batch
        self._restarted = restarted
        self._processes: set[Process] = set()
        self._idle: list[Process] = []
        self._born: dict[Process, float] = {}
        self._too_large: set[Process] = set()
        self._retiring: set[Process] = set()
        self._queue: deque[_Job] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._pause = _FIRST_PAUSE
        self._is_closing = False

    @property
    def waiting(self) -> int:
        """How many calls wait for a process."""
        return len(self._queue)

    async def start(self) -> Callee:
        """Start the workers, at the same time."""
        outcomes = await asyncio.gather(*(self._add() for _ in range(self._limits.processes)), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return self._callee._replace(answer=self._answer)

    async def close(self) -> None:
        """End the workers. Those that do not end within the grace are killed."""
        self._is_closing = True
        for task in self._tasks:
            task.cancel()
        processes = list(self._processes)
        for process in processes:
            process.retire()
        await asyncio.gather(*(process.wait(self._limits.grace) for process in processes))
        while self._queue:
            _fail(self._queue.popleft(), OperatorError(Code.UNAVAILABLE, f"`{self._spec.name}` is shutting down"))

    @property
    def process_count(self) -> int:
        """How many processes there are."""
        return len(self._processes)

    async def _add(self) -> None:
        process = Process(self._spec, self._ended)
        self._processes.add(process)
        try:
            await asyncio.wait_for(process.start(), self._limits.start)
        except TimeoutError as error:
            said = f"a process of `{self._spec.name}` was not ready after {self._limits.start:g} s"
            raise OperatorError(Code.UNAVAILABLE, said) from error
        if process.is_gone:
            raise OperatorError(Code.UNAVAILABLE, f"a process of `{self._spec.name}` ended as soon as it was ready")
        self._born[process] = monotonic()
        self._idle.append(process)
        self._pump()

    async def _answer(self, arguments: Sequence[Any], call: Call) -> Any:
        if len(self._queue) >= self._limits.queue:
            self._queue = deque(job for job in self._queue if not job.future.done())
            if len(self._queue) >= self._limits.queue:
                raise OperatorError(
                    Code.RESOURCE_EXHAUSTED, f"{len(self._queue)} calls of `{self._spec.name}` are waiting"
                )
        job = self._job(arguments, call)
        self._queue.append(job)
        self._pump()
        try:
            outcomes = await job.future
        except asyncio.CancelledError:
            self._give_up(job)
            raise
        if len(outcomes) == 1 and isinstance(outcomes[0], OperatorError):
            raise outcomes[0]  # of the call, or of the whole batch
        return outcomes if self._is_batch else outcomes[0]

    def _job(self, arguments: Sequence[Any], call: Call) -> _Job:
        future = asyncio.get_running_loop().create_future()
        if not self._is_batch:
            return _Job(arguments, 0, call, future)
        rows = zip(*arguments, strict=True)
        return _Job([value for row in rows for value in row], len(arguments[0]), call, future)

    def _pump(self) -> None:
        """Give waiting calls to idle workers."""
        while self._idle and self._queue:
            job = self._queue.popleft()
            if job.future.done():
                continue
            process = job.process = self._idle.pop()
            try:
                process.call(job.values, job.call, job.batch, partial(self._done, job, process))
            except Exception as error:  # a message that cannot be serialised
                self._idle.append(process)
                _fail(job, OperatorError(Code.INTERNAL, f"a message for `{self._spec.name}`: {error}"))

    def _done(self, job: _Job, process: Process, outcomes: list[Any]) -> None:
        if process in self._retiring:
            self._retire(process)
        elif not process.is_gone:
            self._idle.append(process)
        if not job.future.done():
            job.future.set_result(outcomes)
        self._look_at(process)
        self._pump()

    def _give_up(self, job: _Job) -> None:
        process = job.process
        if process is not None and process.is_busy:
            number = process.give_up()
            asyncio.get_running_loop().call_later(self._limits.grace, process.kill_if_still_at, number)

    # --- workers that end, and those that have to ---

    def _ended(self, process: Process, said: str) -> None:
        self._processes.discard(process)
        if process in self._idle:
            self._idle.remove(process)
        self._too_large.discard(process)
        born = self._born.pop(process, None)
        if self._is_closing or process in self._retiring:
            self._retiring.discard(process)
            return
        if born is None:
            return  # it never was ready: who started it knows
        _log.warning("a process of `%s` %s, and is started again", self._spec.name, said)
        self._pause = _FIRST_PAUSE if monotonic() - born > _LONG_LIFE else min(self._pause * 2, _LONGEST_PAUSE)
        self._later(self._again(self._pause / 2))

    def _look_at(self, process: Process) -> None:
        """One that holds too much is replaced as soon as another is ready."""
        held = self._excess(process)
        if not held or process.is_gone or process in self._too_large:
            return
        _log.warning("a process of `%s` holds %s, and is replaced", self._spec.name, held)
        self._too_large.add(process)
        self._later(self._replace(process))

    def _excess(self, process: Process) -> str:
        limit = self._limits.memory
        if limit is not None and process.resident > limit:
            return f"{process.resident} bytes"
        return f"{process.descriptors} descriptors" if process.descriptors > self._most_descriptors else ""

    async def _replace(self, process: Process) -> None:
        await self._again(0.0)
        if process in self._processes:
            self._retiring.add(process)
            if process in self._idle:
                self._idle.remove(process)
                self._retire(process)

    def _retire(self, process: Process) -> None:
        process.retire()
        asyncio.get_running_loop().call_later(self._limits.grace, process.kill)

    def _later(self, again: Any) -> None:
        self._restarted()
        task = asyncio.get_running_loop().create_task(again)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _again(self, pause: float) -> None:
        while not self._is_closing:
            await asyncio.sleep(pause)
            try:
                await self._add()
            except Exception as error:
                _log.error("a process of `%s` cannot be started: %s", self._spec.name, error)
                pause = self._pause = min(self._pause * 2, _LONGEST_PAUSE)
            else:
                return


def _fail(job: _Job, error: OperatorError) -> None:
    if not job.future.done():
        job.future.set_exception(error)
