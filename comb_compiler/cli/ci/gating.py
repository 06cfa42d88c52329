"""Gates of a comb, each run as a process: what it says is read from its report, and trusted as little as its code."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from comb_compiler.cli.ci.judging import Judged
from comb_compiler.cli.ci.report import Comb, Gate, Verdict
from comb_compiler.cli.exits import Exit
from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["Terms", "gated"]

_MOST_SAID = 2000
_WORST = (Verdict.PASSED, Verdict.UNDECIDED, Verdict.FAILED, Verdict.BLOCKED, Verdict.REFUSED)
"""From the one that lets pass to the one that nobody needs to look behind."""
_BY_CODE: dict[int, str] = {Exit.CLEAN: Verdict.PASSED, Exit.FINDINGS: Verdict.REFUSED}
"""What an exit code says by itself; for all others a report says it."""


class Terms(NamedTuple):
    """How gates are asked: the checkout's root, the commit to be held against, and what `comb gate` is told beside."""

    root: str
    commit: str
    more: tuple[str, ...]
    reports: Path


class _Run(NamedTuple):
    verdict: str
    gates: tuple[Gate, ...]
    remarks: tuple[str, ...]


def gated(judged: Judged, terms: Terms, *, is_own: bool) -> Comb:
    """The comb with what its gates say of every subject that is another than before.

    Where none is, answers cannot differ: then the standard samples alone are asked, if the change `is_own`, of files
    that the comb itself names.
    """
    comb = judged.comb
    if comb.verdict != Verdict.PASSED or not (judged.asked or (is_own and "availability" in judged.gates)):
        return comb
    if not judged.gates:
        return comb._replace(remarks=(*comb.remarks, "comb.yaml asks for no gate: nothing is proven of what changes"))
    runs = [_run("all", one, comb, terms) for one in judged.asked] or [_run("availability", comb.name, comb, terms)]
    verdict = max((comb.verdict, *(one.verdict for one in runs)), key=_WORST.index)
    gates = tuple(gate for one in runs for gate in one.gates)
    remarks = tuple(dict.fromkeys((*comb.remarks, *(said for one in runs for said in one.remarks))))
    return comb._replace(verdict=verdict, gates=gates, remarks=remarks)


def _run(which: str, subject: str, comb: Comb, terms: Terms) -> _Run:
    """One run of `comb gate`: of the comb as written, or of the arm that `subject` names behind a slash."""
    arm = subject.partition("/")[2]
    directory = terms.reports.joinpath(*subject.split("/"))
    command = [sys.executable, "-m", "comb_compiler", "gate", which, os.path.join(terms.root, comb.file)]
    command += ["--baseline", terms.commit, "--report", str(directory), *terms.more, *(["--arm", arm] if arm else [])]
    (directory / "report.json").unlink(missing_ok=True)
    try:
        done = subprocess.run(  # noqa: S603  the words are ours, paths, and a name that comb.yaml's own rules let pass
            command, cwd=terms.root, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError as problem:
        raise OutsideFailure(f"`comb gate` cannot be started: {problem.strerror}") from problem
    said = printable(done.stderr.decode("utf-8", "replace").strip())[-_MOST_SAID:]
    found = _reported(directory / "report.json")
    if found is None:
        return _Run(_without_report(done.returncode), (), (said or f"`comb gate` ended with {done.returncode}",))
    gates = tuple(_gate(one, arm) for one in found["gates"])
    verdict = _BY_CODE.get(done.returncode, found["verdict"])
    return _Run(verdict, gates, tuple(_weakened(one) for one in found["weakened"]))


def _reported(file: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return found


def _without_report(code: int) -> str:
    return Verdict.REFUSED if code in (Exit.FINDINGS, Exit.USAGE) else Verdict.FAILED


def _gate(found: dict[str, Any], arm: str) -> Gate:
    ruling = found["ruling"]
    name = f"{found['gate']} of {arm}" if arm else found["gate"]
    return Gate(name, ruling["verdict"], tuple(ruling["why"]), found["asked"])


def _weakened(found: dict[str, Any]) -> str:
    waiver = found["waiver"]
    passes = f"waived by {waiver['by']} until {waiver['until']}: {waiver['why']}" if waiver else "there is no waiver"
    return f"the change asks for less than before at {found['place']}: {found['said']}; {passes}"
