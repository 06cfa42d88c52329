"""What calls would take at an operator, if it had other workers or batches: they come as they came.

Each worker takes the next batch when it is free (Kiefer and Wolfowitz, "On the Theory of Queues With Many Servers",
1955); a batch waits for others as the engine's does. Services take as long as was measured, or are spread as widely as
those of a Poisson process, which is what a queue suffers from most of what is usual.
"""

from collections import deque
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from math import log
from random import Random
from statistics import median
from typing import NamedTuple

__all__ = ["SAME", "Queue", "Span", "response", "span"]

SAME = 0.2
"""By which share services may differ from one run to the next: other work on the machine, its clock, its caches."""
_SEED = 12
_SLACK = 1.5


class Queue(NamedTuple):
    """`workers` run batches of at most `most` calls; the first of a batch waits at most `patience` for others.

    A batch of n takes `fixed + n * each` seconds.
    """

    workers: int
    each: float
    fixed: float = 0.0
    most: int = 1
    patience: float = 0.0


class Span(NamedTuple):
    """Seconds of a call, waiting included: at least, and at most."""

    lower: float
    upper: float


def span(arrivals: Sequence[float], queue: Queue) -> Span:
    """What a call would take on average, if services take as long as they did, by as much as they may differ."""
    lower, upper = (
        response(arrivals, queue._replace(each=queue.each * by, fixed=queue.fixed * by), varies=varies)
        for by, varies in ((1 - SAME, False), (1 + SAME, True))
    )
    return Span(min(lower, upper), max(lower, upper))


def response(arrivals: Sequence[float], queue: Queue, *, varies: bool = False) -> float:
    """Seconds of a call on average; 0 of none."""
    if not arrivals:
        return 0.0
    draw = Random(_SEED)
    stretch: Callable[[], float] = (lambda: -log(1.0 - draw.random())) if varies else (lambda: 1.0)
    gap = median([later - earlier for earlier, later in pairwise(arrivals)] or [0.0])
    free = [0.0] * queue.workers
    waiting: deque[float] = deque()
    total, ahead = 0.0, deque(arrivals)
    while ahead or waiting:
        start = heappop(free)
        if not waiting:
            start = max(start, ahead[0])
        while ahead and ahead[0] <= start:
            waiting.append(ahead.popleft())
        start = _filled(start, waiting, ahead, queue, gap)
        batch = [waiting.popleft() for _ in range(min(queue.most, len(waiting)))]
        end = start + (queue.fixed + queue.each * len(batch)) * stretch()
        total += sum(end - came for came in batch)
        heappush(free, end)
    return total / len(arrivals)


def _filled(start: float, waiting: deque[float], ahead: deque[float], queue: Queue, gap: float) -> float:
    """When a batch begins that a worker is free for at `start`."""
    if gap > queue.patience:
        return start
    last = waiting[0] + queue.patience
    while len(waiting) < queue.most and start < last:
        until = min(last, start + _SLACK * gap)
        if not ahead or ahead[0] > until:
            return max(start, until)
        start = max(start, ahead[0])
        waiting.append(ahead.popleft())
    return start
