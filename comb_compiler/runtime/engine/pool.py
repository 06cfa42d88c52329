"""The worker processes of one operator: as many as are wanted are ready, or on the way."""

import asyncio
import logging
import resource
from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.engine.backoff import Backoff
from comb_compiler.runtime.engine.process import Process, Spec

__all__ = ["Pool", "WorkerLimits"]

_log = logging.getLogger("comb.runtime")
_PATIENCE = 0.05
"""Seconds that an operator has, after its call's deadline, to notice that nobody waits, before another is started."""

_LONG = 0.25
"""Seconds of a pause that is worth a line in the log."""


class WorkerLimits(NamedTuple):
    """How many workers, how many more for a while, how many calls may wait for one, and when a worker has to go.

    `memory` is in bytes, and `descriptors` is bounded by three quarters of what the system allows.
    """

    processes: int
    spares: int
    queue: int
    grace: float
    start: float
    memory: int | None
    descriptors: int


class Pool:
    """Keeps the processes of one operator, with an instance each.

    One that ends is started again. For one that goes on with a call that was given up, or that holds too much, another
    is started while it is still there, as far as there may be spares: the operator's model is then in memory once more
    for a while. Starts that follow each other closely have growing pauses. `freed` is called when a process has become
    ready, `restarted` for each start in place of another.
    """

    def __init__(
        self, spec: Spec, limits: WorkerLimits, *, freed: Callable[[], None], restarted: Callable[[], None]
    ) -> None:
        self._spec = spec
        self._limits = limits
        self._most_descriptors = min(limits.descriptors, resource.getrlimit(resource.RLIMIT_NOFILE)[0] * 3 // 4)
        self._freed = freed
        self._restarted = restarted
        self._backoff = Backoff(limits.processes)
        self._all: set[Process] = set()
        self._ready: set[Process] = set()
        self._idle: list[Process] = []
        self._hung: set[Process] = set()
        self._large: set[Process] = set()
        self._starting: set[asyncio.Task[None]] = set()
        self._due: list[float] = []
        self._last = "is gone"
        self._is_closing = False

    async def start(self) -> None:
        """Start all of them, at the same time. Raises what the first that fails raises."""
        outcomes = await asyncio.gather(*(self._add() for _ in range(self._limits.processes)), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def close(self) -> None:
        """End them. Those that do not end within the grace are killed."""
        self._is_closing = True
        for task in self._starting:
            task.cancel()
        processes = list(self._all)
        for process in processes:
            process.retire()
        await asyncio.gather(*(process.wait(self._limits.grace) for process in processes))

    def must_be_coming(self, deadline: float) -> None:
        """Raise OperatorError (UNAVAILABLE) where there is no process, and none is started before `deadline`."""
        if self._ready or len(self._due) < len(self._starting) or not self._due or min(self._due) < deadline:
            return
        left = max(0.0, min(self._due) - monotonic())
        said = f"the last process of `{self._spec.name}` {self._last}, and the next is started in {left:.1f} s"
        raise OperatorError(Code.UNAVAILABLE, said)

    @property
    def has_idle(self) -> bool:
        """Whether `take` would give one."""
        return any(not process.is_leaving for process in self._idle)

    def take(self) -> Process | None:
        """One that is idle, to be given back; None where there is none."""
        while self._idle:
            process = self._idle.pop()
            if not process.is_leaving:
                return process
        return None

    def give_back(self, process: Process) -> None:
        """Its call has ended."""
        self._hung.discard(process)
        if process not in self._ready or process.is_leaving:
            return
        self._idle.append(process)
        self._look_at(process)
        self._trim()

    def give_up(self, process: Process, deadline: float) -> None:
        """Nobody waits for its call, which had until `deadline`."""
        number = process.give_up()
        loop, grace = asyncio.get_running_loop(), self._limits.grace
        loop.call_later(min(max(_PATIENCE, deadline - monotonic()), grace), self._suspect, process, number)
        loop.call_later(grace, process.kill_if_still_at, number)

    # --- one more, and one less ---

    @property
    def _fit(self) -> int:
        """How many can be counted on."""
        return len(self._ready) - len(self._hung | self._large)

    def _suspect(self, process: Process, number: int) -> None:
        if process in self._ready and process.is_still_at(number) and not self._is_closing:
            self._hung.add(process)
            if self._mend():
                _log.warning("a process of `%s` goes on with a late call; another is started", self._spec.name)

    def _look_at(self, process: Process) -> None:
        held = self._excess(process)
        if held and process not in self._large:
            _log.warning("a process of `%s` holds %s, and is replaced", self._spec.name, held)
            self._large.add(process)
            if not self._limits.spares:
                self._let_go(process)
            self._mend()

    def _excess(self, process: Process) -> str:
        limit = self._limits.memory
        if limit is not None and process.resident > limit:
            return f"{process.resident} bytes"
        return f"{process.descriptors} descriptors" if process.descriptors > self._most_descriptors else ""

    def _ended(self, process: Process, said: str) -> None:
        self._all.discard(process)
        self._last = said
        if process not in self._ready:
            return  # who started it, or let it go, knows
        self._leave(process)
        if not self._is_closing:
            again = self._mend()
            _log.warning("a process of `%s` %s%s", self._spec.name, said, ", and is started again" if again else "")

    def _leave(self, process: Process) -> None:
        for group in (self._ready, self._hung, self._large):
            group.discard(process)
        if process in self._idle:
            self._idle.remove(process)

    def _mend(self) -> bool:
        """Start what is missing, and is not on its way yet. Whether anything is started."""
        missing = self._limits.processes - self._fit
        room = self._limits.processes + self._limits.spares - len(self._ready)
        count = max(0, min(missing, room) - len(self._starting))
        for _ in range(count):
            task = asyncio.get_running_loop().create_task(self._again())
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)
        return count > 0

    def _trim(self) -> None:
        """Let go of one that is too many."""
        wanted = self._limits.processes
        for process in [*self._idle]:
            if len(self._ready) > wanted and (process in self._large or self._fit > wanted):
                self._let_go(process)

    def _let_go(self, process: Process) -> None:
        self._leave(process)
        process.retire()
        asyncio.get_running_loop().call_later(self._limits.grace, process.kill)

    async def _again(self) -> None:
        while not self._is_closing:
            await self._pause(self._backoff.pause(monotonic()))
            if self._fit + len(self._starting) > self._limits.processes:
                return  # one that hung has come back
            self._restarted()
            try:
                await self._add()
            except Exception as error:
                _log.error("a process of `%s` cannot be started: %s", self._spec.name, error)
            else:
                return

    async def _pause(self, seconds: float) -> None:
        if seconds >= _LONG:
            _log.warning("processes of `%s` do not last; the next is started in %.1f s", self._spec.name, seconds)
        due = monotonic() + seconds
        self._due.append(due)
        try:
            await asyncio.sleep(seconds)
        finally:
            self._due.remove(due)

    async def _add(self) -> None:
        process = Process(self._spec, self._ended)
        self._all.add(process)
        try:
            await asyncio.wait_for(process.start(self._limits.start), self._limits.start)
        except TimeoutError as error:
            said = f"a process of `{self._spec.name}` was not ready after {self._limits.start:g} s; its log says why"
            raise OperatorError(Code.UNAVAILABLE, said) from error
        if process.is_gone:
            raise OperatorError(Code.UNAVAILABLE, f"a process of `{self._spec.name}` ended as soon as it was ready")
        self._backoff.ready(monotonic())
        self._ready.add(process)
        self._idle.append(process)
        self._trim()
        self._freed()
