"""What processes take of this machine's GPUs, for records: looked at now and then, off the way of requests.

A thread of its own asks, since a driver whose GPU is lost may keep who asks in the kernel for ever. Records do not wait
for it: they are without figures as long as it says nothing.
"""

import logging
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from time import monotonic
from types import TracebackType
from typing import Self

from comb_compiler.devices import Use, kept_open, snapshot, uses
from comb_compiler.samples.record_pb2 import Resources

__all__ = ["Gpus"]

_STALE = 0.5
"""Seconds after which the GPUs are asked again."""
_START, _PATIENCE = 5.0, 0.5
"""Seconds within which a driver opens, where nobody holds it, and those within which it answers."""

_log = logging.getLogger("comb.recording")


class Gpus:
    """To be used in one thread, as a context. Whether there are any GPUs is asked once, when it is entered."""

    def __init__(self) -> None:
        self._wanted, self._answered = threading.Event(), threading.Event()
        self._is_over = False
        self._are_there = True
        self._is_silent = False
        self._found: Mapping[int, Sequence[Use]] = {}
        self._uses: Mapping[int, Sequence[Use]] = {}
        self._looked = -_STALE
        self._thread = threading.Thread(target=self._work, name="comb-gpus", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._wait(_START)
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, traceback: TracebackType | None) -> None:
        """Let the thread end; one that hangs is left behind."""
        self._is_over = True
        self._wanted.set()
        self._thread.join(0.0 if self._is_silent else _PATIENCE)

    def add(self, pids: Iterable[int], resources: Resources) -> None:
        """Note what processes take, together; 0 stands for this one. Nothing where the driver says nothing."""
        if not self._are_there:
            return
        self._look()
        found = [use for pid in set(pids) for use in self._uses.get(pid or os.getpid(), ())]
        memory = [use.memory for use in found if use.memory is not None]
        shares = [use.utilization for use in found if use.utilization is not None]
        if memory:
            resources.gpu_memory = sum(memory)
        if shares:
            resources.gpu_utilization = max(shares)

    def _look(self) -> None:
        if monotonic() - self._looked <= _STALE:
            return
        patience = 0.0
        if self._answered.is_set():
            self._answered.clear()
            self._wanted.set()
            patience = _PATIENCE
        self._uses = self._found if self._wait(patience) else {}

    def _wait(self, seconds: float) -> bool:
        """Whether what was asked is answered by then."""
        if self._answered.wait(seconds):
            self._looked, self._is_silent = monotonic(), False
            return True
        if not self._is_silent and seconds:
            _log.warning("the GPUs' driver does not answer: records are without what it says until it does")
            self._is_silent = True
        return False

    # --- in its own thread ---

    def _work(self) -> None:
        try:
            self._ask()
        except Exception:
            _log.exception("the GPUs cannot be asked")
            self._are_there = False
            self._answered.set()

    def _ask(self) -> None:
        with kept_open():
            self._are_there = bool(snapshot())
            while self._are_there and not self._is_over:
                found: dict[int, list[Use]] = {}
                for use in uses():
                    found.setdefault(use.pid, []).append(use)
                self._found = found
                self._answered.set()
                self._wanted.wait()
                self._wanted.clear()
        self._answered.set()
