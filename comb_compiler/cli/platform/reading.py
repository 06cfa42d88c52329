"""The platform.yaml that a command is about, alone."""

import argparse
from typing import TYPE_CHECKING

from comb_compiler.cli.checking import open_root
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.reporting import report
from comb_compiler.cli.verdicts import VerdictCache, default_directory
from comb_compiler.diagnostics import has_errors
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.workspace.checkout import Checkout

if TYPE_CHECKING:
    from comb_compiler.compiler import Checked
    from comb_compiler.spec.platform import Platform

__all__ = ["add_platform_arguments", "check_platform", "read_platform"]


def add_platform_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that `read_platform` reads."""
    parser.add_argument("--platform", metavar="FILE", required=True, help="the platform.yaml")
    parser.add_argument("--root", metavar="DIR", help="the root of the checkout (default: where .git is)")
    parser.add_argument("--no-cache", action="store_true", help="work everything out anew")


def read_platform(arguments: argparse.Namespace, console: Console) -> "Platform | None":
    """The platform; None where it has mistakes, which are shown. Raises UsageError where it is none."""
    checked = check_platform(arguments, console)
    return checked.platform.value if checked is not None and checked.platform is not None else None


def check_platform(arguments: argparse.Namespace, console: Console) -> "Checked | None":
    """The same with its policies."""
    from comb_compiler.compiler import check
    from comb_compiler.workspace.sources import load_sources

    checkout = Checkout(open_root(arguments))
    memo = VerdictCache(None if arguments.no_cache else default_directory()).memo
    file = checkout.relative(arguments.platform)
    if isinstance(file, Unavailable):
        raise UsageError(f"--platform {arguments.platform}: {file.message}")
    checked = check(load_sources(checkout, file, memo), memo=memo)
    if checked.kind == "Comb":
        raise UsageError(f"{arguments.platform} declares a comb: name a platform")
    console.note(report(checked.diagnostics, "text", checkout, console).rstrip("\n"))
    return None if has_errors(checked.diagnostics) or checked.platform is None else checked
