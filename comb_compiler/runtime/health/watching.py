"""An observer of the engine that looks at some requests, in a thread of its own and within a bound of CPU time."""

import logging
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from random import Random
from time import thread_time
from typing import Any, NamedTuple

from comb_compiler.runtime.engine.observation import Finished, Probe
from comb_compiler.runtime.sdk import Parcel

__all__ = ["Glance", "Sampling", "Watching", "glance_at"]

_log = logging.getLogger("comb.runtime")


class Sampling(NamedTuple):
    """How many requests are looked at: a `share` of them, but not more than `seconds` of CPU time pay for.

    That is for each request of the engine, looked at or not. At most `pending` wait to be looked at.
    """

    share: float = 0.01
    seconds: float = 20e-6
    pending: int = 8


class Glance(NamedTuple):
    """A request that is looked at: what each node gave, None where it gave nothing or failed."""

    arm: str
    request: Any
    values: Sequence[Any]


class Watching:
    """Hands every so many-th request to `look`, in its own thread. The rest costs a request one subtraction.

    The gaps are drawn at random, so that no rhythm of the traffic is in step with them. A request that would go beyond
    the bound is left out and counted.
    """

    def __init__(self, sampling: Sampling, look: Callable[[Glance], None], seed: int = 0) -> None:
        self.requests = 0
        """Those of users, as of the last one that was drawn."""
        self.looked_at = 0
        self.left_out = 0
        self.spent = 0.0
        """Seconds of CPU time."""
        self._sampling = sampling
        self._look = look
        self._random = Random(seed)  # noqa: S311
        self._queue: SimpleQueue[Glance | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._gap = self._left = self._drawn()

    def ended(self, request: Finished) -> None:
        """Take this request, if it is its turn."""
        self._left -= 1
        if self._left <= 0:
            self._take(request)

    def close(self) -> None:
        """Look at what waits, and end the thread."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _drawn(self) -> float:
        """The requests until the next one that is taken: from 1 to twice the mean."""
        share = self._sampling.share
        return self._random.randint(1, max(1, round(2 / share) - 1)) if share > 0 else float("inf")

    def _take(self, request: Finished) -> None:
        if type(request.request_id) is Probe:
            return  # the next one is taken instead
        self.requests += int(self._gap)
        self._gap = self._left = self._drawn()
        if self._queue.qsize() >= self._sampling.pending or self.spent > self._sampling.seconds * self.requests:
            self.left_out += 1
            return
        self._queue.put(glance_at(request))
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="comb-health", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while (glance := self._queue.get()) is not None:
            began = thread_time()
            try:
                self._look(glance)
            except Exception:
                _log.exception("a request could not be looked at")
            self.looked_at += 1
            self.spent += thread_time() - began


def glance_at(request: Finished) -> Glance:
    """What is kept of a request. Bytes beside a message are valid during the request only, and are not looked at."""
    gave = zip(request.values, request.codes, strict=False)
    values = [value if code == 0 else None for value, code in gave]
    return Glance(request.arm, request.request, [one.message if isinstance(one, Parcel) else one for one in values])
