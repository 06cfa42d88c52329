"""The gates' part of `comb demo`: a change that makes things better, and one that breaks some."""

import argparse
import shutil
import textwrap
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.cli.console import Console
from comb_compiler.cli.gate.command import judged
from comb_compiler.cli.gate.showing import short_value
from comb_compiler.cli.gate.showing_guide import guide_lines
from comb_compiler.cli.gate.subjects import subjects_of
from comb_compiler.cli.opening import open_clean
from comb_compiler.gates import Verdict

if TYPE_CHECKING:
    from comb_compiler.gates import GateReport, SampleFinding

__all__ = ["show_gates"]

_ARM = "rotate"
_PLANTED = ("boxThreshold: 0.5", "boxThreshold: 0.8")
"""A parameter of the text detector as it is, and one with which it leaves out boxes that it is less sure of."""
_SLOW = ("wait: 4ms", "wait: 700ms")
"""How long a batch of pictures waits for others: so few come that it is in vain."""
_WIDTH, _MARGIN, _VERDICT = 100, 3, 10
_GUIDED = 8
"""Lines of the guide: what bounds the path, what that costs, and the three that gain most with what to write."""
_BRIEF = ("load: {steps: [3, 4], hold: 20s", "load: {steps: [3], hold: 20s")


def show_gates(console: Console, comb: Path, place: Path) -> None:
    """An arm of the example's against the comb as written; then a change of one number. Reports go below `place`."""
    console.result(
        f"\n5. gate     the arm `{_ARM}`, which turns lines that stand on their head, against the comb as it is"
    )
    _judge(console, "replay", comb, place / "rotate", _ARM)
    file = _planted(comb, place / "planted", _PLANTED)
    console.result(f"   and a change that breaks something: {_PLANTED[0]} becomes {_PLANTED[1].rpartition(' ')[2]}")
    _judge(console, "availability", file, place / "threshold")
    before = _planted(comb, place / "fast", _BRIEF)
    after = _planted(comb, place / "slow", _BRIEF, _SLOW)
    console.result(f"   and one that is slower: {_SLOW[0]} becomes {_SLOW[1].rpartition(' ')[2]} (two minutes of load)")
    _judge(console, "load", after, place / "load", baseline=str(before.parent))


def _planted(comb: Path, place: Path, *changes: tuple[str, str]) -> Path:
    """A copy of a comb with texts replaced by others: its file."""
    shutil.copytree(comb.parent, place, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    (place / ".git").mkdir()
    file = place / comb.name
    text = file.read_text(encoding="utf-8")
    for old, new in changes:
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    return file


def _judge(console: Console, which: str, comb: Path, report: Path, arm: str = "", baseline: str = "") -> None:
    from comb_compiler.cli.gate.writing import written

    baseline = baseline or (str(comb.parent) if arm else "none")
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
        store=f"embedded:{report.parent / 'samples' if which == 'replay' else report / 'records'}",
        history=report / "history",
        prometheus=None,
        saturation=False,
        flame=False,
    )
    candidate = open_clean(str(comb), console, "has gates")
    assert candidate is not None, "the demo has checked it"
    found, exam = judged(which, candidate, subjects_of(candidate), given, console)
    for line in _lines(found):
        console.result(_wrapped(line))
    written(found, report, exam.cases)
    console.result(f"   look at it: {report / 'report.html'}")


def _lines(report: "GateReport") -> list[str]:
    lines = []
    for gate in report.gates:
        if gate.ruling.verdict != Verdict.NOT_APPLICABLE:
            first, *others = gate.ruling.why
            lines.append(f"{gate.ruling.verdict.value:<9} {gate.gate}: {first}")
            lines += [f"{' ' * _VERDICT}{why}" for why in others if gate.load is not None]
            lines += [f"{' ' * _VERDICT}{one.kind} {one.name}: {_first(one)}" for one in gate.findings[:3]]
        if gate.load is not None and gate.load.guide is not None:
            lines += [f"       {line}" for line in islice(guide_lines(gate.load.guide), _GUIDED)]
    return lines


def _wrapped(line: str) -> str:
    """A line in as many as it takes; what goes on stands below the text."""
    text = line.lstrip()
    margin = " " * (_MARGIN + len(line) - len(text))
    hang = margin if len(text) < len(line) else " " * (_MARGIN + _VERDICT)
    return textwrap.fill(text, _WIDTH, initial_indent=margin, subsequent_indent=hang, break_on_hyphens=False)


def _first(one: "SampleFinding") -> str:
    place = one.places[0]
    if one.kind == "fixed":
        return one.about.rstrip(".").lower()
    return f"{place.place} {short_value(place.before)} → {short_value(place.after)}"
