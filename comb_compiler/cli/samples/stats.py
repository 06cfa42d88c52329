"""Count recorded requests and their latencies, over time and by arm, code or any other key field, and plot it.

Records that were kept for a reason, such as an error, stand beside those of the sampled share: rates of errors are
those of what was kept, not of what came, unless all of it was.

example:
  comb samples stats                                   of all records in .comb/samples
  comb samples stats --since 24h --every 1h --by release --by code
  comb samples stats --since 7d --html week.html       a page with plots that needs nothing else
  comb samples stats --operator recognise --format json
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit
from comb_compiler.cli.samples.formats import add_format_argument, json_text
from comb_compiler.cli.samples.plotting import lines
from comb_compiler.cli.samples.queries import add_query_arguments, asked, query_of
from comb_compiler.cli.samples.statistics import PERCENTILES, Stats, Table, gathered, named
from comb_compiler.cli.samples.stores import add_store_argument, opened
from comb_compiler.diagnostics.render.printable import printable

if TYPE_CHECKING:
    from comb_compiler.samples.store import Bucket

__all__ = ["add_arguments", "run"]

_FIELDS = (
    "comb", "environment", "subject", "release", "arm", "code", "reason", "operator", "operator-code", "model", "mark",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_store_argument(parser)
    parser.add_argument(
        "--by", choices=_FIELDS, action="append", help="count by this field (default: code, arm and operator)"
    )
    parser.add_argument("--every", metavar="TIME", help="the width of a column, as 5m or 1h (default: what fits)")
    parser.add_argument("--html", metavar="FILE", help="write a page with plots, too, which needs nothing but itself")
    add_format_argument(parser)
    add_query_arguments(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    query = query_of(arguments)
    with opened(arguments) as store:
        stats = gathered(store, query, arguments)
    if stats is None:
        console.note(printable(f"there is no record in {arguments.store} {asked(arguments)}".rstrip()))
        return Exit.CLEAN
    if arguments.html is not None:
        _write(Path(arguments.html), stats, f"{arguments.store} {asked(arguments)}".rstrip(), console)
    if arguments.format == "json":
        console.result(json_text(_data(stats)))
    else:
        console.result("\n".join(lines(stats, console)))
    return Exit.CLEAN


def _write(path: Path, stats: Stats, about: str, console: Console) -> None:
    from comb_compiler.cli.samples.page import page
    from comb_compiler.workspace.errors import OutsideFailure

    try:
        path.write_text(page(stats, about), encoding="utf-8")
    except OSError as problem:
        raise OutsideFailure(f"`{path}` cannot be written: {problem.strerror}") from problem
    console.note(printable(f"{path}: a page with plots"))


def _data(stats: Stats) -> dict[str, Any]:
    return {
        "records": stats.total,
        "from": stats.first,
        "to": stats.last,
        "every": stats.every,
        "by": {one.by: [_counted_data(one, bucket) for bucket in one.counts] for one in stats.tables},
        "timeline": [
            {"start": one.start, "code": named("code", one.values[0]), "records": one.records} for one in stats.timeline
        ],
        "latency": [
            {"start": one.start, "records": one.records, **_percentiles(one.percentiles)} for one in stats.latencies
        ],
    }


def _counted_data(one: Table, bucket: "Bucket") -> dict[str, Any]:
    latency = one.latencies.get(bucket.values)
    value = bucket.values[0] if one.by == "subject" else named(one.by, bucket.values[0])
    times = _percentiles(latency.percentiles) if latency is not None else {}
    return {"value": value if bucket.values[0] else "", "records": bucket.records, **times}


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    return {f"p{percent * 100:g}": value for percent, value in zip(PERCENTILES, values, strict=True)}
