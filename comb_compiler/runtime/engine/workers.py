"""Operators that run in worker processes: Python code, which would hold the interpreter, and code that may crash."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic
from typing import Any

from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.engine.hosts import Callee
from comb_compiler.runtime.engine.pool import Pool, WorkerLimits
from comb_compiler.runtime.engine.process import Process, Spec
from comb_compiler.runtime.sdk import Call

__all__ = ["WorkerHost"]


class _Job:
    """A call that waits, or that `process` is at just now."""

    __slots__ = ("batch", "call", "future", "process", "values")

    def __init__(self, values: Sequence[Any], batch: int, call: Call, future: asyncio.Future[Any]) -> None:
        self.values = values
        self.batch = batch
        self.call = call
        self.future = future
        self.process: Process | None = None


class WorkerHost:
    """Hosts one operator in processes with an instance each. `callee` says how it is called, without its `answer`.

    `restarted` is told of each process that is started in place of another.
    """

    def __init__(
        self, spec: Spec, callee: Callee, limits: WorkerLimits, *, is_batch: bool, restarted: Callable[[], None]
    ) -> None:
        self._name = spec.name
        self._callee = callee
        self._most_waiting = limits.queue
        self._is_batch = is_batch
        self._pool = Pool(spec, limits, freed=self._pump, restarted=restarted)
        self._queue: deque[_Job] = deque()

    @property
    def waiting(self) -> int:
        """How many calls wait for a process."""
        return len(self._queue)

    async def start(self) -> Callee:
        """Start the workers."""
        await self._pool.start()
        return self._callee._replace(answer=self._answer)

    async def close(self) -> None:
        """End the workers; what still waits for one fails."""
        await self._pool.close()
        while self._queue:
            _fail(self._queue.popleft(), OperatorError(Code.UNAVAILABLE, f"`{self._name}` is shutting down"))

    async def _answer(self, arguments: Sequence[Any], call: Call) -> Any:
        if len(self._queue) >= self._most_waiting and not self._pool.has_idle:
            self._queue = deque(job for job in self._queue if not job.future.done())
            if len(self._queue) >= self._most_waiting:
                raise OperatorError(Code.RESOURCE_EXHAUSTED, f"{len(self._queue)} calls of `{self._name}` are waiting")
        self._pool.must_be_coming(call.deadline)
        job = self._job(arguments, call)
        self._queue.append(job)
        self._pump()
        try:
            outcomes = await job.future
        except asyncio.CancelledError:
            if job.process is not None:
                self._pool.give_up(job.process, call.deadline)
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
        while self._queue:
            if self._queue[0].future.done():
                self._queue.popleft()
                continue
            process = self._pool.take()
            if process is None:
                return
            self._run(self._queue.popleft(), process)

    def _run(self, job: _Job, process: Process) -> None:
        try:
            process.call(job.values, job.call, job.batch, partial(self._done, job, process))
        except Exception as error:  # a message that cannot be serialised
            self._pool.give_back(process)
            _fail(job, OperatorError(Code.INTERNAL, f"a message for `{self._name}`: {error}"))
        else:
            job.process = process
            job.call.began = monotonic()

    def _done(self, job: _Job, process: Process, outcomes: list[Any]) -> None:
        job.call.rss, job.call.pid, job.call.cpu = process.resident or -1, process.pid, process.cpu
        job.process = None  # who gives the call up from now on does not mean the process's next one
        self._pool.give_back(process)
        if not job.future.done():
            job.future.set_result(outcomes)
        self._pump()


def _fail(job: _Job, error: OperatorError) -> None:
    if not job.future.done():
        job.future.set_exception(error)
