"""The recorder: an observer of the engine that keeps requests, off their way.

In the loop it decides, and takes references. A thread of its own looks at rules, hides what is to be hidden, and writes
records into the spool, from which another thread ships them into the store.
"""

import logging
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from comb_compiler.release import ExecutionPlan
from comb_compiler.runtime.engine import Finished, Probe
from comb_compiler.runtime.engine.run import Run
from comb_compiler.runtime.messages import Messages
from comb_compiler.runtime.recording.captures import Captures
from comb_compiler.runtime.recording.choosing import chooser
from comb_compiler.runtime.recording.gpus import Gpus
from comb_compiler.runtime.recording.hiding import Hiding
from comb_compiler.runtime.recording.losses import Losses
from comb_compiler.runtime.recording.marking import Marking
from comb_compiler.runtime.recording.records import About, Records, graphs_of
from comb_compiler.runtime.recording.retention import Retention
from comb_compiler.runtime.recording.shipping import Shipping, Store
from comb_compiler.runtime.recording.spool import left_behind, open_spool
from comb_compiler.runtime.recording.unfinished import unfinished
from comb_compiler.runtime.sdk import Parcel
from comb_compiler.samples.record_pb2 import OOM, RULE

__all__ = ["Bounds", "Recorder"]

_log = logging.getLogger("comb.recording")


class Bounds(NamedTuple):
    """What recording may take. `memory` bytes of requests wait to be written, and as many of records where the disk
    takes none; `spool` bytes lie on the disk. Requests are measured only when many wait, or large ones have come.

    Rules look at every request as long as they take at most `seconds` of CPU time for each on average, and `pending`
    wait for them. The thread looks every `pause` seconds. At the end, `grace` seconds are left for shipping.
    """

    memory: int = 64 << 20
    spool: int = 1 << 30
    seconds: float = 50e-6
    pending: int = 64
    pause: float = 0.05
    grace: float = 5.0


_BOUNDS = Bounds()
_TOGETHER = 1 << 20
"""Bytes that are written at a time."""
_START = 1000
"""How many requests' time rules have before the first one."""
_LOOKS = 20
"""How often in a row the thread looks in vain before it waits to be woken."""
_FORGETS = 0.99
"""How fast it is forgotten how large records were: with each further one."""
_HELD = 0.0005
"""Seconds for which the thread keeps the interpreter: after each hand-over it has lost its caches, and takes four times
as long for a record."""
_UNMEASURED = 32
"""How many requests may wait that nobody has measured, as long as memory has room for so many of the largest seen."""

_Taken = tuple[Finished, Sequence[Any], int, int]
"""A request that is to be looked at, its values, the reason to keep it (0 where only a rule may), and its size."""


class Recorder:
    """Records the requests of one engine into `store`; `directory` is where records wait, None for memory alone.

    `files` is where files lie that requests name. Raises CannotRun from `start`.
    """

    def __init__(
        self,
        plan: ExecutionPlan,
        store: Store,
        directory: Path | None,
        *,
        about: About | None = None,
        files: Path | None = None,
        bounds: Bounds = _BOUNDS,
    ) -> None:
        self.losses = Losses()
        self.recorded = 0
        """Records that were made."""
        self.left_out = 0
        """Requests that no rule has looked at, since that would have taken too much."""
        self.marking: Marking | None = None
        self._plan = plan
        self._about = about or About(host=socket.gethostname())
        self._files = files
        self._bounds = bounds
        self._memory = bounds.memory
        self._small = bounds.memory // _UNMEASURED
        self._reason = chooser(plan)
        self._graph_of = graphs_of(plan)
        self._has_rules = bool(plan.recording.marks)
        self._queue: deque[_Taken] = deque()
        self._is_idle = False
        self._is_closing = False
        self._wake = threading.Event()
        self._came = self._went = 0
        self._asked = self._waiting_for_rules = self._looked_at = 0
        self._large = 4096
        self._records: Records
        name = f"{time.time_ns():020}-{os.getpid()}-{sha256(os.urandom(8)).hexdigest()[:8]}"
        self._spool = open_spool(
            directory, name, plan.descriptors, most=bounds.spool, memory=bounds.memory, losses=self.losses
        )
        self._take = self._spool.take
        self._journal = self._spool.journal()
        self._running: Callable[[], Sequence[Run]] | None = None
        left = list(left_behind(directory, self.losses))
        retention = Retention(plan.comb, self._about.environment, plan.recording.keep)
        self.shipping = Shipping(store, self._spool, left, self.losses, retention)
        self._thread = threading.Thread(target=self._work, name="comb-recording", daemon=True)

    @property
    def waiting(self) -> int:
        """Bytes of records that the store does not have yet."""
        return self._spool.size

    def start(self, messages: Messages, running: Callable[[], Sequence[Run]] | None = None) -> None:
        """Begin. `messages` are the engine's own classes, and `running` says which requests it is at: they are kept on
        the disk until they end, where `oom` is always recorded. Raises CannotRun for what the plan says and cannot be.
        """
        hiding = Hiding(self._plan, messages)
        captures = Captures(self._plan.recording.files, self._files)
        self._records = Records(self._plan, self._about, hiding, captures)
        self.marking = Marking(self._plan, messages)
        if "oom" in self._plan.recording.always:
            self._running = running
        self._thread.start()
        self.shipping.start()

    def ended(self, request: Finished) -> None:
        """Keep this request, if there is a reason to.

        Between two requests a process loses its caches, so that each line here costs ten times what it does in a row.
        """
        if type(request.request_id) is Probe:
            return
        reason = self._reason(request)
        if not reason:
            if self._has_rules:
                self._perhaps(request)
            return
        size, queue = self._large, self._queue
        if size > self._small or len(queue) >= _UNMEASURED:
            size += request.request.ByteSize()
        if self._came - self._went + size > self._memory:
            self.losses.count("memory full")
            return
        self._came += size
        self._take()
        queue.append((request, _held(request.values), reason, size))
        if self._is_idle:
            self._wake_up()

    def close(self) -> None:
        """Write and ship what waits, for at most `grace` seconds; what the store does not take stays in the spool."""
        until = monotonic() + self._bounds.grace
        self._is_closing = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(self._bounds.grace)
        self._journal.drop_others(())
        self.shipping.close(max(0.1, until - monotonic()))
        self._spool.close()
        self.losses.close()

    def _perhaps(self, request: Finished) -> None:
        """Let rules look at a request that nothing else keeps, as far as that is paid for."""
        marking, bounds = self.marking, self._bounds
        self._asked += 1
        if marking is None or len(marking.off) == len(marking.failures):
            return
        waiting = self._waiting_for_rules - self._looked_at
        if waiting >= bounds.pending or self._is_spent(marking.spent):
            self.left_out += 1
            return
        self._waiting_for_rules += 1
        self._queue.append((request, _held(request.values), 0, 0))
        if self._is_idle:
            self._wake_up()

    def _is_spent(self, seconds: float) -> bool:
        """Whether rules have taken more time than the requests that they could look at give them."""
        return seconds > self._bounds.seconds * (self.recorded + self._asked + _START)

    def _wake_up(self) -> None:
        """Wake the thread, which looks by itself unless it has gone idle: this costs more than all the rest."""
        self._is_idle = False
        self._wake.set()

    # --- in its own thread ---

    def _work(self) -> None:
        with Gpus() as gpus:
            self._records.gpus = gpus
            self._keep()

    def _keep(self) -> None:
        looks = 0
        while self._queue or not self._is_closing:
            looks = 0 if self._queue else looks + 1
            if looks > _LOOKS and self._running is None:
                self._idle()
                looks = 0
            self._follow()
            self._write_some()
            if not self._queue and not self._is_closing:
                time.sleep(self._bounds.pause)

    def _idle(self) -> None:
        self._wake.clear()
        self._is_idle = True
        if not self._queue and not self._is_closing:  # looked at after the loop can see that
            self._wake.wait()
        self._is_idle = False

    def _follow(self) -> None:
        """Keep what has run for a moment, and let go of what has ended."""
        if self._running is None:
            return
        try:
            running, since = self._running(), monotonic() - self._bounds.pause
            self._journal.drop_others(running)
            for run in running:
                if run.began < since and run not in self._journal and type(run.request_id) is not Probe:
                    seen = unfinished(run)
                    self._journal.keep(run, self._records.of(seen, self._graph_of[run.arm], seen.values, OOM))
        except Exception:
            _log.exception("requests that are under way cannot be kept")
            self._running = None

    def _write_some(self) -> None:
        """Make records of what waits, and write them."""
        batch: list[bytes] = []
        size, until = 0, monotonic() + _HELD
        while self._queue and size < _TOGETHER:
            record = self._look(self._queue.popleft())
            if record is not None:
                batch.append(record)
                size += len(record)
            if monotonic() > until:
                time.sleep(0)  # the loop may want the interpreter
                until = monotonic() + _HELD
        if batch:
            self._spool.add(batch)
            self.shipping.more()

    def _look(self, taken: _Taken) -> bytes | None:
        """The record of a request; None where it is not kept after all."""
        request, values, reason, size = taken
        try:
            return self._record(request, values, reason)
        except Exception:
            _log.exception("a request could not be recorded")
            if reason:
                self.losses.count("no record could be made")
                self._spool.settle(1)
            return None
        finally:
            self._journal.drop(request)  # before its record can be seen, so that there is one of it
            self._went += size
            self._looked_at += not reason

    def _record(self, request: Finished, values: Sequence[Any], reason: int) -> bytes | None:
        graph = self._graph_of[request.arm]
        rules = []
        if self._has_rules and self.marking is not None:
            rules = self.marking(graph, [_plain(value) for value in values])
        if not reason:
            if not rules:
                return None
            reason = RULE
            self._take()
        record = self._records.of(request, graph, values, reason, rules)
        self.recorded += 1
        self._large = max(len(record), int(self._large * _FORGETS))
        return record


def _plain(value: Any) -> Any:
    return value.message if isinstance(value, Parcel) else value


def _held(values: Sequence[Any]) -> Sequence[Any]:
    """The values as they can be looked at later: bytes beside a message are valid during the request only."""
    for value in values:
        if type(value) is Parcel:
            return [_copied(one) if type(one) is Parcel else one for one in values]
    return values


def _copied(parcel: Parcel[Any]) -> Parcel[Any]:
    return Parcel(parcel.message, {name: bytes(content) for name, content in parcel.buffers.items()})
