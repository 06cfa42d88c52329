"""What processes have left behind in their spools: they were killed, or their store did not answer until their end."""

import contextlib
import logging
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from comb_compiler.runtime.recording.losses import Losses
from comb_compiler.runtime.recording.spool.journal import journalled
from comb_compiler.runtime.recording.spool.ledger import read_ledger, write_cursor, write_settled
from comb_compiler.runtime.recording.spool.lock import Lock
from comb_compiler.runtime.recording.spool.segments import (
    INTERFACE,
    LEDGER,
    LOCK,
    Batch,
    last_number,
    name_of,
    read_batch,
    segments_in,
)

__all__ = ["Left", "left_behind"]

_log = logging.getLogger("comb.recording")
_BEGINNING = 60.0
"""Seconds after which a process has begun, or never will."""


class Left:
    """The spool of a process that is gone: its records come in their order, and when all are put, it goes."""

    def __init__(self, directory: Path, lock: Lock, losses: Losses) -> None:
        self._directory = directory
        self._lock = lock
        self._losses = losses
        self.interface = (directory / INTERFACE).read_bytes()
        said = read_ledger(directory / LEDGER)
        self._segments = [int(path.name.partition(".")[0]) for path in segments_in(directory)]
        self._cursor = (said.segment, said.place)
        self._running = journalled(directory)
        self.lost = said.taken - said.settled - max(said.written, last_number(directory))
        """How many requests it had taken, of which nothing is left; below 0 where its ledger is no good."""
        if self.lost > 0:
            losses.count("its process was killed", self.lost)
            write_settled(directory / LEDGER, said.settled + self.lost)  # so that nobody counts them again

    def next(self, most: int, size: int) -> Batch | None:
        """The oldest records that have not been shipped; None for none."""
        for segment in self._segments:
            if segment < self._cursor[0]:
                continue
            place = self._cursor[1] if segment == self._cursor[0] else 0
            try:
                batch = read_batch(self._directory, segment, place, most, size)
            except (OSError, ValueError) as error:
                _log.error("%s was left behind and cannot be read: %s", self._directory / name_of(segment), error)
                self._losses.count("spool damaged")
                batch = None
            if batch is not None:
                return batch
            self._cursor = (segment + 1, 0)
        return Batch((self._running[0][1],), None) if self._running else None

    def shipped(self, batch: Batch, *, done: bool) -> None:
        """A batch has been put; or, where it is not `done`, it comes again."""
        with contextlib.suppress(OSError):  # then a later process puts it again, which changes nothing
            if done and batch.end is not None:
                self._cursor = batch.end
                write_cursor(self._directory / LEDGER, *batch.end)
            elif done:
                self._running.pop(0)[0].unlink()

    def settle(self, count: int) -> None:
        """Nobody asks any more how many it took."""

    def close(self, *, done: bool) -> None:
        """Let go of it; where all of it is `done`, it goes."""
        if done:
            shutil.rmtree(self._directory, ignore_errors=True)
        self._lock.close()


def _remove_stillborn(directory: Path) -> None:
    """Remove what a process left that was killed as it began; one that is just beginning is let be, as all else is."""
    with contextlib.suppress(OSError):  # no directory, or gone
        is_ours = {one.name for one in directory.iterdir()} <= {LOCK}
        if is_ours and time.time() - directory.stat().st_mtime > _BEGINNING:
            shutil.rmtree(directory, ignore_errors=True)


def left_behind(root: Path | None, losses: Losses) -> Iterator[Left]:
    """The spools below `root` whose processes are gone, the oldest first: their names begin with their time."""
    if root is None or not root.is_dir():
        return
    for directory in sorted(root.iterdir()):
        if not (directory / INTERFACE).is_file():
            _remove_stillborn(directory)
            continue
        try:
            lock = Lock(directory / LOCK)
        except OSError:
            continue  # it lives, or another one ships it
        try:
            left = Left(directory, lock, losses)
        except (OSError, ValueError) as error:
            _log.error("%s was left behind and cannot be read: %s", directory, error)
            lock.close()
            continue
        yield left
