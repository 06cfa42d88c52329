"""A gate report as JUnit's XML, which CI servers show: a suite a gate, with its verdict and findings as cases."""

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from comb_compiler.gates.results import GateReport, GateResult, SampleFinding
from comb_compiler.gates.verdicts import Verdict
from comb_compiler.gates.weakening import Weakening

__all__ = ["report_junit"]

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FAILURES = ("broken", "wrong")


def report_junit(report: GateReport) -> str:
    """The file's content. A gate that blocks is a failure, one that could not decide an error."""
    root = ET.Element("testsuites", name=_text(report.comb))
    for gate in report.gates:
        root.append(_suite(gate))
    if report.weakened:
        root.append(_exam(report.weakened))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(gate: GateResult) -> ET.Element:
    verdict = gate.ruling.verdict
    wrong = [one for one in gate.findings if one.kind in _FAILURES]
    failures = len(wrong) + (verdict is Verdict.BLOCKED)
    suite = ET.Element(
        "testsuite",
        name=gate.gate,
        tests=str(1 + len(wrong)),
        failures=str(failures),
        errors=str(int(verdict is Verdict.UNDECIDED)),
        skipped=str(int(verdict is Verdict.NOT_APPLICABLE)),
        time=f"{gate.seconds:.3f}",
    )
    case = ET.SubElement(suite, "testcase", classname=gate.gate, name="verdict", time=f"{gate.seconds:.3f}")
    kind = {Verdict.BLOCKED: "failure", Verdict.UNDECIDED: "error", Verdict.NOT_APPLICABLE: "skipped"}.get(verdict)
    if kind is not None:
        ET.SubElement(case, kind, message=_text(gate.ruling.why[0])).text = _text("\n".join(gate.ruling.why))
    for one in wrong:
        _finding(suite, gate.gate, one)
    return suite


def _exam(weakened: Sequence[Weakening]) -> ET.Element:
    """What is weakened: a failure where nothing lets it pass."""
    failures = sum(1 for one in weakened if one.waiver is None)
    suite = ET.Element("testsuite", name="exam", tests=str(len(weakened)), failures=str(failures))
    for one in weakened:
        case = ET.SubElement(suite, "testcase", classname="exam", name=_text(one.field))
        said = f"{one.place}: {one.said}; {one.passes}"
        if one.waiver is None:
            ET.SubElement(case, "failure", message=_text(said))
        else:
            ET.SubElement(case, "system-out").text = _text(said)
    return suite


def _finding(suite: ET.Element, gate: str, one: SampleFinding) -> None:
    case = ET.SubElement(suite, "testcase", classname=gate, name=_text(one.name))
    lines = [f"{place.place}: {place.before!r} → {place.after!r}" for place in one.places]
    failure = ET.SubElement(case, "failure", message=_text(f"{one.kind}: {lines[0] if lines else one.message}"))
    failure.text = _text("\n".join([*lines, one.message]).strip())


def _text(text: str) -> str:
    """Text without what XML has no form for."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
