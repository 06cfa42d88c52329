"""The spool of one process: records go in at one end, are shipped from the other, and stay until the store has them.

They are written at once, so that a killed process leaves them to the next. Where the disk takes nothing they stay in
memory, within a bound; as soon as it does, they follow. Two threads may use it: one that adds, and one that ships.
"""

import logging
import os
import shutil
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from comb_compiler.runtime.recording.losses import Losses
from comb_compiler.runtime.recording.spool.journal import Journal
from comb_compiler.runtime.recording.spool.ledger import Ledger
from comb_compiler.runtime.recording.spool.lock import Lock
from comb_compiler.runtime.recording.spool.segments import (
    INTERFACE,
    LEDGER,
    LOCK,
    MAGIC,
    Batch,
    entry_of,
    name_of,
    read_batch,
    write_all,
)

__all__ = ["Spool", "open_spool"]

_log = logging.getLogger("comb.recording")
_SEGMENT = 8 << 20
"""Bytes after which another file is begun: what has been shipped is deleted by the file."""


class Spool:
    """`directory` is this process's own, None where none could be made; at most `most` bytes lie in it, and as many as
    `memory` where the disk takes nothing. What fits nowhere is counted."""

    def __init__(
        self,
        directory: Path | None,
        interface: bytes,
        *,
        most: int,
        memory: int,
        losses: Losses,
        lock: Lock | None = None,
    ) -> None:
        self.interface = interface
        self._directory = directory
        self._held = lock
        self._most = most
        self._memory = memory
        self._losses = losses
        self._lock = threading.Lock()
        self._ledger = Ledger(directory / LEDGER) if directory is not None else None
        self.take: Callable[[], None] = _nothing if self._ledger is None else self._ledger.take
        """Says that a request was taken whose record is to come."""
        self._file = -1
        self._segment = 0
        self._size = 0
        self._number = 0
        self._sizes: dict[int, int] = {}
        self._cursor = (1, 0)
        self._kept: deque[bytes] = deque()
        self._kept_bytes = 0
        self._is_out = False
        self._is_failing = False

    def settle(self, count: int) -> None:
        """So many requests that were taken will have no record: somebody has counted them."""
        if self._ledger is not None:
            self._ledger.settle(count)

    def journal(self) -> Journal:
        """One of requests that are under way, in the same directory."""
        return Journal(self._directory, self._memory)

    @property
    def size(self) -> int:
        """How many bytes wait, on the disk and in memory."""
        return max(0, sum(self._sizes.values()) - self._cursor[1]) + self._kept_bytes

    @property
    def is_empty(self) -> bool:
        """Whether everything has been shipped."""
        with self._lock:
            return not self._kept and not self._is_out and self._cursor >= (self._segment, self._size)

    def add(self, records: Sequence[bytes]) -> None:
        """Keep records. What fits neither on the disk nor in memory is counted as lost."""
        with self._lock:
            for record in records:
                self._kept.append(record)
                self._kept_bytes += len(record)
            if not self._is_out:  # else the order would be lost
                self._write()
            while self._kept_bytes > self._memory and self._kept:
                self._kept_bytes -= len(self._kept.pop())
                self._lose("spool full" if not self._is_failing else "disk failed")

    def next(self, most: int, size: int) -> Batch | None:
        """The oldest records that have not been shipped: at most `most`, and of about `size` bytes. None for none."""
        with self._lock:
            batch = self._read(most, size)
            if batch is not None or not self._kept:
                return batch
            records: list[bytes] = []
            while self._kept and len(records) < most and size > 0:
                records.append(self._kept.popleft())
                size -= len(records[-1])
            self._is_out = True
            return Batch(tuple(records), None)

    def shipped(self, batch: Batch, *, done: bool) -> None:
        """A batch has been put; or, where it is not `done`, it has not, and comes again."""
        with self._lock:
            if batch.end is None:
                self._is_out = False
                size = sum(map(len, batch.records))
                if done:
                    self._kept_bytes -= size
                    self.settle(len(batch.records))
                else:
                    self._kept.extendleft(reversed(batch.records))
            elif done:
                self._go_to(*batch.end)

    def close(self) -> None:
        """Let go of it; the directory goes as well where nothing is left in it."""
        is_empty = self.is_empty
        with self._lock:
            if self._kept:
                self._write()
                for _ in self._kept:
                    self._lose("not shipped at the end")
            self._shut()
            if self._ledger is not None:
                self._ledger.close()
        if is_empty and self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
        if self._held is not None:
            self._held.close()

    # --- within the lock ---

    def _lose(self, why: str) -> None:
        self._losses.count(why)
        self.settle(1)

    def _write(self) -> None:
        """Write what is in memory, as much of it as there is room for."""
        if self._directory is None:
            return
        room = self._most - sum(self._sizes.values())
        entries: list[bytes] = []
        size = 0
        for record in self._kept:
            entry = entry_of(self._number + len(entries) + 1, record)
            if size + len(entry) > room:
                break
            entries.append(entry)
            size += len(entry)
        if not entries or not self._written(b"".join(entries)):
            return
        self._number += len(entries)
        if self._ledger is not None:
            self._ledger.wrote(self._number)
        for _ in entries:
            self._kept_bytes -= len(self._kept.popleft())

    def _written(self, content: bytes) -> bool:
        try:
            if self._file < 0 or self._size >= _SEGMENT:
                self._begin()
            write_all(self._file, content)
        except OSError as error:
            if not self._is_failing:
                _log.error("the spool cannot be written, and records are kept in memory: %s", error.strerror)
            self._is_failing = True
            self._undo()
            return False
        if self._is_failing:
            _log.warning("the spool can be written again")
        self._is_failing = False
        self._size += len(content)
        self._sizes[self._segment] = self._size
        return True

    def _begin(self) -> None:
        self._shut()
        assert self._directory is not None
        path = self._directory / name_of(self._segment + 1)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            write_all(file, MAGIC)
        except OSError:
            os.close(file)
            raise
        self._file = file
        self._segment += 1
        self._size = self._sizes[self._segment] = len(MAGIC)

    def _undo(self) -> None:
        """Take back what was written of entries in vain, so that others can follow."""
        if self._file < 0:
            return
        try:
            os.ftruncate(self._file, self._size)
            os.lseek(self._file, self._size, os.SEEK_SET)
        except OSError:
            self._shut()  # another file is begun; what is torn at the end of this one is no entry

    def _shut(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _read(self, most: int, size: int) -> Batch | None:
        """What comes next on the disk."""
        while self._directory is not None and self._cursor < (self._segment, self._size):
            segment, place = self._cursor
            try:
                batch = read_batch(self._directory, segment, place, most, size)
            except (OSError, ValueError) as error:
                _log.error("the spool's own file cannot be read: %s", error)
                batch = None
            if batch is not None:
                return batch
            # What was written there and is not there any more cannot be counted better than by its file.
            if max(place, len(MAGIC)) < self._sizes.get(segment, 0):
                self._losses.count("spool damaged")
            self._go_to(*((segment + 1, 0) if segment < self._segment else (segment, self._size)))
        return None

    def _go_to(self, segment: int, place: int) -> None:
        """All before this place has been shipped: files before it go."""
        assert self._directory is not None
        before = self._cursor[0]
        self._cursor = (segment, place)
        if self._ledger is not None:
            self._ledger.shipped(segment, place)
        for old in range(before, segment):
            self._sizes.pop(old, None)
            (self._directory / name_of(old)).unlink(missing_ok=True)
        if segment == self._segment and place >= self._size >= _SEGMENT:
            self._end_segment()

    def _end_segment(self) -> None:
        """The file that is full and shipped goes at once."""
        assert self._directory is not None
        self._shut()
        self._sizes.pop(self._segment, None)
        (self._directory / name_of(self._segment)).unlink(missing_ok=True)
        self._cursor = (self._segment + 1, 0)


def _nothing() -> None:
    """Where nothing outlives the process, there is nothing to say."""


def open_spool(root: Path | None, name: str, interface: bytes, *, most: int, memory: int, losses: Losses) -> Spool:
    """A spool of this process's own below `root`: `interface` is what its records are read with.

    Where none can be made, that is said, and records wait in memory alone.
    """
    if root is None:
        return Spool(None, interface, most=0, memory=memory, losses=losses)
    directory = root / name
    try:
        directory.mkdir(mode=0o700, parents=True)
        lock = Lock(directory / LOCK)
        (directory / INTERFACE).write_bytes(interface)
        return Spool(directory, interface, most=most, memory=memory, losses=losses, lock=lock)
    except OSError as error:
        said = error.strerror or str(error)
        _log.error("no spool can be made in %s, and records wait in memory: %s", root, said)
        return Spool(None, interface, most=0, memory=memory, losses=losses)
