"""What the engine counts: plain numbers that an exporter reads, so that counting costs a request next to nothing."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from comb_compiler.runtime.sdk import Call

__all__ = ["BOUNDS", "Batches", "Histogram", "Measure", "Meter", "Meters", "Nodes", "count_batch"]

BOUNDS = (
    *(0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05),
    *(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0),
)
"""Upper bounds of the histograms' buckets, in seconds; a last bucket has what is above."""


Nodes = tuple[Sequence[int], Sequence[float], Sequence[float]]
"""A request's nodes: how each ended (below 0 where it did not run), when it began and when it ended."""
_Ended = tuple[int, int, int, tuple[float, float], Nodes, Mapping[int, Call]]


class Measure(NamedTuple):
    """One value of a metric, for a page of them. A name that ends in `_total` counts up; any other is a gauge.

    Where it is of a histogram, it is the sum, or, with the label `le`, how many were no more than that.
    """

    name: str
    labels: Mapping[str, str]
    value: float


class Histogram(NamedTuple):
    """How long things took: counts by bucket (one more than there are bounds), and the sum in seconds."""

    buckets: tuple[int, ...]
    sum: float

    @property
    def observations(self) -> int:
        """How many there were."""
        return sum(self.buckets)


class Batches(NamedTuple):
    """Of one size: how many, and seconds in all."""

    many: int
    seconds: float


def count_batch(sizes: dict[int, Batches], size: int, seconds: float) -> None:
    """One more batch of a size."""
    many, before = sizes.get(size, (0, 0.0))
    sizes[size] = Batches(many + 1, before + seconds)


class Meter:
    """Counts endings by code, and how long they took.

    Of calls, `turns` counts those whose turn came, after `waited` seconds in all. `timed` counts those whose CPU time
    was measured, which is `cpu` seconds in all.
    """

    __slots__ = ("buckets", "codes", "cpu", "seconds", "timed", "turns", "waited")

    def __init__(self) -> None:
        self.codes: dict[int, int] = {}
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = self.waited = self.cpu = 0.0
        self.turns = self.timed = 0

    def count(self, code: int, seconds: float) -> None:
        """One more that ended with `code` after `seconds`."""
        codes = self.codes
        codes[code] = codes.get(code, 0) + 1
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds

    def count_call(self, call: Call, code: int, begin: float, end: float) -> None:
        """What the engine noted of a call that was counted: when its turn came, and its CPU time.

        One that has failed without it waited to its end.
        """
        if call.began:
            self.turns += 1
            self.waited += max(0.0, call.began - begin)
        elif code:
            self.waited += end - begin
        if call.cpu >= 0:
            self.timed += 1
            self.cpu += call.cpu / 1e9

    @property
    def histogram(self) -> Histogram:
        """How long they took, as of now."""
        return Histogram(tuple(self.buckets), self.seconds)


_TOGETHER = 128
"""How many ended requests are counted at a time: code that has just run is faster by far than code that has not."""


class Meters:
    """All of an engine's meters."""

    def __init__(self, arms: int, nodes: tuple[int, ...]) -> None:
        self._requests = [Meter() for _ in range(arms)]
        self._nodes = [[Meter() for _ in range(count)] for count in nodes]
        self._ended: list[_Ended] = []
        self.refused = 0
        self.retries = 0
        self.batches: dict[str, dict[int, Batches]] = {}
        """Batches by binding and size."""
        self.workers: dict[str, int] = {}
        """How many calls (batches) run at once, by binding; those that nothing bounds are not there."""
        self.restarts: dict[str, int] = {}
        """Worker processes that had to be started again, by binding."""

    @property
    def requests(self) -> list[Meter]:
        """Requests, by arm."""
        self._count()
        return self._requests

    @property
    def nodes(self) -> list[list[Meter]]:
        """Calls of operators, by graph and then by node, both by index."""
        self._count()
        return self._nodes

    def ended(
        self, arm: int, graph: int, code: int, times: tuple[float, float], nodes: Nodes, calls: Mapping[int, Call]
    ) -> None:
        """A request of an arm has ended with a code; it began and ended at `times`, and its nodes as `nodes` says.

        `calls` are those of its nodes that were handed one.
        """
        self._ended.append((arm, graph, code, times, nodes, calls))
        if len(self._ended) >= _TOGETHER:
            self._count()

    def _count(self) -> None:
        ended, self._ended = self._ended, []
        for arm, graph, code, (began, end), nodes, calls in ended:
            self._requests[arm].count(code, end - began)
            meters, (codes, begins, ends) = self._nodes[graph], nodes
            for meter, how, begin, until in zip(meters, codes, begins, ends, strict=True):
                if how >= 0:
                    meter.count(how, until - begin)
            for index, call in calls.items():
                if codes[index] >= 0:
                    meters[index].count_call(call, codes[index], begins[index], ends[index])
