"""The engine: starts what a plan binds, admits requests, and ends."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from math import inf, isnan
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, NamedTuple, Self

from comb_compiler.release import ExecutionPlan, Model
from comb_compiler.runtime.code import Code as OperatorCode
from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.current import CURRENT, NO_CALL
from comb_compiler.runtime.discretion import untold
from comb_compiler.runtime.engine.arms import arms_of
from comb_compiler.runtime.engine.failures import typed
from comb_compiler.runtime.engine.hosting import Places, open_hosts, start_hosts
from comb_compiler.runtime.engine.hosts import Elsewhere, Host
from comb_compiler.runtime.engine.meters import Meters
from comb_compiler.runtime.engine.observation import Journal, Observer, Probe
from comb_compiler.runtime.engine.program import CannotRun, Program, Step, compile_graph
from comb_compiler.runtime.engine.run import Run
from comb_compiler.runtime.engine.stalls import Stalls
from comb_compiler.runtime.messages import Message, Messages, reread

__all__ = ["Engine", "Limits"]

_log = logging.getLogger("comb.runtime")


class Limits(NamedTuple):
    """What an engine takes on. Past a limit a request is refused at once, with RESOURCE_EXHAUSTED.

    `requests` may be under way at once; `queue` calls may wait for one operator. Past `stuck` calls of a node that were
    given up and go on, it is UNAVAILABLE at once. A worker process whose operator goes on for `grace` seconds after its
    call was given up is killed, and one that holds more than `worker_memory` bytes, or more than `worker_descriptors`
    (or three quarters of what the system allows), is replaced between calls; meanwhile an operator has up to `spares`
    processes more than it declares: 0 where its model has no room in memory once more. A request without a deadline of
    its own, in a plan without one, gets `deadline` seconds. An operator that is not ready after `start` seconds has
    failed to start (code that holds up the loop meanwhile is interrupted: see `bounded`).
    """

    requests: int = 256
    queue: int = 256
    stuck: int = 64
    grace: float = 1.0
    worker_memory: int | None = None
    worker_descriptors: int = 4096
    deadline: float = 60.0
    start: float = 300.0
    spares: int = 1


_LIMITS = Limits()
_LONGEST = 1e6
"""Seconds: event loops do not take timers without end."""


class Engine:
    """Runs one ExecutionPlan, in the loop that it is started in: `async with Engine(plan) as engine: …`.

    `locate` gives the file of a model version. Operators are imported from the directory `code`, where it is given,
    under names of this engine's own (see `Code`), and from what is installed; `workspace` is the directory that they
    may ask for. `elsewhere` says who hosts each binding, by index, that is not run here: those with an `image` or
    `oip`, and those of other processes (`peers`). `release` is the one that answers, for observers. Raises CannotRun
    or BadOperator at the start.
    """

    def __init__(
        self,
        plan: ExecutionPlan,
        *,
        locate: Callable[[Model], Path] = lambda model: Path(model.artifact),
        code: Path | None = None,
        workspace: Path | None = None,
        limits: Limits = _LIMITS,
        observers: Sequence[Observer] = (),
        elsewhere: Mapping[int, Elsewhere] | None = None,
        release: str = "",
    ) -> None:
        self.plan = plan
        self.release = release
        self.limits = limits
        arms = plan.experiment.arms if plan.experiment else ()
        self.arms = tuple(arm.name for arm in arms) or ("",)
        self._index_of_arm = {name: index for index, name in enumerate(self.arms)}
        self._graph_of_arm = tuple(arm.graph for arm in arms) or (0,)
        self._arm_of: Callable[[str], str] = lambda key: ""
        self.meters = Meters(len(self.arms), tuple(len(graph.nodes) for graph in plan.graphs))
        self.loop: asyncio.AbstractEventLoop
        self.messages: Messages
        self._request_type: type[Message]
        self._observers = tuple(observers)
        self._journals = tuple(one for one in observers if isinstance(one, Journal))
        self._code = None if code is None else OperatorCode(code)
        self._places = Places(plan, locate, limits, self.meters, self._code, code, workspace)
        self._elsewhere = dict(elsewhere or {})
        self._hosts: dict[int, Host] = {}
        self._programs: tuple[Program, ...] = ()
        self._abandoned: set[asyncio.Task[None]] = set()
        self._under_way: set[Run] = set()
        self._is_open = False
        self._is_idle: asyncio.Event = asyncio.Event()
        self._stalls = Stalls(lambda: [run.deadline for run in tuple(self._under_way)])

    @property
    def under_way(self) -> int:
        """How many requests are running."""
        return len(self._under_way)

    @property
    def running(self) -> tuple[Run, ...]:
        """The requests that are running. Other threads may ask, too."""
        return tuple(self._under_way)

    @property
    def queues(self) -> Mapping[str, int]:
        """How many calls wait for their turn, by binding."""
        return {self.plan.bindings[index].name: host.waiting for index, host in self._hosts.items()}

    @property
    def abandoned(self) -> int:
        """How many operator calls were cancelled and have not ended yet."""
        return len(self._abandoned)

    @property
    def is_open(self) -> bool:
        """Whether requests are taken."""
        return self._is_open

    @property
    def request_type(self) -> type[Message]:
        """The class of requests. One of another class, but the same name, is converted."""
        return self._request_type

    def _request_class(self) -> type[Message]:
        if self.plan.method.input not in self.messages:
            raise CannotRun(f"the plan's .proto files have no {self.plan.method.input}")
        return self.messages[self.plan.method.input]

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Start and warm up all operators, then take requests. Nothing is left running where it raises."""
        self.loop = asyncio.get_running_loop()
        if self.plan.experiment is not None:
            try:
                self._arm_of = arms_of(self.plan.experiment).of
            except ValueError as error:
                raise CannotRun(f"{error}, so nobody can be served") from error
        try:
            count = len(self.plan.bindings)
            self.messages, hosts = open_hosts(self._places, [one for one in range(count) if one not in self._elsewhere])
            hosts |= {index: host(self.messages) for index, host in self._elsewhere.items()}
            self._hosts = hosts
            self._request_type = self._request_class()
            started = await start_hosts(hosts, self._places)
            callees = [started[index] for index in range(count)]
            graphs = self.plan.graphs
            self._programs = tuple(compile_graph(self.plan, graph, callees, self.messages) for graph in graphs)
        except BaseException:
            await self.close()
            raise
        self._stalls.start()
        self._is_open = True

    async def call(
        self,
        request: Message,
        *,
        within: float | None = None,
        key: str = "",
        arm: str | None = None,
        request_id: str = "",
    ) -> Any:
        """`run`, for who wants no more than the answer. Raises OperatorError for what failed, too."""
        run = await self.run(request, within=within, key=key, arm=arm, request_id=request_id)
        if run.error is not None:
            raise run.error
        return run.answer

    async def run(
        self,
        request: Message,
        *,
        within: float | None = None,
        key: str = "",
        arm: str | None = None,
        request_id: str = "",
        release: str | None = None,
        traceparent: str = "",
    ) -> Run:
        """Run a request to its end; see `Answering`. Raises OperatorError for a request that is not taken on."""
        if release is not None and release != self.release:
            raise self._refused(Code.INVALID_ARGUMENT, f"there is no release `{release}`")
        run = self._admit(request, within, key, arm)
        run.request_id, run.traceparent, run.key = request_id, traceparent, key
        if self._journals:
            self._tell_began(run)
        run.begin()
        CURRENT.set(NO_CALL)  # what returned at once ran in the caller's own context
        if not run.is_over:
            await run.wait()
        return run

    def _admit(self, request: Message, within: float | None, key: str, arm: str | None) -> Run:
        if not self._is_open:
            raise self._refused(Code.UNAVAILABLE, "it is not taking requests")
        if len(self._under_way) >= self.limits.requests:
            raise self._refused(Code.RESOURCE_EXHAUSTED, f"{self.limits.requests} requests are under way")
        if type(request) is not self._request_type:
            request = self._converted(request)
        began = monotonic()
        allowed = self._allowed(within)
        index = self._arm(key, arm)
        run = Run(self, self._programs[self._graph_of_arm[index]], request, began, began + allowed)
        run.arm, run.arm_index = self.arms[index], index
        self._under_way.add(run)
        return run

    def _allowed(self, within: float | None) -> float:
        """How many seconds a request has. Raises OperatorError where that is nothing."""
        most = self.plan.deadline
        if within is not None and most is not None and 0 < within <= most < _LONGEST:
            return within
        allowed = min(_or(most), _or(within))
        if isnan(allowed) or (within is not None and isnan(within)):
            raise self._refused(Code.INVALID_ARGUMENT, "a deadline is a number of seconds")
        if allowed <= 0:
            raise self._refused(Code.DEADLINE_EXCEEDED, "the deadline had passed when the request came")
        return self.limits.deadline if allowed == inf else min(allowed, _LONGEST)

    def _converted(self, request: Any) -> Message:
        """A request whose class is of another pool."""
        wanted = self.plan.method.input
        if not isinstance(request, Message) or request.DESCRIPTOR.full_name != wanted:
            raise self._refused(Code.INVALID_ARGUMENT, f"a request is a {wanted}, not a {type(request).__name__}")
        return reread(self._request_type)(request)

    def _refused(self, code: Code, message: str) -> OperatorError:
        self.meters.refused += 1
        return OperatorError(code, message)

    def _arm(self, key: str, arm: str | None) -> int:
        index = self._index_of_arm.get(self._arm_of(key) if arm is None else arm)
        if index is None:
            raise self._refused(Code.INVALID_ARGUMENT, f"there is no arm `{arm}`")
        return index

    # --- what a run reports ---

    def ended(self, run: Run) -> None:
        """A run is over: count it, and tell the observers."""
        self._under_way.discard(run)
        if type(run.request_id) is not Probe:
            code = 0 if run.error is None else run.error.code
            nodes = (run.codes, run.begins, run.ends)
            graph, times = self._graph_of_arm[run.arm_index], (run.began, run.ended)
            self.meters.ended(run.arm_index, graph, code, times, nodes, run.calls)
        for observer in self._observers:
            try:
                observer.ended(run)
            except Exception:
                _log.exception("an observer failed")
        if not self._under_way:
            self._is_idle.set()

    def abandon(self, task: asyncio.Task[None], step: Step) -> None:
        """Cancel a call that nobody waits for, and remember it until it has really ended."""
        if task is asyncio.current_task(self.loop):
            return
        step.stuck += 1
        self._abandoned.add(task)
        task.add_done_callback(lambda ended: self._gone(ended, step))
        task.cancel()

    def _gone(self, task: asyncio.Task[None], step: Step) -> None:
        step.stuck -= 1
        self._abandoned.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            seen = untold(error) if self.plan.recording.hides else error
            _log.error("`%s` failed after it was given up", step.name, exc_info=seen)

    def typed(self, error: BaseException, step: Step, run: Run) -> OperatorError:
        """Any exception of an operator as an OperatorError; what it was is logged where the caller does not see it."""
        return typed(error, step.name, run.request_id, run.arm, discreet=self.plan.recording.hides)

    def _tell_began(self, run: Run) -> None:
        for journal in self._journals:
            try:
                journal.began(run)
            except Exception:
                _log.exception("an observer failed")

    # --- the end ---

    async def drain(self, grace: float = 30.0) -> bool:
        """Take no more requests, and wait for those under way. Whether all of them ended within `grace` seconds.

        Those that have not are ended with UNAVAILABLE.
        """
        self._is_open = False
        if self._under_way:
            self._is_idle.clear()
            try:
                await asyncio.wait_for(self._is_idle.wait(), grace)
            except TimeoutError:
                for run in tuple(self._under_way):
                    run.fail(OperatorError(Code.UNAVAILABLE, "the engine is shutting down"))
                return False
        return True

    async def close(self) -> None:
        """End requests that are under way, then all operators. Waits for cancelled calls, at most `Limits.grace`."""
        self._stalls.close()
        await self.drain(0.0)
        if self._abandoned:
            await asyncio.wait(self._abandoned, timeout=self.limits.grace)
        hosts, self._hosts = list(self._hosts.values()), {}
        results = await asyncio.gather(*(host.close() for host in hosts), return_exceptions=True)
        for error in results:
            if isinstance(error, BaseException):
                _log.error("an operator failed to close", exc_info=error)
        if self._code is not None:
            self._code.close()


def _or(seconds: float | None) -> float:
    return inf if seconds is None else seconds
