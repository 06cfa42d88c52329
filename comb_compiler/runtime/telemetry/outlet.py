"""Standard streams that nobody has to wait for, though whoever reads them may be slow, or not read at all.

A log collector that hangs leaves its pipe full, and whatever writes to that pipe then waits: a `print` in an operator,
a warning, native code, a worker process; in the engine's loop all requests would wait with it.
"""

import faulthandler
import os
import select
import stat
import threading
from collections import deque
from collections.abc import Callable

__all__ = ["Outlet", "outlets"]

_PIECE = 64 * 1024
_MOST = 4 * 1024 * 1024
"""How many bytes may wait to be read; what comes then is dropped."""
_END = 2.0


class Outlet:
    """Takes the place of a descriptor, for this process and those that it starts, until it is closed.

    What is written there is taken at once, and passed on as fast as it is read. When too much waits, what comes is
    dropped up to the end of a line; the lines are counted, and `told` makes one of how many, once there is room again.
    """

    def __init__(self, descriptor: int, told: Callable[[int], str]) -> None:
        self._descriptor = descriptor
        self._told = told
        self._target = os.dup(descriptor)
        self._source, inlet = os.pipe()
        os.dup2(inlet, descriptor)
        os.close(inlet)
        self.dropped = 0
        self._said = 0
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._is_dropping = self._is_over = False
        self._ends_line = True
        self._changed = threading.Condition()
        self._threads = [threading.Thread(target=one, name="outlet", daemon=True) for one in (self._take, self._pass)]
        for thread in self._threads:
            thread.start()

    @property
    def target(self) -> int:
        """The descriptor as it was: writing there may have to wait."""
        return self._target

    def close(self, within: float = _END) -> None:
        """Give the descriptor back, and pass on what waits, for at most so many seconds."""
        os.dup2(self._target, self._descriptor)
        for thread in self._threads:
            thread.join(within)

    def _take(self) -> None:
        while piece := os.read(self._source, _PIECE):
            with self._changed:
                kept = self._kept(piece)
                if kept:
                    self._pieces.append(kept)
                    self._held += len(kept)
                    self._changed.notify()
        with self._changed:
            self._is_over = True
            self._changed.notify()

    def _kept(self, piece: bytes) -> bytes:
        """What there is room for; after a gap it begins with a line that says so."""
        if self._held + len(piece) > _MOST or (self._is_dropping and self._held > _MOST // 2):
            self._is_dropping = True
            self.dropped += piece.count(b"\n")
            return b""
        if self._is_dropping:
            _, newline, piece = piece.partition(b"\n")
            self.dropped += len(newline)
            if not newline:
                return b""
            self._is_dropping = False
            lost, self._said = self.dropped - self._said, self.dropped
            piece = f"{'' if self._ends_line else chr(10)}{self._told(lost)}\n".encode() + piece
        self._ends_line = piece.endswith(b"\n")
        return piece

    def _pass(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pieces or self._is_over)
                if not self._pieces:
                    return
                piece = self._pieces.popleft()
            unread = self._written(piece)
            with self._changed:
                self._held -= len(piece)
                self.dropped += unread.count(b"\n")

    def _written(self, piece: bytes) -> bytes:
        """Write it; what nobody will ever read is given back."""
        while piece:
            try:
                piece = piece[os.write(self._target, piece) :]
            except BlockingIOError:
                select.select((), (self._target,), ())
            except OSError:
                break
        return piece


def outlets(told: Callable[[int], str]) -> tuple[Outlet, ...]:
    """Outlets for standard output and error, where they are pipes or sockets: files and terminals have no such readers.

    What crashes the process says so past them, since nothing that waits in a process outlives it.
    """
    made = tuple(Outlet(one, told) for one in (1, 2) if _may_fill(one))
    if made and made[-1]._descriptor == 2:
        faulthandler.enable(made[-1].target)
    return made


def _may_fill(descriptor: int) -> bool:
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
