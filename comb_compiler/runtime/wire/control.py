"""The number of the last call that was given up, in memory that engine and worker share: no message is needed."""

import mmap
import os
import struct
from collections.abc import Callable

from comb_compiler.runtime.wire.arena import Arena

__all__ = ["Control"]

_NUMBER = struct.Struct("<Q")


class Control:
    """One number: written by the engine, read by the worker while its operator runs."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._map = mmap.mmap(descriptor, mmap.PAGESIZE)

    @classmethod
    def create(cls) -> "Control":
        """A new one."""
        descriptor = Arena.create().descriptor
        os.ftruncate(descriptor, mmap.PAGESIZE)
        return cls(descriptor)

    def give_up(self, number: int) -> None:
        """Nobody waits for this call any more."""
        _NUMBER.pack_into(self._map, 0, number)

    def is_given_up(self, number: int) -> Callable[[], bool]:
        """A function that says whether nobody waits for the call any more."""
        return lambda: _NUMBER.unpack_from(self._map)[0] == number

    def close(self) -> None:
        """Let go of it."""
        self._map.close()
        os.close(self.descriptor)
