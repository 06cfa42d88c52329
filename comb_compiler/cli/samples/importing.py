"""Read recorded requests from files that `comb samples export` wrote; records that are there already stay as they are.

One that was interrupted goes on where it was when the same command is given in the same directory, of which
`.comb/copying` knows, or begins anew with --anew. The exit code is 1 when the store refused some of them.

example:
  comb samples import errors --store embedded:.comb/samples
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.samples.exporting import PARQUET, needs_parquet
from comb_compiler.cli.samples.formats import add_format_argument, json_text
from comb_compiler.cli.samples.resuming import add_anew_argument, position_file
from comb_compiler.cli.samples.stores import add_store_argument, opened
from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.samples.store import Put, SampleStore

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="DIR|FILE", help="the directory of an export, or a .parquet file")
    add_store_argument(parser)
    add_anew_argument(parser)
    add_format_argument(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.samples.exchange import BadExport

    source = Path(arguments.source)
    if not source.exists():
        raise UsageError(f"{source}: there is no such file or directory")
    if source.suffix == PARQUET:
        needs_parquet()
    try:
        with opened(arguments, new=True) as store:
            console.progress("importing …")
            put = _put(store, source, arguments, console)
            console.progress("")
    except BadExport as problem:
        raise UsageError(str(problem)) from problem
    except OSError as problem:
        named = problem.filename or source
        raise OutsideFailure(f"`{named}` cannot be read, or written: {problem.strerror or problem}") from problem
    if arguments.format == "json":
        refused = [one._asdict() for one in put.refused]
        console.result(json_text({"new": put.new, "known": put.known, "refused": refused}))
    else:
        for one in put.refused:
            console.note(printable(f"refused: {one.id}: {one.why}"))
        console.result(f"{put.new:,} new, {put.known:,} there already, {len(put.refused):,} refused")
    return Exit.FINDINGS if put.refused else Exit.CLEAN


def _put(store: "SampleStore", source: Path, arguments: argparse.Namespace, console: Console) -> "Put":
    if source.suffix != PARQUET:
        from comb_compiler.samples.exchange import digest_of_export, import_records

        file = position_file(console, "import", arguments.store, digest_of_export(source), anew=arguments.anew)
        return import_records(store, source, file)
    from comb_compiler.samples.batches import put_all
    from comb_compiler.samples.parquet import read_parquet

    return put_all(store, read_parquet(source))
