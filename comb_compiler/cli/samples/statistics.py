"""Recorded requests → how many there are, of what, how fast, and when."""

import argparse
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.samples.queries import duration

if TYPE_CHECKING:
    from comb_compiler.samples.store import Bucket, Latency, Query, SampleStore

__all__ = ["PERCENTILES", "Axis", "Stats", "Table", "gathered", "named", "span"]

PERCENTILES = (0.5, 0.9, 0.99)
_COLUMNS = 60
_MOST_COLUMNS = 10_000
_STEPS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400, 604_800, 2_592_000)


class Table(NamedTuple):
    """Counts by one field, with latencies where they are asked for."""

    by: str
    counts: "Sequence[Bucket]"
    latencies: "dict[tuple[str, ...], Latency]"


class Stats(NamedTuple):
    total: int
    first: float
    last: float
    every: float
    tables: tuple[Table, ...]
    timeline: "Sequence[Bucket]"
    """By code."""
    latencies: "Sequence[Latency]"
    arms: "Sequence[Bucket]"
    arm_latencies: "Sequence[Latency]"
    """Each arm's 99th percentile."""


class Axis(NamedTuple):
    """Columns over time, of `width` seconds each."""

    start: float
    width: float
    columns: int

    @classmethod
    def of(cls, stats: Stats, most: int) -> "Axis":
        """At most so many columns: as many as there are of what was counted, or several of these as one."""
        columns = int((stats.last - stats.first) // stats.every) + 1
        together = max(1, -(-columns // most))
        start = stats.first - stats.first % stats.every
        return cls(start, stats.every * together, -(-columns // together))

    def summed(self, values: Iterable[tuple[float, float]]) -> list[float]:
        """For each column the sum of what begins in it."""
        return self._joined(values, sum)

    def highest(self, values: Iterable[tuple[float, float]]) -> list[float]:
        """For each column the highest of what begins in it; 0 where there is nothing."""
        return self._joined(values, max)

    def _joined(self, values: Iterable[tuple[float, float]], join: Callable[[list[float]], float]) -> list[float]:
        found: dict[int, list[float]] = {}
        for start, value in values:
            found.setdefault(int((start - self.start) // self.width), []).append(value)
        return [join(found[index]) if index in found else 0.0 for index in range(self.columns)]


def gathered(store: "SampleStore", query: "Query", arguments: argparse.Namespace) -> Stats | None:
    from comb_compiler.samples.store import By

    span = _span_of(store, query)
    if span is None:
        return None
    total, first, last = span
    every = _every(arguments.every) if arguments.every is not None else _fitting(last - first)
    if (last - first) / every > _MOST_COLUMNS:
        raise UsageError(f"--every {arguments.every}: that makes more than {_MOST_COLUMNS:,} columns")
    tables = tuple(_table(store, query, By(one)) for one in arguments.by or ("code", "arm", "operator"))
    timeline = store.count(query, (By.CODE,), every)
    latencies = store.latency(query, PERCENTILES, (), every)
    arms: Sequence[Bucket] = ()
    arm_latencies: Sequence[Latency] = ()
    if arguments.html is not None:
        arms = store.count(query, (By.ARM,), every)
        arm_latencies = store.latency(query, PERCENTILES[-1:], (By.ARM,), every)
    return Stats(total, first, last, every, tables, timeline, latencies, arms, arm_latencies)


def _span_of(store: "SampleStore", query: "Query") -> tuple[int, float, float] | None:
    """How many records there are, and the times of the first, as exact as plotting needs it, and of the last."""
    newest = store.find(query, limit=1).found
    if not newest:
        return None
    total, first, last = 0, 0.0, newest[0].time
    for step in (86_400.0, 600.0, 1.0):
        coarse = store.count(query, every=step)
        total, first = sum(one.records for one in coarse), min((one.start for one in coarse), default=last)
        if (last - first) / step >= _COLUMNS:
            break
    return total, first, last


def _every(text: str) -> float:
    seconds = duration("--every", text)
    if seconds < 1:
        raise UsageError(f"--every {text}: a second is the least")
    return seconds


def _fitting(span: float) -> float:
    return float(next((step for step in _STEPS if span / step < _COLUMNS), _STEPS[-1]))


def _table(store: "SampleStore", query: "Query", by: Any) -> Table:
    counts = sorted(store.count(query, (by,)), key=lambda one: -one.records)
    latencies = {one.values: one for one in store.latency(query, PERCENTILES, (by,))}
    return Table(str(by.value), counts, latencies)


def named(by: str, value: str) -> str:
    from comb_compiler.cli.tables import code_name

    if by in ("code", "operator-code"):
        return code_name(int(value))
    if by == "reason":
        from comb_compiler.samples.record_pb2 import Reason

        return Reason.Name(int(value)).lower() if int(value) in Reason.values() else value
    return value[:12] if by == "subject" else value or "(none)"


def span(seconds: float) -> str:
    for unit, amount in (("d", 86_400.0), ("h", 3600.0), ("m", 60.0)):
        if seconds >= amount and seconds % amount == 0:
            return f"{seconds / amount:g}{unit}"
    return f"{seconds:g}s"
