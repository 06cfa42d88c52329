"""Operators that run in threads: native code, which lets go of the interpreter while it works."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from time import monotonic, thread_time_ns
from typing import Any

from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.engine.bounded import bounded_steps
from comb_compiler.runtime.engine.hosts import Callee
from comb_compiler.runtime.engine.loop import callee_of, lifecycle
from comb_compiler.runtime.instance import Instance, named
from comb_compiler.runtime.sdk import Call

__all__ = ["ThreadHost", "Threads", "thread_name"]

_MOST_LOST = 8
"""For each thread that is wanted, how many may be lost to calls that never end."""


class _Job:
    __slots__ = ("error", "function", "future", "has_begun", "has_ended", "is_lost", "seat", "timer", "value")

    def __init__(self, function: Callable[[], Any], future: asyncio.Future[Any]) -> None:
        self.function = function
        self.future = future
        self.value: Any = None
        self.error: BaseException | None = None
        self.has_begun = False
        self.has_ended = False
        self.is_lost = False
        self.seat: _Seat | None = None
        self.timer: asyncio.TimerHandle | None = None


class _Seat:
    """A thread's place in the pool. One whose call never ends is lost, and another thread takes its place."""

    __slots__ = ("is_lost", "thread")

    def __init__(self, thread: threading.Thread | None = None) -> None:
        self.thread = thread
        self.is_lost = False


class Threads:
    """A fixed number of daemon threads, and a bounded queue before them.

    A call that was given up and goes on for `grace` seconds costs its thread, which is replaced, but not without end:
    then calls are UNAVAILABLE at once, until some of those that hang come back.
    """

    def __init__(self, name: str, count: int, queue: int, grace: float) -> None:
        self._name = name
        self._count = count
        self._limit = count + queue
        self._grace = grace
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._seats: list[_Seat] = []
        self._outstanding = 0
        self._lost = 0
        self._is_closing = False
        for _ in range(count):
            self._seat()

    @property
    def waiting(self) -> int:
        """How many calls no thread has taken on yet."""
        return max(0, self._outstanding - self._count)

    async def run(self, function: Callable[[], Any]) -> Any:
        """Run a function in one of the threads. Cancelling gives it up. Raises OperatorError, or what it raises."""
        if not self._seats:
            raise OperatorError(Code.UNAVAILABLE, f"all threads of `{self._name}` hang")
        if self._outstanding >= self._limit:
            raise OperatorError(Code.RESOURCE_EXHAUSTED, f"{self._outstanding} calls of `{self._name}` are waiting")
        job = _Job(function, self._loop.create_future())
        self._outstanding += 1
        self._jobs.put(job)
        try:
            return await job.future
        except asyncio.CancelledError:
            if not job.has_ended:
                job.timer = self._loop.call_later(self._grace, self._lose, job)
            raise

    async def close(self) -> None:
        """End the threads; waits for each at most `grace` seconds."""
        self._is_closing = True
        for _ in self._seats:
            self._jobs.put(None)
        for seat in self._seats:
            assert seat.thread is not None
            await asyncio.to_thread(seat.thread.join, self._grace)

    def _seat(self) -> None:
        seat = _Seat()
        seat.thread = threading.Thread(target=self._work, args=(seat,), name=thread_name(self._name), daemon=True)
        self._seats.append(seat)
        seat.thread.start()

    def _lose(self, job: _Job) -> None:
        seat = job.seat
        if not job.has_begun or job.has_ended or seat is None or seat.is_lost:
            return
        seat.is_lost = job.is_lost = True  # the thread may be between two jobs just now: each is counted by itself
        self._seats.remove(seat)
        self._outstanding -= 1
        self._lost += 1
        if self._lost <= _MOST_LOST * self._count:
            self._seat()

    def _work(self, seat: _Seat) -> None:
        while not seat.is_lost:
            job = self._jobs.get()
            if job is None:
                return
            job.seat = seat
            job.has_begun = True
            if not job.future.done():
                try:
                    job.value = job.function()
                except BaseException as error:  # also what wants to end the process
                    job.error = error
            job.has_ended = True
            try:
                self._loop.call_soon_threadsafe(self._deliver, job)
            except RuntimeError:
                return  # the loop is closed: nobody is left to tell

    def _deliver(self, job: _Job) -> None:
        if job.timer is not None:
            job.timer.cancel()
        if not job.is_lost:
            self._outstanding -= 1
        else:
            self._lost -= 1
            if len(self._seats) < self._count and not self._is_closing:
                self._seat()
        future = job.future
        if future.done():
            return
        if job.error is None:
            future.set_result(job.value)
        elif isinstance(job.error, Exception) and not isinstance(job.error, StopIteration):
            future.set_exception(job.error)
        else:
            future.set_exception(OperatorError(Code.INTERNAL, f"`{self._name}` raised {type(job.error).__name__}"))


class ThreadHost:
    """Hosts one instance, whose calls run in threads that share it."""

    def __init__(self, name: str, make: Callable[[], Instance], queue: int, start: float, grace: float) -> None:
        self._name = name
        self._make = make
        self._queue = queue
        self._start = start
        self._grace = grace
        self._instance: Instance | None = None
        self._threads: Threads | None = None

    @property
    def waiting(self) -> int:
        """How many calls wait for a thread."""
        return 0 if self._threads is None else self._threads.waiting

    async def start(self) -> Callee:
        """Make the instance and warm it up, in a thread too: loading a model does not hold up the loop."""
        loading = Threads(self._name, 1, 1, self._grace)
        try:
            instance = self._instance = await loading.run(self._make)
            await loading.run(lambda: None)
            await bounded_steps(_in(loading, instance.warm_up), f"`{self._name}` was not ready", self._start)
        finally:
            await loading.close()
        self._threads = Threads(self._name, instance.declaration.options.concurrency or 1, self._queue, self._grace)
        return callee_of(instance, answer=self._answer)

    async def close(self) -> None:
        """Close the instance, then end the threads."""
        if self._threads is not None and self._instance is not None:
            try:
                await asyncio.wait_for(self._closed(self._threads, self._instance), self._grace)
            finally:
                await self._threads.close()

    async def _closed(self, threads: Threads, instance: Instance) -> None:
        await bounded_steps(_in(threads, instance.close), f"`{self._name}` had not closed", self._grace)

    async def _answer(self, arguments: Sequence[Any], call: Call) -> Any:
        instance, threads = self._instance, self._threads
        assert instance is not None
        assert threads is not None
        return await threads.run(lambda: _measured(instance, arguments, call))


def thread_name(operator: str) -> str:
    """What the threads of an operator are called."""
    return f"comb-{operator}"


def _measured(instance: Instance, arguments: Sequence[Any], call: Call) -> Any:
    call.began, cpu = monotonic(), thread_time_ns()
    try:
        return named(instance, arguments, call)
    finally:
        call.cpu = thread_time_ns() - cpu


async def _in(threads: Threads, function: Callable[[], Any]) -> None:
    value = await threads.run(function)
    await lifecycle(lambda: value)
