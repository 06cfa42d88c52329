"""A piece of memory that two processes share, and that grows. It has no name, and is gone with its last user."""

import fcntl
import mmap
import os
import tempfile
from collections.abc import Sequence

__all__ = ["Arena"]

_FIRST = 1 << 20


class Arena:
    """Memory behind a file descriptor. One process writes it, another reads it, in turns that they agree on.

    Pages are kept when a turn is over: filling fresh ones costs more than copying into them.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._map: mmap.mmap | None = None
        self._size = 0

    @classmethod
    def create(cls) -> "Arena":
        """A new, empty one."""
        if hasattr(os, "memfd_create"):
            descriptor = os.memfd_create("comb-arena", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            # Reading pages that the other side has cut off would kill this process.
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
            return cls(descriptor)
        with tempfile.TemporaryFile() as file:
            return cls(os.dup(file.fileno()))

    def write(self, pieces: Sequence[bytes | bytearray | memoryview], size: int) -> None:
        """Lay pieces, of `size` bytes together, one after the other from the beginning."""
        if size > self._size:
            os.ftruncate(self.descriptor, _rounded(size))
            self._open()
        target, place = memoryview(self._opened()), 0
        for piece in pieces:
            target[place : place + len(piece)] = piece
            place += len(piece)

    def read(self, size: int) -> memoryview:
        """A view of the first `size` bytes; it is valid until the other side writes again."""
        if size > self._size:
            self._open()
        return memoryview(self._opened())[:size]

    def close(self) -> None:
        """Let go of it; what still looks at it may go on."""
        os.close(self.descriptor)
        self._map = None

    def _opened(self) -> mmap.mmap:
        assert self._map is not None
        return self._map

    def _open(self) -> None:
        self._size = os.fstat(self.descriptor).st_size
        self._map = mmap.mmap(self.descriptor, self._size)


def _rounded(size: int) -> int:
    rounded = _FIRST
    while rounded < size:
        rounded <<= 1
    return rounded
