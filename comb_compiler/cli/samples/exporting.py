"""Write recorded requests into files: a directory that `comb samples import` reads, or Parquet for analysis.

An export into a directory that was interrupted goes on where it was when the same command is given again.

What ends in .parquet is one file of Parquet, with a column for each key field, a list of nodes, and the whole record.

example:
  comb samples export --since 7d --mark error -o errors
  comb samples export --comb ocr -o ocr.parquet
"""

import argparse
from pathlib import Path

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.samples.formats import add_format_argument, json_text
from comb_compiler.cli.samples.queries import add_query_arguments, asked, query_of
from comb_compiler.cli.samples.resuming import work_named
from comb_compiler.cli.samples.stores import add_store_argument, opened
from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["PARQUET", "add_arguments", "needs_parquet", "run"]

PARQUET = ".parquet"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_store_argument(parser)
    parser.add_argument("-o", "--output", metavar="DIR|FILE", required=True, help="a new directory, or a .parquet file")
    add_format_argument(parser)
    add_query_arguments(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.samples.exchange import BadExport, export_records

    query, target = query_of(arguments), Path(arguments.output)
    if target.suffix == PARQUET:
        needs_parquet()
    try:
        with opened(arguments) as store:
            console.progress("exporting …")
            if target.suffix == PARQUET:
                from comb_compiler.samples.parquet import write_parquet

                records = write_parquet(store.scan(query), target)
            else:
                exported = export_records(store, query, target, work_named(arguments.store, asked(arguments)))
                records = exported.records
                if exported.before:
                    console.note(f"went on after {exported.before:,} records, which an earlier run had written")
            console.progress("")
    except BadExport as problem:
        raise UsageError(str(problem)) from problem
    except OSError as problem:
        raise OutsideFailure(f"`{target}` cannot be written: {problem.strerror or problem}") from problem
    if arguments.format == "json":
        console.result(json_text({"target": str(target), "records": records}))
    else:
        console.result(printable(f"{target}: {records:,} record{'s' if records != 1 else ''}"))
    return Exit.CLEAN


def needs_parquet() -> None:
    """Raises UsageError where Parquet cannot be had."""
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise UsageError("Parquet needs pyarrow: pip install 'comb-compiler[analysis]'; or export into a directory")
