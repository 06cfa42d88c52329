"""Statistics of recorded requests, for a terminal."""

from collections.abc import Iterator
from typing import Any

from comb_compiler.cli.console import Console
from comb_compiler.cli.samples.statistics import PERCENTILES, Axis, Stats, Table, named, span

__all__ = ["lines"]


def lines(stats: Stats, console: Console) -> Iterator[str]:
    from comb_compiler.cli.tables import moment

    yield f"{stats.total:,} records, from {moment(stats.first)} to {moment(stats.last)}"
    for one in stats.tables:
        if any(bucket.values[0] for bucket in one.counts):
            yield ""
            yield from _counted(one, console)
    yield ""
    yield from _timeline(stats, console)


def _counted(one: Table, console: Console) -> Iterator[str]:
    from comb_compiler.cli.tables import bar, milliseconds, table

    total = sum(bucket.records for bucket in one.counts)
    rows = []
    for bucket in one.counts:
        share = bucket.records / total
        latency = one.latencies.get(bucket.values)
        times = [milliseconds(value) for value in latency.percentiles] if latency is not None else [""] * 3
        name = named(one.by, bucket.values[0])
        rows.append((name, f"{bucket.records:,}", f"{share:.2%}", *times, bar(share, 20, unicode=console.unicode)))
    yield table((one.by, "records", "share", "p50", "p90", "p99", ""), rows, ("records", "share", "p50", "p90", "p99"))


def _timeline(stats: Stats, console: Console) -> Iterator[str]:
    """One character a column, each row as high as its own most, which stands at its end."""
    from comb_compiler.cli.tables import milliseconds, moment, spark

    axis = Axis.of(stats, max(20, console.width - 24))
    counted = [(one.start, float(one.records)) for one in stats.timeline]
    failed = [(one.start, float(one.records)) for one in stats.timeline if one.values[0] != "0"]
    rows: list[tuple[str, list[float], Any]] = [
        ("records", axis.summed(counted), lambda value: f"{value:,.0f}"),
        ("failed", axis.summed(failed), lambda value: f"{value:,.0f}"),
    ]
    rows += [
        (
            f"p{percent * 100:g}",
            axis.highest((one.start, one.percentiles[index]) for one in stats.latencies),
            milliseconds,
        )
        for index, percent in enumerate(PERCENTILES)
    ]
    yield f"a column is {span(axis.width)}, from {moment(axis.start)}"
    for name, values, written in rows:
        if any(values):
            yield f"{name:<8}{spark(values, unicode=console.unicode)}  most {written(max(values))}"
