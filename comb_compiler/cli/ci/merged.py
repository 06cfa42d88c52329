"""After the merge: sign what the gates found of a change, as far as it is about what was merged.

Subjects are worked out anew from the checkout. Where a comb's is what its gates proved, its evidence is signed, into a
file of its own for `comb publish --evidence`; else it is said which gates have to run again, and the exit code is 3. It
is a step of its own, where the key is, and runs no code of the change.

example:
  comb ci merged out --key ci_ed25519 --as ci -o evidence            out is what `comb ci --out out` wrote
  comb publish combs/ocr --platform platform.yaml --environment production --evidence evidence/ocr.json
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from comb_compiler.cli.against import name_of
from comb_compiler.cli.checking import common_root
from comb_compiler.cli.ci.comment import read_report
from comb_compiler.cli.ci.report import Comb, Verdict
from comb_compiler.cli.console import Console
from comb_compiler.cli.evidence import sign
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.discovery import find_combs
from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("out", metavar="OUT", help="what `comb ci --out OUT` wrote about the change")
    add("paths", metavar="PATH", nargs="*", default=["."], help="where combs are looked for (default: here and below)")
    sign.add_signing_arguments(parser)
    add("-o", "--output", metavar="DIR", default="evidence", help="where evidence is written (default: evidence)")


def run(arguments: argparse.Namespace, console: Console) -> int:
    out = Path(arguments.out)
    report = read_report(out / "report.json")
    checkout = Checkout(common_root(arguments.paths))
    mains, _ = find_combs(checkout, arguments.paths)
    there = {name_of(main, checkout.read(main)): main for main in mains}
    _make(Path(arguments.output))
    left = []
    for comb in report.combs:
        if not comb.name or comb.name not in there:  # what a report says is anyone's: its words are not shown
            console.result("a comb of the report is not in what was merged")
        elif comb.proven:
            console.result(f"{comb.name}: what is proven of it is as before")
        elif not _signed(comb, Path(checkout.root, there[comb.name]), out, arguments, console):
            left.append(comb.name)
    for name in left:
        console.result(f"{name}: its gates have to run again: comb gate {Path(there[name]).parent}")
    return Exit.GATE_BLOCKS if left else Exit.CLEAN


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise OutsideFailure(f"`{directory}` cannot be made: {problem.strerror}") from problem


def _signed(comb: Comb, main: Path, out: Path, arguments: argparse.Namespace, console: Console) -> bool:
    """Whether there is evidence now; why not is told."""
    statements = list(_statements(out / "gates" / comb.name))
    if comb.verdict != Verdict.PASSED or not statements:
        console.note(f"{comb.name}: nothing proves it: it was {comb.verdict}, with {len(statements)} statements")
        return False
    output = str(Path(arguments.output, f"{comb.name}.json"))
    asked = argparse.Namespace(**{**vars(arguments), "statements": statements, "comb": [str(main)], "output": output})
    try:
        return sign.run(asked, console) == Exit.CLEAN
    except UsageError as problem:
        console.note(f"{comb.name}: {problem}")
        return False


def _statements(directory: Path) -> Iterator[str]:
    """Those of the comb as written, and of its arms."""
    for one in (directory, *sorted(directory.glob("*/"))):
        if (one / "statement.json").is_file():
            yield str(one / "statement.json")
