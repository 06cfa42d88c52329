"""A report → the files that forges and people take it from."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from comb_compiler.changes import CombChanges
from comb_compiler.changes.markdown import comments
from comb_compiler.cli.ci.markdown import as_comments
from comb_compiler.cli.ci.report import Comb, Finding, Report, Verdict, report_bytes
from comb_compiler.cli.reporting import texts_of
from comb_compiler.diagnostics import Diagnostic
from comb_compiler.diagnostics.render import FORMATS
from comb_compiler.diagnostics.render.printable import encodable, printable
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["write_report"]

_BAD = {Verdict.BLOCKED: "failure", Verdict.UNDECIDED: "error"}


def write_report(
    directory: Path, report: Report, changes: Sequence[CombChanges], found: Sequence[Diagnostic], checkout: Checkout
) -> None:
    """Write all of them. Comments of an earlier run that are none any more go. Raises OutsideFailure."""
    files = {
        "report.json": report_bytes(report).decode("ascii"),
        "comb.sarif": FORMATS["sarif"](found, texts_of(found, checkout)),
        "junit.xml": _junit(report),
        **_numbered("report", as_comments(report)),
        **_numbered("plan", comments(report.base, [one for one in changes if not one.is_empty]) if changes else ()),
    }
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for old in (*directory.glob("report-*.md"), *directory.glob("plan-*.md")):
            old.unlink()
        for name, text in files.items():
            (directory / name).unlink(missing_ok=True)  # gates ran code here: a link would lead to another file
            with (directory / name).open("x", encoding="utf-8") as file:
                file.write(encodable(text))
    except OSError as problem:
        why = (problem.strerror or "no place").lower()
        raise OutsideFailure(f"the report cannot be written to `{directory}`: {why}") from problem


def _numbered(name: str, texts: Iterable[str]) -> dict[str, str]:
    return {f"{name}-{number}.md": text for number, text in enumerate(texts, 1)}


def _junit(report: Report) -> str:
    """A suite a comb: its check, and each of its gates."""
    root = ET.Element("testsuites", name="comb ci")
    _suite(root, "change", [("check", _wrong(report.findings), "failure")])
    for comb in report.combs:
        _suite(root, comb.name or comb.file, list(_cases(comb)))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _cases(comb: Comb) -> Iterator[tuple[str, str, str]]:
    """Each by its name, with what is wrong, and how JUnit calls that."""
    yield "check", _wrong(comb.findings), "failure"
    for gate in comb.gates:
        said = "\n".join(gate.why) or gate.verdict
        bad = _BAD.get(gate.verdict, "")
        yield gate.gate, said if bad else "", bad
    if comb.verdict != Verdict.PASSED and not any(one.verdict in _BAD for one in comb.gates):
        wrong = _wrong(comb.findings)
        yield "gates", "" if wrong else "\n".join(comb.remarks) or comb.verdict, "error"


def _wrong(found: Iterable[Finding]) -> str:
    return "\n".join(f"{one.file}:{one.line}: {one.code} {one.message}" for one in found if one.severity == "error")


def _suite(root: ET.Element, name: str, cases: Sequence[tuple[str, str, str]]) -> None:
    bad = [kind for _, said, kind in cases if said]
    counts = {"tests": len(cases), "failures": bad.count("failure"), "errors": bad.count("error")}
    suite = ET.SubElement(
        root, "testsuite", {"name": printable(name), **{key: str(one) for key, one in counts.items()}}
    )
    for title, said, kind in cases:
        case = ET.SubElement(suite, "testcase", classname=printable(name), name=printable(title))
        if said:
            text = printable(said)
            ET.SubElement(case, kind, message=text.partition("\n")[0]).text = text
