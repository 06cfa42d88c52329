"""Delete recorded requests for good: what is older than it should be kept, or all that is of a user.

Records that somebody marked stay, unless --marked is given: deleting a user's, as the law may ask, goes with it.
Without --yes it is only counted what would go. Either way it is said how many were left since they are marked.

example:
  comb samples gc --keep 30d --yes
  comb samples gc --user 4711 --marked --yes
"""

import argparse
import time
from typing import TYPE_CHECKING

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.samples.formats import add_format_argument, json_text
from comb_compiler.cli.samples.queries import add_query_arguments, duration, query_of
from comb_compiler.cli.samples.stores import add_store_argument, opened

if TYPE_CHECKING:
    from comb_compiler.samples.store import Query, SampleStore

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_store_argument(parser)
    parser.add_argument("--keep", metavar="TIME", help="delete what is older, as 30d")
    parser.add_argument("--marked", action="store_true", help="delete also what somebody marked")
    parser.add_argument("--yes", action="store_true", help="delete it, and not only count it")
    add_format_argument(parser)
    add_query_arguments(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.samples.store import Query

    query = query_of(arguments)
    if arguments.keep is not None:
        if query.until is not None:
            raise UsageError("--keep and --until say the same: give one of them")
        query = query._replace(until=time.time() - duration("--keep", arguments.keep))
    if query == Query():
        raise UsageError("this would delete every record: say which, as --keep 30d, or --until for all before a time")
    with opened(arguments) as store:
        stay = 0 if arguments.marked else _marked(store, query)
        console.progress("deleting …" if arguments.yes else "")
        found = store.delete(query, marked=arguments.marked) if arguments.yes else _count(store, query) - stay
        console.progress("")
    if arguments.format == "json":
        console.result(json_text({"records": found, "deleted": arguments.yes, "left": stay}))
        return Exit.CLEAN
    kept = f"; {_records(stay)} that somebody marked left: --marked deletes those too" if stay else ""
    console.result(f"{_records(found)} {'deleted' if arguments.yes else 'would be deleted, as --yes does'}{kept}")
    return Exit.CLEAN


def _marked(store: "SampleStore", query: "Query") -> int:
    """How many of what is asked for have a mark that stands."""
    from comb_compiler.samples.store import By

    marks = query.marks or tuple(sorted({one.values[0] for one in store.count(query, [By.MARK])}))
    return _count(store, query._replace(marks=marks)) if marks else 0


def _count(store: "SampleStore", query: "Query") -> int:
    return sum(one.records for one in store.count(query))


def _records(number: int) -> str:
    return f"{number:,} record{'' if number == 1 else 's'}"
