"""Count recorded requests and their latencies, over time and by arm, code or any other key field, and plot it.

Records that were kept for a reason, such as an error, stand beside those of the sampled share: rates of errors are
those of what was kept, not of what came, unless all of it was.

example:
  comb samples stats                                   of all records in .comb/samples
  comb samples stats --since 24h --every 1h --by release --by code
  comb samples stats --operator recognise --format json
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.samples.queries import add_query_arguments, asked, duration, query_of
from comb_compiler.cli.samples.stores import add_store_argument, opened
from comb_compiler.diagnostics.render.printable import printable

if TYPE_CHECKING:
    from comb_compiler.samples.store import Bucket, Latency, Query, SampleStore

__all__ = ["add_arguments", "run"]

_FIELDS = (
    "comb", "environment", "subject", "release", "arm", "code", "reason", "operator", "operator-code", "model", "mark",
)  # fmt: skip
_PERCENTILES = (0.5, 0.9, 0.99)
_COLUMNS = 60
_MOST_COLUMNS = 10_000
_STEPS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400, 604_800, 2_592_000)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_store_argument(parser)
    parser.add_argument(
        "--by", choices=_FIELDS, action="append", help="count by this field (default: code, arm and operator)"
    )
    parser.add_argument("--every", metavar="TIME", help="the width of a column, as 5m or 1h (default: what fits)")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how it is printed (default: text)")
    add_query_arguments(parser)


class _Table(NamedTuple):
    """Counts by one field, with latencies where they are asked for."""

    by: str
    counts: "Sequence[Bucket]"
    latencies: "dict[tuple[str, ...], Latency]"


class _Stats(NamedTuple):
    total: int
    first: float
    last: float
    every: float
    tables: tuple[_Table, ...]
    timeline: "Sequence[Bucket]"
    latencies: "Sequence[Latency]"


def run(arguments: argparse.Namespace, console: Console) -> int:
    query = query_of(arguments)
    with opened(arguments) as store:
        stats = _gathered(store, query, arguments)
    if stats is None:
        console.note(printable(f"there is no record in {arguments.store} {asked(arguments)}".rstrip()))
        return Exit.CLEAN
    if arguments.format == "json":
        console.result(json.dumps(_data(stats), indent=2, ensure_ascii=False))
    else:
        console.result("\n".join(_lines(stats, console)))
    return Exit.CLEAN


def _gathered(store: "SampleStore", query: "Query", arguments: argparse.Namespace) -> _Stats | None:
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
    latencies = store.latency(query, _PERCENTILES, (), every)
    return _Stats(total, first, last, every, tables, timeline, latencies)


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


def _table(store: "SampleStore", query: "Query", by: Any) -> _Table:
    counts = sorted(store.count(query, (by,)), key=lambda one: -one.records)
    latencies = {one.values: one for one in store.latency(query, _PERCENTILES, (by,))}
    return _Table(str(by.value), counts, latencies)


# --- for people ---


def _lines(stats: _Stats, console: Console) -> Iterator[str]:
    from comb_compiler.cli.tables import moment

    yield f"{stats.total:,} records, from {moment(stats.first)} to {moment(stats.last)}"
    for one in stats.tables:
        if any(bucket.values[0] for bucket in one.counts):
            yield ""
            yield from _counted(one, console)
    yield ""
    yield from _timeline(stats, console)


def _counted(one: _Table, console: Console) -> Iterator[str]:
    from comb_compiler.cli.tables import bar, milliseconds, table

    total = sum(bucket.records for bucket in one.counts)
    rows = []
    for bucket in one.counts:
        share = bucket.records / total
        latency = one.latencies.get(bucket.values)
        times = [milliseconds(value) for value in latency.percentiles] if latency is not None else [""] * 3
        name = _named(one.by, bucket.values[0])
        rows.append((name, f"{bucket.records:,}", f"{share:.2%}", *times, bar(share, 20, unicode=console.unicode)))
    yield table((one.by, "records", "share", "p50", "p90", "p99", ""), rows, ("records", "share", "p50", "p90", "p99"))


def _named(by: str, value: str) -> str:
    from comb_compiler.cli.tables import code_name

    if by in ("code", "operator-code"):
        return code_name(int(value))
    if by == "reason":
        from comb_compiler.samples.record_pb2 import Reason

        return Reason.Name(int(value)).lower() if int(value) in Reason.values() else value
    return value[:12] if by == "subject" else value or "(none)"


def _timeline(stats: _Stats, console: Console) -> Iterator[str]:
    """One character a column, each row as high as its own most, which stands at its end."""
    from comb_compiler.cli.tables import milliseconds, moment, spark

    columns = int((stats.last - stats.first) // stats.every) + 1
    room = max(20, console.width - 24)
    width = max(1, -(-columns // room))  # columns that are shown as one
    start = stats.first - stats.first % stats.every

    def row(pairs: "Sequence[tuple[float, float]]", join: Any) -> list[float]:
        found: dict[int, list[float]] = {}
        for moment_, value in pairs:
            found.setdefault(int((moment_ - start) // stats.every) // width, []).append(value)
        return [join(found[index]) if index in found else 0.0 for index in range(-(-columns // width))]

    rows: list[tuple[str, list[float], Any]] = [
        ("records", row([(one.start, one.records) for one in stats.timeline], sum), lambda value: f"{value:,.0f}"),
        (
            "failed",
            row([(one.start, one.records) for one in stats.timeline if one.values[0] != "0"], sum),
            lambda value: f"{value:,.0f}",
        ),
    ]
    rows += [
        (
            f"p{percent * 100:g}",
            row([(one.start, one.percentiles[index]) for one in stats.latencies], max),
            milliseconds,
        )
        for index, percent in enumerate(_PERCENTILES)
    ]
    yield f"a column is {_span(stats.every * width)}, from {moment(start)}"
    for name, values, written in rows:
        if any(values):
            yield f"{name:<8}{spark(values, unicode=console.unicode)}  most {written(max(values))}"


def _span(seconds: float) -> str:
    for unit, amount in (("d", 86_400.0), ("h", 3600.0), ("m", 60.0)):
        if seconds >= amount and seconds % amount == 0:
            return f"{seconds / amount:g}{unit}"
    return f"{seconds:g}s"


# --- for programs ---


def _data(stats: _Stats) -> dict[str, Any]:
    return {
        "version": 1,
        "records": stats.total,
        "from": stats.first,
        "to": stats.last,
        "every": stats.every,
        "by": {one.by: [_counted_data(one, bucket) for bucket in one.counts] for one in stats.tables},
        "timeline": [
            {"start": one.start, "code": _named("code", one.values[0]), "records": one.records}
            for one in stats.timeline
        ],
        "latency": [
            {"start": one.start, "records": one.records, **_percentiles(one.percentiles)} for one in stats.latencies
        ],
    }


def _counted_data(one: _Table, bucket: "Bucket") -> dict[str, Any]:
    latency = one.latencies.get(bucket.values)
    value = bucket.values[0] if one.by == "subject" else _named(one.by, bucket.values[0])
    times = _percentiles(latency.percentiles) if latency is not None else {}
    return {"value": value if bucket.values[0] else "", "records": bucket.records, **times}


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    return {f"p{percent * 100:g}": value for percent, value in zip(_PERCENTILES, values, strict=True)}
