"""Apply the repairs that findings offer, again and again until none is left.

Safe repairs keep what was meant for certain; `--unsafe` adds those that probably do. What no repair can mend is
reported, and makes the exit code 1, as in `comb check`.

example:
  comb fix . --diff        show what would change, and change nothing
  comb fix . --unsafe      did-you-mean repairs too
  comb fix . --from out    what the guide of `comb gate load --report out` gains most by
"""

import argparse

from comb_compiler.cli.advised import advise
from comb_compiler.cli.check import add_source_arguments, platform_path
from comb_compiler.cli.checking import Checking, open_root
from comb_compiler.cli.console import Console
from comb_compiler.cli.drafts import Drafts
from comb_compiler.cli.exits import Exit
from comb_compiler.cli.reporting import report, texts_of
from comb_compiler.cli.verdicts import VerdictCache
from comb_compiler.diagnostics import Applicability, Diagnostic, Fix, has_errors
from comb_compiler.diagnostics.fixes import repair_files

__all__ = ["add_arguments", "repair", "run"]

_ROUNDS = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_source_arguments(parser)
    parser.add_argument("--unsafe", action="store_true", help="apply repairs that change what the file says, too")
    parser.add_argument(
        "--from", dest="report", metavar="REPORT", help="apply advice of this report of `comb gate load`"
    )
    parser.add_argument("--advice", metavar="N", type=int, default=1, help="which (default: 1, what gains most)")
    parser.add_argument("--diff", action="store_true", help="print the changes as a patch, and write nothing")


def run(arguments: argparse.Namespace, console: Console) -> int:
    if arguments.report is not None:
        return _advised(arguments, console)
    drafts = Drafts(open_root(arguments))
    wanted = {Applicability.SAFE, *([Applicability.UNSAFE] if arguments.unsafe else [])}
    count, left = repair(drafts, arguments.paths, platform_path(arguments, drafts), wanted)
    files = len(drafts.changed)
    if arguments.diff:
        console.patch(drafts.diff())
    else:
        drafts.write()
        console.note(f"{count} fix{'es' if count != 1 else ''} applied in {files} file{'s' if files != 1 else ''}")
    console.note(report(left, "text", drafts, console).rstrip("\n"))
    return Exit.FINDINGS if has_errors(left) else Exit.CLEAN


def _advised(arguments: argparse.Namespace, console: Console) -> int:
    """One piece of advice: what each gains was reckoned for it alone. Nothing is written that would be a mistake."""
    drafts = Drafts(open_root(arguments))
    title = advise(drafts, arguments.report, arguments.advice)
    found = Checking(drafts, VerdictCache(None), platform_path(arguments, drafts)).run(arguments.paths).diagnostics
    if arguments.diff:
        console.patch(drafts.diff())
    elif not has_errors(found):
        drafts.write()
        console.note(f"{title}: done; `comb gate load` says what it gained")
    console.note(report(found, "text", drafts, console).rstrip("\n"))
    return Exit.FINDINGS if has_errors(found) else Exit.CLEAN


def repair(
    drafts: Drafts, paths: list[str], platform: str | None, wanted: set[Applicability]
) -> tuple[int, tuple[Diagnostic, ...]]:
    """Change `drafts` until no finding offers a wanted fix; how many were applied, and the findings that are left."""
    applied = 0
    for _ in range(_ROUNDS):
        found = Checking(drafts, VerdictCache(None), platform).run(paths).diagnostics
        fixes = [fix for fix in (diagnostic.fix for diagnostic in found) if fix and fix.applicability in wanted]
        repairs = repair_files(texts_of(found, drafts), _in_reach(fixes))
        if not repairs.texts:
            break
        for name, text in repairs.texts.items():
            drafts.change(name, text)
        applied += len(repairs.applied)
    return applied, found


def _in_reach(fixes: list[Fix]) -> list[Fix]:
    """The order in which repairs are chosen must not depend on where findings came from."""
    return sorted(fixes, key=lambda fix: [(edit.span, edit.text) for edit in fix.edits])
