"""List recorded requests, newest first.

A line's first word is the id that the other commands take. What a record was kept for is in the column `kept`.

example:
  comb samples list                                             the newest 20 of .comb/samples
  comb samples list --code INTERNAL --since 2h                  what failed in the last two hours
  comb samples list --operator recognise --slower 200ms --limit 100 --format json
"""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.samples.formats import add_format_argument, json_text
from comb_compiler.cli.samples.queries import add_query_arguments, asked, query_of
from comb_compiler.cli.samples.stores import add_store_argument, opened
from comb_compiler.diagnostics.render.printable import printable

if TYPE_CHECKING:
    from comb_compiler.samples.store import Found

__all__ = ["add_arguments", "listed", "run"]

_HEAD = ("id", "time", "comb", "release", "arm", "code", "took", "kept", "marks", "size")
_NUMBERS = ("took", "size")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_store_argument(parser)
    parser.add_argument("--limit", metavar="N", type=_limit, default=20, help="how many at most (default: 20)")
    parser.add_argument("--page", metavar="NEXT", default="", help="go on where an earlier list ended, as it said")
    add_format_argument(parser)
    add_query_arguments(parser)


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 100_000:
        raise argparse.ArgumentTypeError("a number from 1 to 100000 is wanted")
    return int(text)


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.samples.store import BadPage

    query = query_of(arguments)
    try:
        with opened(arguments) as store:
            page = store.find(query, limit=arguments.limit, page=arguments.page)
    except BadPage as bad:
        raise UsageError(f"--page: {bad}") from bad
    if arguments.format == "json":
        console.result(json_text({"samples": [_data(one) for one in page.found], "next": page.next}))
        return Exit.CLEAN
    if not page.found:
        console.note(printable(f"there is no record in {arguments.store} {asked(arguments)}".rstrip()))
        return Exit.CLEAN
    console.result(listed(page.found, console.width if console.is_terminal else None))
    if page.next:
        console.note(f"there is more: --page {page.next}")
    return Exit.CLEAN


def listed(found: "Sequence[Found]", most: int | None = None) -> str:
    """Records as a table; where it would be wider than `most`, each on several lines."""
    from comb_compiler.cli.tables import table

    return table(_HEAD, [_row(one) for one in found], _NUMBERS, most)


def _row(one: "Found") -> tuple[str, ...]:
    from comb_compiler.cli.tables import code_name, milliseconds, moment, size
    from comb_compiler.samples.record_pb2 import Reason

    kept = Reason.Name(one.reason).lower() if one.reason in Reason.values() else str(one.reason)
    return (
        one.id,
        moment(one.time),
        one.comb,
        one.release[:12],
        one.arm,
        code_name(one.code),
        milliseconds(one.duration),
        kept,
        ", ".join(one.marks),
        size(one.size),
    )


def _data(one: "Found") -> dict[str, object]:
    from comb_compiler.cli.tables import code_name
    from comb_compiler.samples.record_pb2 import Reason

    data = dict(one._asdict())
    data["code"] = code_name(one.code)
    data["reason"] = Reason.Name(one.reason).lower() if one.reason in Reason.values() else one.reason
    data["marks"] = list(one.marks)
    return data
