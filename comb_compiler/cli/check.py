"""Find every mistake in comb.yaml before anything runs.

A file is checked as what it says it is (`kind: Comb` or `kind: Platform`); of a directory, every comb.yaml below it.

example:
  comb check .                                     every comb of this repository
  comb check combs/ocr --platform platform.yaml    against what the platform has
  comb check . --against origin/main               and that no client of what is published breaks
  comb check . --format sarif > comb.sarif         for a code scanning service
"""

import argparse
import os

from comb_compiler.cli.checking import Checking, Result, open_root
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.reporting import report
from comb_compiler.cli.verdicts import VerdictCache, default_directory
from comb_compiler.diagnostics import Severity, has_errors, in_reading_order
from comb_compiler.diagnostics.render import FORMATS
from comb_compiler.workspace.checkout import Checkout

__all__ = ["add_arguments", "add_source_arguments", "platform_path", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_source_arguments(parser)
    forms = tuple(FORMATS)
    parser.add_argument("--format", choices=forms, default="text", help="how findings are written (default: text)")
    parser.add_argument(
        "--against",
        metavar="REV|DIR|FILE",
        help="the published interface: a git revision (its comb.lock), releases (release.json), or a FileDescriptorSet",
    )
    parser.add_argument(
        "--code",
        action="store_true",
        help="import the operators' code too, in a process of its own, and compare what it declares: it runs that code",
    )
    parser.add_argument("--deny-warnings", action="store_true", help="let warnings fail the check too")


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """What all commands share that read files."""
    parser.add_argument("paths", metavar="PATH", nargs="+", help="a comb.yaml, a platform.yaml, or a directory")
    parser.add_argument("--platform", metavar="FILE", help="the platform.yaml to check against")
    parser.add_argument("--root", metavar="DIR", help="the root of the checkout (default: where .git is)")
    parser.add_argument("--no-cache", action="store_true", help="work every verdict out anew")


def platform_path(arguments: argparse.Namespace, checkout: Checkout) -> str | None:
    """The platform's path from the checkout's root."""
    if arguments.platform is None:
        return None
    path = os.path.relpath(os.path.abspath(arguments.platform), checkout.root).replace(os.sep, "/")
    if path.startswith("../"):
        raise UsageError(f"--platform {arguments.platform} lies outside {checkout.root}")
    return path


def run(arguments: argparse.Namespace, console: Console) -> int:
    checkout = Checkout(open_root(arguments))
    cache = VerdictCache(None if arguments.no_cache else default_directory())
    against = None
    if arguments.against is not None:
        from comb_compiler.cli.against import open_against

        against = open_against(arguments.against, checkout, cache.memo)
    result = Checking(checkout, cache, platform_path(arguments, checkout), against).run(arguments.paths)
    if arguments.code:
        from comb_compiler.cli.code import check_code

        mains = [verdict.main for verdict in result.verdicts if verdict.kind == "Comb"]
        said = (*result.diagnostics, *check_code(checkout, mains, cache.memo))
        result = result._replace(diagnostics=in_reading_order(said))
    console.result(report(result.diagnostics, arguments.format, checkout, console))
    if arguments.format == "text" and not result.diagnostics:
        console.note(_all_well(result))
    warned = any(found.severity is Severity.WARNING for found in result.diagnostics)
    failed = has_errors(result.diagnostics) or (arguments.deny_warnings and warned)
    return Exit.FINDINGS if failed else Exit.CLEAN


def _all_well(result: Result) -> str:
    count = len(result.verdicts)
    return f"{count} file{'s' if count != 1 else ''} checked, nothing to say"
