"""What processes take of this machine's GPUs, for records: looked at now and then, off the way of requests."""

import os
import time
from collections.abc import Iterable

from comb_compiler.devices import Use, snapshot, uses
from comb_compiler.samples.record_pb2 import Resources

__all__ = ["Gpus"]

_STALE = 0.5
"""Seconds after which the GPUs are asked again."""


class Gpus:
    """To be used in one thread. Whether there are any is asked once, when it is made: it may take a second."""

    def __init__(self) -> None:
        self._are_there = bool(snapshot())
        self._looked = -_STALE
        self._uses: dict[int, list[Use]] = {}

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
        now = time.monotonic()
        if now - self._looked <= _STALE:
            return
        self._looked, self._uses = now, {}
        for use in uses():
            self._uses.setdefault(use.pid, []).append(use)
