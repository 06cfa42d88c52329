"""How a server is called: tried again a little, and left alone for a while once it is known to be down.

All that is asked of the two servers may be asked twice: rows and documents have names that are made before the first
attempt. So a call whose answer was lost is repeated. Whoever puts records waits for at most two timeouts; that is
short, since the recorder has them on its disk and comes back by itself, and a person would rather be told.
"""

import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from comb_compiler.samples.figures import BOUNDS, CallFigures
from comb_compiler.samples.store import StoreError

__all__ = ["Calls", "Verdict"]

_T = TypeVar("_T")
_PAUSES = (0.1, 0.4)
"""Before the second attempt and the third: enough for a connection that was closed, or a node that is left."""
_FAILURES = 5
"""Calls that failed one after the other, of any thread, after which the circuit opens."""
_OPEN = 5.0
"""Seconds for which nobody calls then; after it one call is let through, and decides."""

Verdict = Callable[[Exception], tuple[bool, str]]
"""Of an error of a client: whether another attempt may help, and what it says, without secrets."""


class Calls:
    """Calls of one server, from all threads. `seconds` is the timeout that its client has for one attempt."""

    def __init__(self, server: str, verdict: Verdict, seconds: float) -> None:
        self.server = server
        self._verdict = verdict
        self._seconds = seconds
        self._lock = threading.Lock()
        self._failed = 0
        self._open_until = 0.0
        self._counted: Counter[str] = Counter()
        self._taken = 0.0
        self._buckets = [0] * (len(BOUNDS) + 1)

    def __call__(self, act: Callable[[], _T]) -> _T:
        """What `act` gives. Raises StoreError where the server does not do it; other errors of ours pass through."""
        self._admit()
        began = time.monotonic()
        for pause in (*_PAUSES, None):
            try:
                given = act()
            except StoreError:
                raise
            except Exception as error:
                may_help, said = self._verdict(error)
                late = time.monotonic() - began > self._seconds
                self._note(failed=may_help, done=not may_help or late or pause is None, began=began)
                if not may_help or late or pause is None:
                    raise StoreError(f"{self.server}: {said}") from error
                time.sleep(pause)
            else:
                self._note(failed=False, done=True, began=began)
                return given
        raise AssertionError("the last attempt ends the call")

    def figures(self) -> CallFigures:
        """What has been counted since the beginning."""
        with self._lock:
            calls, retries, failures, rejected = (
                self._counted[name] for name in ("calls", "retries", "failures", "rejected")
            )
            is_open = self._open_until > time.monotonic()
            return CallFigures(calls, retries, failures, rejected, is_open, self._taken, tuple(self._buckets))

    def _admit(self) -> None:
        with self._lock:
            left = self._open_until - time.monotonic()
            if left > 0:
                self._counted["rejected"] += 1
                raise StoreError(
                    f"{self.server}: it failed {_FAILURES} times in a row, and is asked again in {left:.1f} s"
                )
            if self._open_until:
                self._open_until = time.monotonic() + _OPEN  # this one call decides; others wait for it

    def _note(self, *, failed: bool, done: bool, began: float) -> None:
        with self._lock:
            if done:
                seconds = time.monotonic() - began
                self._counted["calls"] += 1
                self._taken += seconds
                self._buckets[bisect_left(BOUNDS, seconds)] += 1
            if not failed:
                self._failed, self._open_until = 0, 0.0
            elif not done:
                self._counted["retries"] += 1
            else:
                self._counted["failures"] += 1
                self._failed += 1
                if self._failed >= _FAILURES:
                    self._open_until = time.monotonic() + _OPEN
