"""A load as it went on: how much was asked, how long it took, and what it took of the machine."""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil
from typing import NamedTuple

from comb_compiler.gates.load.ratios import quantile
from comb_compiler.gates.load.seen import Side, Used

__all__ = ["Moment", "timeline"]

_MOST = 60


class Moment(NamedTuple):
    """A stretch of a load, from a time in seconds on; `requests` and `failed` are counted by when they were due.

    `p50` and `most` are of latencies, in seconds; `cpu` is in cores, `memory` in bytes, `gpu` the share of time in
    which the busiest one was in use. None where nothing was seen of it.
    """

    at: float
    requests: int
    failed: int
    p50: float | None
    most: float | None
    cpu: float | None
    memory: float | None
    gpu: float | None


def timeline(side: Side) -> tuple[Moment, ...]:
    """All turns of a side, one after the other as if there had been no break, in stretches of a second or more."""
    length = max(1.0, ceil(side.seconds / _MOST))
    found = [_Stretch() for _ in range(ceil(side.seconds / length))]
    for turn, start in side.with_starts():
        for due, took, code in zip(turn.due, turn.took, turn.codes, strict=True):
            stretch = found[min(int((start + due) / length), len(found) - 1)]
            stretch.took.append(took)
            stretch.failed += code != "OK"
        for before, after in pairwise(turn.used):
            if after.at - before.at > 0.0:
                found[min(int((start + (before.at + after.at) / 2) / length), len(found) - 1)].used.append(
                    (before, after)
                )
    return tuple(stretch.moment(number * length) for number, stretch in enumerate(found))


class _Stretch:
    def __init__(self) -> None:
        self.took: list[float] = []
        self.failed = 0
        self.used: list[tuple[Used, Used]] = []

    def moment(self, at: float) -> Moment:
        took = sorted(self.took)
        middle, most = (quantile(took, 0.5), took[-1]) if took else (None, None)
        gpus = [one.utilization for _, after in self.used for one in after.gpus if one.utilization is not None]
        return Moment(
            at,
            len(took),
            self.failed,
            middle,
            most,
            _cores(self.used),
            max((after.memory for _, after in self.used), default=None),
            max(gpus, default=None),
        )


def _cores(used: Sequence[tuple[Used, Used]]) -> float | None:
    seconds = sum(after.at - before.at for before, after in used)
    return sum(after.cpu - before.cpu for before, after in used) / seconds if seconds else None
