"""Gates of a comb, each run as a process: what it says is read from its report, and trusted as little as its code."""

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from comb_compiler.cli.ci.imaging import Building
from comb_compiler.cli.ci.judging import Judged
from comb_compiler.cli.ci.processes import said_by, verdict_by
from comb_compiler.cli.ci.proving import Found, found_in
from comb_compiler.cli.ci.reading import read_written
from comb_compiler.cli.ci.report import BadReport, Comb, Verdict
from comb_compiler.cli.exits import Exit
from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["Terms", "asked_anew", "gated", "words_of"]

_MOST_BYTES = 64 << 20
_WORST = (Verdict.PASSED, Verdict.UNDECIDED, Verdict.FAILED, Verdict.BLOCKED, Verdict.REFUSED)
"""From the one that lets pass to the one that nobody needs to look behind."""
_TELLING = (Exit.FINDINGS, Exit.USAGE, Exit.OUTSIDE_FAILED)
"""Where a run ends so, its own words say why there is no report."""


class Terms(NamedTuple):
    """How gates are asked: the checkout's root, the commit to be held against, and what `comb gate` is told beside.

    `images` says how images are built before, if they are; `in_containers` whether gates run them.
    """

    root: str
    commit: str
    more: tuple[str, ...]
    reports: Path
    images: Building | None = None
    in_containers: bool = False


def words_of(arguments: argparse.Namespace) -> tuple[str, ...]:
    """What a command's own options tell `comb gate`, which runs in the checkout."""
    options = {"--platform": arguments.platform and os.path.abspath(arguments.platform), "--store": arguments.store}
    options |= {"--target": arguments.target, "--builder": arguments.builder}
    return tuple(word for name, value in options.items() if value for word in (name, value))


def gated(judged: Judged, terms: Terms, *, is_own: bool) -> Comb:
    """The comb with what its gates say of every subject that is another than before.

    Where none is, answers cannot differ: then the standard samples alone are asked, and whether less is, if the change
    `is_own`, of files that the comb itself names; and the load, where operators have something else or are called
    otherwise.
    """
    comb = _with_images(judged.comb, terms)
    if comb.verdict != Verdict.PASSED or not (judged.asked or (is_own and judged.gates)):
        return comb
    if not judged.gates:
        return comb._replace(remarks=(*comb.remarks, "comb.yaml asks for no gate: nothing is proven of what changes"))
    runs = [_run("all", one, comb.file, terms) for one in judged.asked]
    runs = runs or [_run("all" if judged.is_run_otherwise else "availability", comb.name, comb.file, terms)]
    verdict = max((comb.verdict, *(one.verdict for one in runs)), key=_WORST.index)
    gates = tuple(gate for one in runs for gate in one.gates)
    remarks = tuple(dict.fromkeys((*comb.remarks, *(said for one in runs for said in one.remarks))))
    return comb._replace(verdict=verdict, gates=gates, remarks=remarks)


def _with_images(comb: Comb, terms: Terms) -> Comb:
    """The comb, whose images are built if they are to be: what cannot be is known before any gate is asked."""
    if comb.verdict != Verdict.PASSED or terms.images is None:
        return comb
    failure = terms.images.failure(comb.name, comb.file, terms.root)
    return comb if failure is None else comb._replace(verdict=failure[0], remarks=(*comb.remarks, failure[1]))


def asked_anew(subject: str, file: str, terms: Terms) -> Found:
    """One run of all gates of a comb as written, or of the arm that `subject` names behind a slash."""
    return _run("all", subject, file, terms)


def _run(which: str, subject: str, file: str, terms: Terms) -> Found:
    arm = subject.partition("/")[2]
    place = subject.split("/")
    directory = terms.reports.joinpath(*place)
    command = [sys.executable, "-m", "comb_compiler", "gate", which, os.path.join(terms.root, file)]
    command += ["--baseline", terms.commit, "--report", str(directory), *terms.more, *(["--arm", arm] if arm else [])]
    command += terms.images.asked(place[0]) if terms.images is not None and terms.in_containers else ()
    _clear(directory)
    code, said = said_by(command, terms.root)
    try:
        return found_in(read_written(terms.reports, [*place, "report.json"], _MOST_BYTES), code, arm)
    except BadReport as reason:
        ended = f"`comb gate` ended with {code}, and its report does not count: {reason}"
        return Found(verdict_by(code), (), (said or ended,) if code in _TELLING else (ended, *([said] if said else [])))


def _clear(directory: Path) -> None:
    """What an earlier run found must not be taken for what this one does."""
    try:
        for file in (directory / "report.json", directory / "statement.json"):
            if file.is_dir() and not file.is_symlink():
                shutil.rmtree(file)
            file.unlink(missing_ok=True)
    except OSError as problem:
        raise OutsideFailure(f"`{directory}` cannot be written to: {problem.strerror}") from problem
