"""Copy recorded requests from one store to another: batch by batch, whole, with their marks and interfaces.

It may be interrupted and run again: what is there already stays as it is, and is held to what it was copied from. At
the end both stores are counted, and every record is read from both and compared. The exit code is 1 when they differ.

example:
  comb samples copy --store embedded:.comb/samples --to platform:platform.yaml
  comb samples copy --since 7d --to embedded:week
"""

import argparse
import json

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.samples.queries import add_query_arguments, query_of
from comb_compiler.cli.samples.stores import add_store_argument, opened, opened_at
from comb_compiler.diagnostics.render.printable import printable

__all__ = ["add_arguments", "run"]

_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_store_argument(parser)
    parser.add_argument("--to", metavar="STORE", required=True, help="the store that they are copied into")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how it is printed (default: text)")
    add_query_arguments(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.samples.copying import copy_records

    if arguments.to == arguments.store:
        raise UsageError(f"--to {arguments.to}: it is the store that is copied from")
    query = query_of(arguments)
    with opened(arguments) as source, opened_at(arguments.to, new=True) as target:
        copied = copy_records(
            source, target, query, progress=lambda done: console.progress(f"copying … {done:,} records")
        )
        console.progress("")
    if arguments.format == "json":
        console.result(json.dumps({"version": 1, **copied._asdict()}, indent=2, ensure_ascii=False))
    else:
        for line in copied.different[:_SHOWN]:
            console.result(printable(f"different: {line}"))
        rest = len(copied.different) - _SHOWN
        if rest > 0:
            console.result(f"and {rest:,} more")
        console.result(
            f"{copied.records:,} records: {copied.new:,} copied, {copied.known:,} there already, "
            f"{len(copied.different):,} different; digest {copied.digest}"
        )
    return Exit.FINDINGS if copied.different else Exit.CLEAN
