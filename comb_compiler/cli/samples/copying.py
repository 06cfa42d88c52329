"""Copy recorded requests from one store to another: batch by batch, whole, with their marks and interfaces.

What is there already stays as it is. Every record is read from both stores and compared; the exit code is 1 when some
differ. One that was interrupted goes on where it was when the same command is given in the same directory, of which
`.comb/copying` knows; it begins anew where the stores have changed up to there, or with --anew.

example:
  comb samples copy --store embedded:.comb/samples --to platform:platform.yaml
  comb samples copy --since 7d --to embedded:week
"""

import argparse

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.samples.formats import add_format_argument, json_text
from comb_compiler.cli.samples.queries import add_query_arguments, asked, query_of
from comb_compiler.cli.samples.resuming import add_anew_argument, position_file
from comb_compiler.cli.samples.stores import add_store_argument, opened, opened_at
from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["add_arguments", "run"]

_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_store_argument(parser)
    parser.add_argument("--to", metavar="STORE", required=True, help="the store that they are copied into")
    add_format_argument(parser)
    add_anew_argument(parser)
    add_query_arguments(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.samples.copying import copy_records

    if arguments.to == arguments.store:
        raise UsageError(f"--to {arguments.to}: it is the store that is copied from")
    query = query_of(arguments)
    file = position_file(console, "copy", arguments.store, arguments.to, asked(arguments), anew=arguments.anew)
    with opened(arguments) as source, opened_at(arguments.to, new=True) as target:
        try:
            copied = copy_records(
                source, target, query, file=file, progress=lambda done: console.progress(f"copying … {done:,} records")
            )
        except OSError as problem:
            raise OutsideFailure(f"`{problem.filename}` cannot be written: {problem.strerror or problem}") from problem
        console.progress("")
    if copied.before:
        console.note(f"went on after {copied.before:,} records, which an earlier run had copied")
    if arguments.format == "json":
        console.result(json_text(copied._asdict()))
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
