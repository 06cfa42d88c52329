"""The gates' part of `comb demo`: a change that makes things better, and one that breaks some."""

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.cli.console import Console
from comb_compiler.cli.gate.command import judged
from comb_compiler.cli.gate.showing import short_value
from comb_compiler.cli.gate.subjects import subjects_of
from comb_compiler.cli.opening import open_clean

if TYPE_CHECKING:
    from comb_compiler.gates import GateReport, SampleFinding

__all__ = ["show_gates"]

_ARM = "rotate"
_PLANTED = ("boxThreshold: 0.5", "boxThreshold: 0.8")
"""A parameter of the text detector as it is, and one with which it leaves out boxes that it is less sure of."""


def show_gates(console: Console, comb: Path, place: Path) -> None:
    """An arm of the example's against the comb as written; then a change of one number. Reports go below `place`."""
    console.result(
        f"\n5. gate     the arm `{_ARM}`, which turns lines that stand on their head, against the comb as it is"
    )
    _judge(console, "replay", comb, place / "rotate", _ARM)
    planted = place / "planted"
    shutil.copytree(comb.parent, planted, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    (planted / ".git").mkdir()
    file = planted / comb.name
    file.write_text(file.read_text(encoding="utf-8").replace(*_PLANTED), encoding="utf-8")
    console.result(f"   and a change that breaks something: {_PLANTED[0]} becomes {_PLANTED[1].rpartition(' ')[2]}")
    _judge(console, "availability", file, place / "threshold")


def _judge(console: Console, which: str, comb: Path, report: Path, arm: str = "") -> None:
    from comb_compiler.cli.gate.writing import written

    baseline = str(comb.parent) if arm else "none"
    given = argparse.Namespace(
        baseline=baseline,
        platform=None,
        target="local",
        images=None,
        baseline_images=None,
        arm=arm,
        at_once=2,
        patient=True,
        fresh=True,
        store=f"embedded:{report}/records",
    )
    candidate = open_clean(str(comb), console, "has gates")
    assert candidate is not None, "the demo has checked it"
    found, exam = judged(which, candidate, subjects_of(candidate), given, console)
    for line in _lines(found):
        console.result(f"   {line}")
    written(found, report, exam.cases)
    console.result(f"   look at it: {report / 'report.html'}")


def _lines(report: "GateReport") -> list[str]:
    lines = []
    for gate in report.gates:
        if gate.asked:
            lines.append(f"{gate.ruling.verdict.value:<8} {gate.gate}: {gate.ruling.why[0]}")
            lines += [f"         {one.kind} {one.name}: {_first(one)}" for one in gate.findings[:3]]
    return lines


def _first(one: "SampleFinding") -> str:
    place = one.places[0]
    if one.kind == "fixed":
        return one.about.rstrip(".").lower()
    return f"{place.place} {short_value(place.before)} → {short_value(place.after)}"
