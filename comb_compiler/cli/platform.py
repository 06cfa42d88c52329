"""Write what clusters are told once for all combs: namespaces, quotas, priorities, and what Flux is to do.

The directory gets `clusters/CLUSTER/_platform/`, and files in `clusters/CLUSTER/_flux/`, as the environment repository
has them. Flux is set to apply `clusters/CLUSTER/_flux` once, by hand; all else follows from there.

example:
  comb platform render --platform platform.yaml -o rendered
"""

import argparse

from comb_compiler.cli.checking import open_root
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.reporting import report
from comb_compiler.cli.verdicts import VerdictCache, default_directory
from comb_compiler.cli.writing import output_directory, write_platforms
from comb_compiler.diagnostics import has_errors
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.workspace.checkout import Checkout

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("render",), help="what to do with the platform")
    parser.add_argument("--platform", metavar="FILE", required=True, help="the platform.yaml")
    parser.add_argument("-o", "--output", metavar="DIR", required=True, help="where the files are written")
    parser.add_argument("--root", metavar="DIR", help="the root of the checkout (default: where .git is)")
    parser.add_argument("--no-cache", action="store_true", help="work everything out anew")


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.compiler import check
    from comb_compiler.compiler.render import render_platforms
    from comb_compiler.workspace.sources import load_sources

    output = output_directory(arguments.output)
    arguments.paths = []
    checkout = Checkout(open_root(arguments))
    memo = VerdictCache(None if arguments.no_cache else default_directory()).memo
    file = checkout.relative(arguments.platform)
    if isinstance(file, Unavailable):
        raise UsageError(f"--platform {arguments.platform}: {file.message}")
    checked = check(load_sources(checkout, file, memo), memo=memo)
    if checked.kind == "Comb":
        raise UsageError(f"{arguments.platform} declares a comb: name a platform")
    console.note(report(checked.diagnostics, "text", checkout, console).rstrip("\n"))
    if has_errors(checked.diagnostics) or checked.platform is None or checked.platform.value is None:
        return Exit.FINDINGS
    console.note(write_platforms(output, render_platforms(checked.platform.value)))
    return Exit.CLEAN
