"""Find what is wrong in a store, between records and what they are found by, or damaged; and mend it.

The exit code is 1 when something is lost that cannot be mended.

example:
  comb samples repair --store embedded:.comb/samples
"""

import argparse

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit
from comb_compiler.cli.samples.formats import add_format_argument, json_text
from comb_compiler.cli.samples.stores import add_store_argument, opened
from comb_compiler.diagnostics.render.printable import printable

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_store_argument(parser)
    add_format_argument(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    with opened(arguments) as store:
        console.progress("looking at every record …")
        found = store.repair()
        console.progress("")
    if arguments.format == "json":
        console.result(json_text(found._asdict()))
    else:
        for line in found.mended:
            console.line(printable(f"mended: {line}"))
        for line in found.lost:
            console.line(printable(f"lost: {line}"))
        console.result(f"{found.looked_at:,} records looked at" + ("" if found.mended or found.lost else ", all well"))
    return Exit.FINDINGS if found.lost else Exit.CLEAN
