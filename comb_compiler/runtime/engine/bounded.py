"""Operators' code that starts and ends on the loop's own thread: while it hangs there, nothing else would run."""

import signal
import sys
import threading
import traceback
from collections.abc import Awaitable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, coroutine
from typing import Any

from comb_compiler.runtime.codes import Code, OperatorError

__all__ = ["bounded", "bounded_steps", "late", "place_of", "where"]

_AGAIN = 1.0
"""Seconds after which what has swallowed the first interruption gets another."""
_MOST_FRAMES = 3
_OWN = str(Path(__file__).parent.parent)


class _Interrupted(BaseException):
    """Raised where the code is; not an Exception, which the code may well catch."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place


@contextmanager
def bounded(what: str, seconds: float) -> Iterator[None]:
    """Raise OperatorError (UNAVAILABLE) in the body after `seconds`, saying `what` has not happened and where it was.

    It is a timer's signal that interrupts, so only Python's main thread can be bounded, and not within native code that
    never returns: elsewhere the body runs as it is.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    is_on = True

    def interrupt(number: int, frame: FrameType | None) -> None:
        if is_on:
            raise _Interrupted(place_of(frame))

    before = signal.signal(signal.SIGALRM, interrupt)
    timer = signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3), _AGAIN)
    try:
        yield
    except _Interrupted as error:
        raise late(what, seconds, error.place) from error
    finally:
        is_on = False
        if signal.getsignal(signal.SIGALRM) is interrupt:  # else the code has taken it for itself
            signal.setitimer(signal.ITIMER_REAL, *timer)
            signal.signal(signal.SIGALRM, signal.SIG_DFL if before is None else before)


@coroutine
def bounded_steps(value: Awaitable[Any], what: str, seconds: float) -> Generator[Any, Any, Any]:
    """Await it; each of its turns in the loop is `bounded`."""
    steps: Any = value.__await__()
    step, given = steps.send, None
    while True:
        try:
            with bounded(what, seconds):
                waits_for = step(given)
        except StopIteration as end:
            return end.value
        try:
            step, given = steps.send, (yield waits_for)
        except BaseException as error:  # a cancellation, as a rule
            step, given = steps.throw, error


def late(what: str, seconds: float, place: str) -> OperatorError:
    """What has not happened in time, as an error; `place` is where the code is, if that is known."""
    said = f"{what} after {seconds:g} s"
    return OperatorError(Code.UNAVAILABLE, f"{said}: it is still {place}" if place else said)


def where(thread: str) -> str:
    """Where the code is that a thread of that name runs; empty where there is none."""
    frames = sys._current_frames()
    found = [one.ident for one in threading.enumerate() if one.name == thread]
    return next((place_of(frames[ident]) for ident in found if ident in frames), "")


def place_of(frame: FrameType | None) -> str:
    """The innermost calls within the operator's code, as `in load (model.py:12), in connect (socket.py:40)`."""
    stack = [one for one in traceback.extract_stack(frame) if not one.filename.startswith("<frozen ")]
    own = [index for index, one in enumerate(stack) if one.filename.startswith(_OWN)]
    calls = stack[own[-1] + 1 :] if own else stack
    return ", ".join(f"in {one.name} ({Path(one.filename).name}:{one.lineno})" for one in calls[-_MOST_FRAMES:])
