"""What a process and its children use while they are under load: CPU time, memory, descriptors, threads, GPUs."""

from threading import Event, Lock, Thread
from time import monotonic
from typing import NamedTuple, Self

import psutil

from comb_compiler.devices import Device, kept_open, snapshot

__all__ = ["Measure", "Measuring"]

EVERY = 0.5
"""Seconds from one look to the next."""


class Measure(NamedTuple):
    """At a time in seconds since the measuring began; all processes together. `cpu` is in seconds since they started.

    `memory` is the resident set in bytes: what processes share counts for each. `devices` are the GPUs of the machine.
    """

    at: float
    cpu: float
    memory: int
    descriptors: int
    threads: int
    devices: tuple[Device, ...] = ()


class Measuring:
    """Looks at a process every half second as long as the context lasts."""

    def __init__(self, process: int) -> None:
        self._process = process
        self._measures: list[Measure] = []
        self._ended = Event()
        self._ended_cpu: dict[int, float] = {}
        self._thread = Thread(target=self._look, daemon=True)
        self._lock = Lock()
        self._began = monotonic()
        self._has_devices = True

    @property
    def measures(self) -> tuple[Measure, ...]:
        """In the order of their times; none after the process went away."""
        return tuple(self._measures)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        with kept_open():
            while not self._ended.wait(EVERY):
                if (found := self.now()) is None:
                    return
                self._measures.append(found)

    def now(self) -> Measure | None:
        """What is used now; None where the process is no more, or not to be looked at."""
        with self._lock:
            try:
                return self._measure(monotonic() - self._began)
            except psutil.Error:
                return None

    def _measure(self, at: float) -> Measure:
        memory = descriptors = threads = 0
        parent = psutil.Process(self._process)
        for one in (parent, *parent.children(recursive=True)):
            try:
                with one.oneshot():
                    times = one.cpu_times()
                    self._ended_cpu[one.pid] = times.user + times.system  # of one that ends, the last that was seen
                    memory += one.memory_info().rss
                    descriptors += one.num_fds()
                    threads += one.num_threads()
            except psutil.NoSuchProcess:
                if one.pid == self._process:
                    raise
        return Measure(at, sum(self._ended_cpu.values()), memory, descriptors, threads, self._devices())

    def _devices(self) -> tuple[Device, ...]:
        if not self._has_devices:
            return ()
        found = tuple(snapshot())
        self._has_devices = bool(found)  # a machine gets no GPU while it is under load
        return found
