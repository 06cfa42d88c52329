"""Try policies on their own fixtures: objects that have to pass, and objects that have to be refused.

Beside a policy's file `NAME.yaml` they are in `tests/NAME/`, as `allow-….yaml` and `deny-….yaml`. What Comb cannot
evaluate as a cluster would is an error, and never passes in silence.

example:
  comb policy test                         the policies that come with Comb
  comb policy test platform/policies       those of a folder
"""

import argparse
from typing import NamedTuple

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.policy import Folders, add_folders, contents, open_folders, read_folders
from comb_compiler.cli.reporting import report
from comb_compiler.diagnostics import Diagnostic, has_errors, in_reading_order
from comb_compiler.diagnostics.render import FORMATS
from comb_compiler.source import Unavailable

__all__ = ["Said", "add_arguments", "run", "try_folders"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_folders(parser)
    forms = tuple(FORMATS)
    parser.add_argument("--format", choices=forms, default="text", help="how findings are written (default: text)")


class Said(NamedTuple):
    """All that is to be said of folders, and how many policies, fixtures, and fixtures that are right there are."""

    said: tuple[Diagnostic, ...]
    policies: int
    fixtures: int
    right: int


def run(arguments: argparse.Namespace, console: Console) -> int:
    folders = open_folders(arguments)
    done = try_folders(folders)
    if not done.policies and not done.said:
        raise UsageError(f"{', '.join(arguments.folders)}: no policy is there, so that nothing is tested")
    console.result(report(done.said, arguments.format, folders.checkout, console))
    policies = "1 policy" if done.policies == 1 else f"{done.policies} policies"
    fixtures = "1 fixture as it says" if done.fixtures == 1 else f"{done.fixtures} fixtures as they say"
    console.note(f"{policies}, {done.right} of {fixtures}")
    return Exit.FINDINGS if has_errors(done.said) else Exit.CLEAN


def try_folders(folders: Folders) -> Said:
    """Read the policies and the fixtures of folders, and try one with the other."""
    from comb_compiler.policy.fixtures import FOLDER, read_fixtures, try_fixtures
    from comb_compiler.policy.library import CelLibrary
    from comb_compiler.workspace.policies import test_files

    policies, found = read_folders(folders)
    files: dict[str, bytes | Unavailable] = {}
    for path in folders.paths:
        files |= test_files(folders.checkout, path, FOLDER)
    read, told = contents(files)
    fixtures, wrong = read_fixtures(read)
    tried, came = try_fixtures(policies, fixtures, CelLibrary())
    said = in_reading_order((*found, *told, *wrong, *came))
    return Said(said, len(policies.policies), len(fixtures), sum(one.is_right for one in tried))
