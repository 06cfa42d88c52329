"""What a process says of its spool while it lives, in memory that outlives it: how far it is, and how much it took.

64 bytes of a mapped file. A kill cannot tear a number, since each is written at once; what a machine's end leaves is
anything, so the reader checks that it makes sense.
"""

import contextlib
import mmap
import os
import struct
import threading
from itertools import count
from pathlib import Path
from typing import NamedTuple

__all__ = ["Ledger", "Said", "read_ledger", "write_cursor", "write_settled"]

_MAGIC = b"CMBLDG01"
_SIZE = 64
_TWO = struct.Struct("=QQ")
_ONE = struct.Struct("=Q")
_FIVE = struct.Struct("=QQQQQ")
_CURSOR, _TAKEN, _SETTLED, _WRITTEN = 8, 24, 32, 40
_WORD = 8


class Said(NamedTuple):
    """What a ledger says: where shipping is (file and place), and how many requests were taken.

    `settled` of these came to an end otherwise than by being written: they were dropped and counted, or put unwritten.
    """

    segment: int
    place: int
    taken: int
    settled: int
    written: int


class Ledger:
    """The ledger of the process that writes it. Raises OSError where it cannot be made."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            # Written, not cut to size: a page that the disk has no room for would kill the process that touches it.
            os.write(descriptor, _MAGIC.ljust(_SIZE, b"\0"))
            os.fsync(descriptor)
            self._map = mmap.mmap(descriptor, _SIZE)
        finally:
            os.close(descriptor)
        self._words = memoryview(self._map).cast("Q")
        self._lock = threading.Lock()
        self._taken = count(1)
        self._settled = 0

    def take(self) -> None:
        """One more request was taken: a store of one word, since a request waits for it."""
        self._words[_TAKEN // _WORD] = next(self._taken)

    def settle(self, count: int) -> None:
        """So many have come to an end that was none of writing."""
        with self._lock:
            self._settled += count
            _ONE.pack_into(self._map, _SETTLED, self._settled)

    def wrote(self, number: int) -> None:
        """All up to this number have been written."""
        _ONE.pack_into(self._map, _WRITTEN, number)

    def shipped(self, segment: int, place: int) -> None:
        """All before this place has been put."""
        _TWO.pack_into(self._map, _CURSOR, segment, place)

    def close(self) -> None:
        """Let go of it."""
        self._words.release()
        self._map.close()


def read_ledger(path: Path) -> Said:
    """What a ledger says; nothing where it says nothing that makes sense."""
    try:
        content = path.read_bytes()
    except OSError:
        content = b""
    if len(content) != _SIZE or not content.startswith(_MAGIC):
        return Said(0, 0, 0, 0, 0)
    return Said(*_FIVE.unpack_from(content, _CURSOR))


def write_cursor(path: Path, segment: int, place: int) -> None:
    """What was shipped of a spool whose process is gone. Raises OSError."""
    _write(path, _CURSOR, _TWO.pack(segment, place))


def write_settled(path: Path, settled: int) -> None:
    """How many came to an end otherwise. Raises nothing: where that cannot be written, they are counted again."""
    with contextlib.suppress(OSError):
        _write(path, _SETTLED, _ONE.pack(settled))


def _write(path: Path, place: int, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.pwrite(descriptor, content, place)
    finally:
        os.close(descriptor)
