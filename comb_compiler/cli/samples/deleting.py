"""Delete recorded requests for good: what is older than it should be kept, or all that is of a user.

Records that somebody marked stay, unless --marked is given: deleting a user's, as the law may ask, goes with it.
Without --yes it is only counted what would go.

example:
  comb samples gc --keep 30d --yes
  comb samples gc --user 4711 --marked --yes
"""

import argparse
import time

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.samples.queries import add_query_arguments, duration, query_of
from comb_compiler.cli.samples.stores import add_store_argument, opened

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_store_argument(parser)
    parser.add_argument("--keep", metavar="TIME", help="delete what is older, as 30d")
    parser.add_argument("--marked", action="store_true", help="delete also what somebody marked")
    parser.add_argument("--yes", action="store_true", help="delete it, and not only count it")
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
        if not arguments.yes:
            found = sum(one.records for one in store.count(query))
            kept = "" if arguments.marked else ", less those that are marked,"
            console.result(f"{found:,} records{kept} would be deleted; --yes deletes them")
            return Exit.CLEAN
        console.progress("deleting …")
        deleted = store.delete(query, marked=arguments.marked)
        console.progress("")
    console.result(f"{deleted:,} records deleted")
    return Exit.CLEAN
