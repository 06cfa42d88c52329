"""Calls run together: micro-batches that fill while the operator is busy, and wait only as long as it pays.

A batch begins when it is full; when its first call has waited for `wait` seconds; when its most urgent call could not
wait longer, going by how long batches took; or at once, where no other call is to be expected in time, going by the
last arrivals. What arrives while the operator is busy is the next batch.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

from comb_compiler.runtime.codes import Code, OperatorError, plain
from comb_compiler.runtime.engine.hosts import Answer
from comb_compiler.runtime.instance import each_answer
from comb_compiler.runtime.sdk import Call

__all__ = ["Batcher"]

_WEIGHT = 0.2
"""Of the newest observation, in the moving averages."""
_SLACK = 1.5
"""To be careful, batches are taken to last, and calls to be apart, this much longer than they were on average."""

_OF_ALL = frozenset({Code.CANCELLED, Code.DEADLINE_EXCEEDED, Code.UNAVAILABLE})


class _Entry:
    __slots__ = ("arguments", "call", "came", "future")

    def __init__(self, arguments: Sequence[Any], call: Call, came: float, future: asyncio.Future[Any]) -> None:
        self.came = came
        self.arguments = arguments
        self.call = call
        self.future = future


class Batcher:
    """Collects calls, and runs at most `concurrency` batches at once with `run`, which takes a list for each port.

    Where repeating calls `is_safe`, one that spoils its batch fails alone. `noted` is told the size of each batch, and
    how many seconds it took.
    """

    def __init__(
        self,
        name: str,
        run: Answer,
        size: int,
        wait: float,
        *,
        concurrency: int,
        queue: int,
        is_safe: bool,
        noted: Callable[[int, float], None],
    ) -> None:
        self._name = name
        self._run = run
        self._size = size
        self._wait = wait
        self._concurrency = concurrency
        self._queue = queue
        self._is_safe = is_safe
        self._noted = noted
        self._waiting: deque[_Entry] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._gap = 1.0
        self._last = 0.0
        self._cost = 0.0

    @property
    def waiting(self) -> int:
        """How many calls are in no batch yet."""
        return len(self._waiting)

    async def answer(self, arguments: Sequence[Any], call: Call) -> Any:
        """One call. Raises OperatorError (RESOURCE_EXHAUSTED) at once where too many wait."""
        if len(self._waiting) >= self._queue and len(self._running) >= self._concurrency:
            self._forget_the_dead()
            if len(self._waiting) >= self._queue:
                raise OperatorError(
                    Code.RESOURCE_EXHAUSTED, f"{len(self._waiting)} calls of `{self._name}` are waiting"
                )
        now = monotonic()
        self._gap += _WEIGHT * (min(now - self._last, 1.0) - self._gap)
        self._last = now
        entry = _Entry(arguments, call, now, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        if len(self._running) < self._concurrency:
            self._consider(now)
        return await entry.future

    def _consider(self, now: float) -> None:
        """An operator is free: begin a batch now, or set a timer."""
        patience = self._patience(now)
        if len(self._waiting) >= self._size or patience <= 0 or self._gap > self._wait:
            self._begin()
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(patience, self._begin)

    def _patience(self, now: float) -> float:
        """How long to wait for the next call: at most half of the time that the most urgent one has left."""
        took = _SLACK * self._cost * len(self._waiting)
        left = min(entry.call.deadline for entry in self._waiting) - now - took
        return min(self._waiting[0].came + self._wait - now, _SLACK * self._gap, left / 2)

    def _begin(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._forget_the_dead()
        if not self._waiting or len(self._running) >= self._concurrency:
            return
        entries = [self._waiting.popleft() for _ in range(self._fitting())]
        task = asyncio.get_running_loop().create_task(self._batch(entries))
        self._running.add(task)
        task.add_done_callback(self._ended)
        if self._waiting and len(self._running) < self._concurrency:
            self._begin()

    def _forget_the_dead(self) -> None:
        now = monotonic()
        self._waiting = deque(one for one in self._waiting if not one.future.done() and one.call.deadline > now)

    def _fitting(self) -> int:
        """How many of those that wait are answered in time when they run together: all in their order, at least one."""
        most = min(self._size, len(self._waiting))
        if not self._cost:
            return most
        left = min(self._waiting[index].call.deadline for index in range(most)) - monotonic()
        return max(1, min(most, int(left / (_SLACK * self._cost))))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if self._waiting:
            self._begin()

    async def _batch(self, entries: list[_Entry]) -> None:
        task = asyncio.current_task()
        assert task is not None
        for entry in entries:
            entry.future.add_done_callback(lambda _: _cancel_when_all_done(entries, task))
        await self._together(entries)

    async def _together(self, entries: list[_Entry]) -> None:
        """Run them, and each half again by itself where they fail together and that does no harm."""
        call = _call_of(entries)
        began = monotonic()
        outcomes: list[Any]
        try:
            columns = [list(column) for column in zip(*(one.arguments for one in entries), strict=True)]
            outcomes = each_answer(await self._run(columns, call), len(entries), f"`{self._name}`")
        except asyncio.CancelledError:
            call.cancel()
            outcomes = [OperatorError(Code.CANCELLED, f"a batch of `{self._name}` was cancelled")] * len(entries)
        except BaseException as error:  # also what wants to end the process: it is the operator's
            if self._is_safe and len(entries) > 1 and _is_of_one(error):
                await self._halves(entries)
                return
            outcomes = [error] * len(entries)
        took = monotonic() - began
        self._noted(len(entries), took)
        self._cost += (_WEIGHT if self._cost else 1.0) * (took / len(entries) - self._cost)
        _note(entries, call, began)
        for entry, outcome in zip(entries, outcomes, strict=True):
            self._deliver(entry.future, outcome)

    async def _halves(self, entries: list[_Entry]) -> None:
        middle = len(entries) // 2
        for half in (entries[:middle], entries[middle:]):
            waiting = [one for one in half if not one.future.done()]
            if waiting:
                await self._together(waiting)

    def _deliver(self, future: asyncio.Future[Any], outcome: Any) -> None:
        if future.done():
            return
        if not isinstance(outcome, BaseException):
            future.set_result(outcome)
        elif isinstance(outcome, Exception) and not isinstance(outcome, StopIteration):
            future.set_exception(outcome)
        else:  # what no future takes
            future.set_exception(OperatorError(Code.INTERNAL, f"`{self._name}` raised {type(outcome).__name__}"))


def _call_of(entries: list[_Entry]) -> Call:
    """One call for all: as long as anyone waits."""
    deadline = max(entry.call.deadline for entry in entries)
    first = entries[0].call
    call = Call(monotonic, deadline, request_id=first.request_id, node=first.node, arm=first.arm)
    call.traceparent = first.traceparent
    return call


def _note(entries: list[_Entry], together: Call, began: float) -> None:
    """What is known of the batch is known of each of its calls; CPU time is everyone's part."""
    for entry in entries:
        entry.call.began = together.began or began
        entry.call.batch = len(entries)
        entry.call.cpu = together.cpu // len(entries) if together.cpu >= 0 else -1
        entry.call.rss, entry.call.pid = together.rss, together.pid


def _is_of_one(error: BaseException) -> bool:
    """Whether it may well be one call that spoils the batch, or its size, and not where it runs."""
    made = plain(error) if isinstance(error, OperatorError) else None
    return made is None or made.code not in _OF_ALL


def _cancel_when_all_done(entries: list[_Entry], task: asyncio.Task[None]) -> None:
    if all(entry.future.done() for entry in entries):
        task.cancel()
