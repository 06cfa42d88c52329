"""Operators' code that holds up the loop: while it does, nobody there gets an answer, not even that it is late.

A thread looks whether a request is overdue, which the loop itself would have ended. Where one call of an operator is on
the loop's stack at two looks in a row, that is why: it is logged, and interrupted.
"""

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from math import inf
from pathlib import Path
from time import monotonic
from types import FrameType

from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.current import CURRENT
from comb_compiler.runtime.engine.bounded import place_of

__all__ = ["Stalls"]

_log = logging.getLogger("comb.runtime")
_LOOK = 0.25
"""Seconds between two looks."""
_RUNTIME = Path(__file__).parent.parent
_CALLERS = frozenset(
    str(_RUNTIME / name) for name in ("engine/run.py", "engine/loop.py", "instance.py", "peers/invoking.py")
)
"""Whatever these call that is not of the runtime is an operator's."""
_SPARED = (f"{os.sep}asyncio{os.sep}", f"{os.sep}bdb.py", f"{os.sep}pydevd")
"""The loop itself, and debuggers: who looks at code holds up the loop on purpose."""
_SIGNAL = signal.SIGURG
"""What does nothing where nobody expects it."""

_guilty: set[FrameType] = set()
_watching: list["Stalls"] = []


class Stalls:
    """Watches the loop of the thread that it is started in; `deadlines` are those of what is under way there.

    The call that is interrupted fails with DEADLINE_EXCEEDED. That takes a signal, so only Python's main thread can be
    interrupted, and not within native code that does not return: elsewhere it is logged alone.
    """

    def __init__(self, deadlines: Callable[[], Iterable[float]]) -> None:
        self._deadlines = deadlines
        self._ends = threading.Event()
        self._loop = 0
        self._is_closed: Callable[[], bool] = bool
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Watch until `close`, or until the loop is closed."""
        self._loop = threading.get_ident()
        self._is_closed = asyncio.get_running_loop().is_closed
        if _can_interrupt(self._loop) and signal.getsignal(_SIGNAL) is signal.SIG_DFL:
            signal.signal(_SIGNAL, _interrupt)
        _watching.append(self)
        self._thread = threading.Thread(target=self._watch, name="comb-stalls", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Watch no more."""
        if self._thread is None:
            return
        self._ends.set()
        self._thread.join()
        self._thread = None
        if not _watching and _can_interrupt(threading.get_ident()) and signal.getsignal(_SIGNAL) is _interrupt:
            signal.signal(_SIGNAL, signal.SIG_DFL)

    def _watch(self) -> None:
        before: FrameType | None = None
        while not self._ends.wait(_LOOK) and not self._is_closed():
            is_overdue = min(self._deadlines(), default=inf) < monotonic()
            call = _call_in(sys._current_frames().get(self._loop)) if is_overdue else None
            if call is not None and call is before:
                self._stop(call)
            before = call
        _watching.remove(self)

    def _stop(self, call: FrameType) -> None:
        place = place_of(sys._current_frames().get(self._loop))
        _log.error("an operator holds up the loop past the deadline of a request: it is %s", place)
        if _can_interrupt(self._loop) and signal.getsignal(_SIGNAL) is _interrupt:
            _guilty.add(call)
            signal.pthread_kill(self._loop, _SIGNAL)
            self._ends.wait(_LOOK)
            _guilty.discard(call)


def _can_interrupt(thread: int) -> bool:
    return thread == threading.main_thread().ident


def _call_in(frame: FrameType | None) -> FrameType | None:
    """The call of an operator that this is within: its outermost frame."""
    inner = None
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(str(_RUNTIME)):
            return inner if file in _CALLERS else None
        if any(one in file for one in _SPARED):
            return None
        inner, frame = frame, frame.f_back
    return None


def _interrupt(number: int, frame: FrameType | None) -> None:
    call = _call_in(frame)
    if call in _guilty:
        _guilty.discard(call)
        name = CURRENT.get()[1]
        who = f"`{name}`" if name else "it"
        raise OperatorError(Code.DEADLINE_EXCEEDED, f"{who} held up the loop past a deadline")
