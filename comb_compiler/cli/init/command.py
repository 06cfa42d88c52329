"""Make a repository that works at once, of a template; or bring what a later template has to one that was made so.

On a terminal it asks what it was not told; in a script it takes the defaults. No file is overwritten unasked.

templates:
  algorithm     a comb that works, with a model, samples, tests and a workflow
  environment   where combs are published and Flux deploys from

example:
  comb init algorithm digits
  comb init algorithm digits --set team=vision --set forge=gitlab --defaults
  comb init --update digits
"""

import argparse
import sys
from pathlib import Path

from comb_compiler import __version__
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.init.making import BadAnswers, File, make
from comb_compiler.cli.init.placing import in_the_way, write
from comb_compiler.cli.init.recorded import FILE, Recorded, recorded_bytes
from comb_compiler.cli.init.templates import KINDS, digest_of, installed
from comb_compiler.cli.init.updating import update
from comb_compiler.cli.reporting import report
from comb_compiler.diagnostics import Diagnostic, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.workspace.checkout import Checkout

__all__ = ["add_arguments", "blocking", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", metavar="TEMPLATE DIR", nargs="*", help="the template, and where to (default: here)")
    parser.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[], help="answer a question of the template"
    )
    parser.add_argument("--defaults", action="store_true", help="ask nothing, also on a terminal")
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")
    parser.add_argument("--update", action="store_true", help="bring what this Comb's template has, and keep changes")
    parser.add_argument(
        "--from",
        dest="before",
        metavar="WHEEL|DIR",
        help="with --update: the Comb that it was made by (default: pip fetches it)",
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    ask = not arguments.defaults and sys.stdin.isatty() and sys.stdout.isatty()
    answers = _answers(arguments.set)
    if arguments.update:
        if arguments.overwrite or len(arguments.words) > 1:
            raise UsageError("--update takes a directory at most, and never overwrites")
        return update(_directory(arguments.words), answers, arguments.before, console, ask=ask)
    if arguments.before is not None:
        raise UsageError("--from goes with --update")
    kind, root = _template(arguments.words)
    try:
        made = make(installed() / kind, root.name, answers, ask=ask)
    except BadAnswers as refused:
        raise UsageError(str(refused)) from refused
    recorded = Recorded(kind, __version__, digest_of(installed() / kind), made.answers)
    files = {**made.files, FILE: File(recorded_bytes(recorded))}
    blocked = [] if arguments.overwrite else in_the_way(root, files)
    if blocked and not (ask and _agreed(blocked)):
        root.mkdir(parents=True, exist_ok=True)
        found = blocking(blocked)
        console.result(report(found, "text", Checkout(str(root)), console))
        return Exit.FINDINGS
    write(root, files)
    place = arguments.words[1] if len(arguments.words) > 1 else "."
    console.result(printable(f"{place}: {len(files)} files; {Path(place, 'README.md')} says how to go on"))
    return Exit.CLEAN


def _template(words: list[str]) -> tuple[str, Path]:
    kinds = ", ".join(KINDS)
    if not words:
        raise UsageError(f"which template? comb init TEMPLATE DIR, with one of {kinds}")
    if words[0] not in KINDS:
        raise UsageError(f"there is no template `{words[0]}`: it is one of {kinds}")
    if len(words) > 2:
        raise UsageError("comb init takes a template and one directory")
    return words[0], _directory(words[1:])


def _directory(words: list[str]) -> Path:
    named = words[0] if words else "."
    if not named or "\0" in named:
        raise UsageError("this names no directory")
    root = Path(named).resolve()
    if root.exists() and not root.is_dir():
        raise UsageError(f"{named}: this is a file, and a directory is written")
    return root


def _answers(given: list[str]) -> dict[str, str]:
    answers = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not name or not equals:
            raise UsageError(f"--set {one}: NAME=VALUE is wanted")
        answers[name] = value
    return answers


def _agreed(blocked: list[str]) -> bool:
    names = printable(", ".join(blocked))
    return input(f"There is already: {names}. Replace? [y/N] ").strip().lower() in ("y", "yes")


def blocking(blocked: list[str]) -> list[Diagnostic]:
    """What is said of files that are in the way."""
    message, hint = (
        "this is there already, and nothing was written",
        "replace it: `--overwrite`; or choose another directory",
    )
    return [diagnose(codes.FILE_IN_THE_WAY, message, Span.whole_file(name), hints=(hint,)) for name in blocked]
