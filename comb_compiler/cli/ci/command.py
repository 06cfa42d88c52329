"""Say all about a change in one report: the combs that it touches, what is wrong, what it does, what gates prove.

A comb is touched by a file that it reads: comb.yaml and comb.lock, protos, models, samples, operators' code; by the
platform and its policies all are. What is cheap comes first: of a comb with mistakes no image is built and no gate
asked, and of one whose images cannot be built no gate. Gates are held against the commit that the change began from,
and only where what they prove is another; else the standard samples alone are asked, and the load where operators have
something else than before or are called otherwise. The exit code is that of the gravest: 1 for findings, 3 for a gate.

The gates run code of the change: no secret belongs near this command. `comb ci comment` is a step of its own, and so is
`comb ci merged`, which comes after the merge.

example:
  comb ci --platform platform.yaml                                    what changed since the default branch
  comb ci --base origin/main --platform platform.yaml --out out       with a report for people and programs
  comb ci --platform platform.yaml --format github                    findings where a workflow shows them
"""

import argparse
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from comb_compiler.cli.against import name_of, open_against
from comb_compiler.cli.beside import Beside
from comb_compiler.cli.check import platform_path
from comb_compiler.cli.checking import Checking, open_root, same_names
from comb_compiler.cli.ci.change import Change, change_since
from comb_compiler.cli.ci.gating import Terms, gated, words_of
from comb_compiler.cli.ci.imaging import building_of
from comb_compiler.cli.ci.judging import Judged, Sides, findings_of, judge
from comb_compiler.cli.ci.markdown import as_text
from comb_compiler.cli.ci.report import VERSION, Comb, Report, Verdict, report_bytes
from comb_compiler.cli.ci.touched import Touched, removed_combs, rested_on, touched
from comb_compiler.cli.ci.writing import write_report
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.plan_against import read_platform
from comb_compiler.cli.plan_opening import open_base
from comb_compiler.cli.reporting import report as told
from comb_compiler.cli.verdicts import Verdict as Known, VerdictCache, default_directory
from comb_compiler.compiler import check
from comb_compiler.diagnostics import Diagnostic, has_errors, in_reading_order
from comb_compiler.source.memo import Memo
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.discovery import find_combs
from comb_compiler.workspace.past import Past
from comb_compiler.workspace.sources import load_sources

__all__ = ["add_arguments", "run"]

_CONTAINER = "container"
_FORMATS = ("text", "json", "github", "gitlab")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("paths", metavar="PATH", nargs="*", default=["."], help="where combs are looked for (default: here and below)")
    add("--base", metavar="REV", help="the branch that it is to be merged into (default: the default branch)")
    add("--platform", metavar="FILE", help="the platform.yaml that combs run on; without it nothing is planned")
    add("--environment", metavar="NAME", action="append", default=[], help="plan for this one (default: for all)")
    add("--store", metavar="STORE", help="where recorded requests are; not for changes that nobody has reviewed")
    add("--target", metavar="local|container", default="local", help="where gates run it (default: local)")
    add("--build", metavar="DIR", help="build the images of each comb there before its gates; containers run them")
    add("--builder", metavar="TEXT", help="what runs the gates, as the address of a job (default: user and machine)")
    add("--at-once", metavar="N", type=int, default=2, help="combs whose gates run at the same time (default: 2)")
    add("--no-gates", action="store_true", help="ask no gate: say what is wrong and what changes")
    add("--out", metavar="DIR", help="write report.json, report-N.md, plan-N.md, comb.sarif, junit.xml, gates/ there")
    add("--format", choices=_FORMATS, default="text", help="what is written (default: text)")
    add("--root", metavar="DIR", help="the root of the checkout (default: where .git is)")
    add("--no-cache", action="store_true", help="work everything out anew")


def run(arguments: argparse.Namespace, console: Console) -> int:
    if arguments.at_once < 1:
        raise UsageError("--at-once: at least one comb has to be under way")
    if arguments.target == _CONTAINER and arguments.build is None:
        raise UsageError("--target container runs images: say where they are built, with --build DIR")
    if arguments.build is not None and arguments.platform is None:
        raise UsageError("--build: images are built for a platform: name it with --platform")
    checkout = Checkout(open_root(arguments))
    change = change_since(checkout.root, arguments.base)
    memo = VerdictCache(None if arguments.no_cache else default_directory()).memo
    with _reports(arguments.out) as reports:
        report, judged, others = _reported(checkout, change, memo, arguments, reports)
        found = in_reading_order((*others, *(one for comb in judged for one in comb.diagnostics)))
        if arguments.out is not None:
            write_report(Path(arguments.out), report, [one for comb in judged for one in comb.changes], found, checkout)
    if arguments.format == "text":
        console.result(as_text(report, console.width if console.is_terminal else None))
    elif arguments.format == "json":
        console.result(report_bytes(report).decode("ascii"))
    else:
        console.result(told(found, arguments.format, checkout, console))
    return report.exit


@contextmanager
def _reports(out: str | None) -> Iterator[Path]:
    """Where gates write theirs: kept in the directory that is named, else gone with the run."""
    if out is not None:
        yield Path(os.path.abspath(out), "gates")
        return
    with TemporaryDirectory(prefix="comb-ci-") as directory:
        yield Path(directory)


def _reported(
    checkout: Checkout, change: Change, memo: Memo, arguments: argparse.Namespace, reports: Path
) -> tuple[Report, list[Judged], tuple[Diagnostic, ...]]:
    """The report, what is known of each comb, and what is wrong beside any."""
    mains, looked = find_combs(checkout, arguments.paths)
    with ExitStack() as stack:
        past = stack.enter_context(Past(checkout.root, change.commit))
        sides, wrong, rested = _sides(checkout, change, past, memo, arguments, stack)
        known = _everyone(sides, mains, arguments)
        if known is not None:
            sides = sides._replace(others=known.of)
            wrong = (*wrong, *known.unknown(()))
        combs = touched(checkout, past, mains, change.files, rested, memo)
        removed = removed_combs(checkout, past, mains, change.files)
        judged = [judge(one, sides) for one in combs] if not has_errors(wrong) else []
        others = (*(looked if mains or not removed else ()), *wrong, *_twice(checkout, mains, memo))
    done = tuple(one.comb for one in judged)
    if not arguments.no_gates and not has_errors(others):
        done = _gated(combs, judged, _terms(change, sides, arguments, reports), arguments.at_once)
    verdict, code = _gravest(done, has_errors(others) or bool(change.conflicts))
    found = findings_of(others)
    counts = (change.behind, len(change.files), change.conflicts)
    return Report(VERSION, verdict, code, change.base, change.commit, *counts, removed, found, done), judged, others


def _sides(
    checkout: Checkout, change: Change, past: Past, memo: Memo, arguments: argparse.Namespace, stack: ExitStack
) -> tuple[Sides, tuple[Diagnostic, ...], tuple[str, ...]]:
    """Both ends of the change, what is wrong with the platform, and what changed of it."""
    against = open_against(change.commit, checkout, memo)
    file = platform_path(arguments, checkout)
    if file is None:
        if arguments.environment:
            raise UsageError("--environment is one of a platform: name it with --platform")
        return Sides(checkout, past, against, None, None, (), memo), (), ()
    asked = [
        read_platform(checkout, argparse.Namespace(**{**vars(arguments), "environment": one}), None, memo)
        for one in arguments.environment or [None]
    ]
    here = asked[0].here
    environments = tuple(dict.fromkeys(name for one in asked for name in one.environments))
    rested = rested_on(checkout, past, file, change.files, memo)
    base = open_base(change.commit, here, stack) if here is not None else None
    return Sides(checkout, past, against, here, base, environments, memo), asked[0].diagnostics, rested


def _everyone(sides: Sides, mains: Sequence[str], arguments: argparse.Namespace) -> Beside | None:
    """What all combs of the checkout claim, where a policy asks for that."""
    if sides.here is None:
        return None
    cache = VerdictCache(None if arguments.no_cache else default_directory())
    return Checking(sides.checkout, cache, sides.here.sources.main).everyone(mains, sides.environments)


def _twice(checkout: Checkout, mains: Sequence[str], memo: Memo) -> list[Diagnostic]:
    """Combs of one name, wherever they are; those that share theirs with none are not checked for it."""
    names = {main: name_of(main, checkout.read(main)) for main in mains}
    counts = Counter(names.values())
    shared = [main for main in mains if counts[names[main]] > 1]
    return same_names(Known(*check(load_sources(checkout, main, memo), memo=memo)[:5]) for main in shared)


def _gated(combs: Sequence[Touched], judged: Sequence[Judged], terms: Terms, at_once: int) -> tuple[Comb, ...]:
    """All combs with what their images and gates say, in their order."""
    with ThreadPoolExecutor(at_once) as pool:
        asked = [
            pool.submit(gated, one, terms, is_own=bool(comb.own)) for comb, one in zip(combs, judged, strict=False)
        ]
        return tuple(one.result() for one in asked)


def _terms(change: Change, sides: Sides, arguments: argparse.Namespace, reports: Path) -> Terms:
    images = building_of(arguments, _built_for(sides)) if arguments.build is not None else None
    in_containers = arguments.target == _CONTAINER
    return Terms(sides.checkout.root, change.commit, words_of(arguments), reports, images, in_containers)


def _built_for(sides: Sides) -> str:
    """The environment whose images are built: the only one that is planned for, or that asks for evidence."""
    assert sides.here is not None, "a platform with mistakes has no combs that are gated"
    strict = [name for name in sides.environments if sides.here.platform.environments[name].evidence]
    for names in (sides.environments, strict):
        if len(names) == 1:
            return names[0]
    raise UsageError(
        f"--build: images are made for an environment: name one of {', '.join(sides.environments)} with --environment"
    )


_ENDS = (
    (Verdict.REFUSED, Exit.FINDINGS),
    (Verdict.BLOCKED, Exit.GATE_BLOCKS),
    (Verdict.FAILED, Exit.OUTSIDE_FAILED),
    (Verdict.UNDECIDED, Exit.GATE_BLOCKS),
)


def _gravest(combs: Sequence[Comb], is_refused: bool) -> tuple[str, Exit]:
    """The verdict on the whole change, and the exit code."""
    verdicts = {one.verdict for one in combs} | ({Verdict.REFUSED} if is_refused else set())
    return next(((verdict, code) for verdict, code in _ENDS if verdict in verdicts), (Verdict.PASSED, Exit.CLEAN))
