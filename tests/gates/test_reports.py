"""What people and programs read of gates, of hostile names and values too."""

import json
from datetime import date
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft7Validator

from comb_compiler.gates import Figure, GateReport, GateResult, Place, Ruling, SampleFinding, Verdict
from comb_compiler.gates.regular import FieldFinding
from comb_compiler.gates.reports import (
    FILES,
    Picture,
    pictures_of,
    report_html,
    report_json,
    report_junit,
    report_markdown,
    texts_of,
)
from comb_compiler.gates.weakening import Waiver, Weakening
from comb_compiler.gates.wording import listed
from tests.architecture.imports import ROOT

EVIL = "<script>alert(1)</script>|`x`\x00\x1b[31m {{ 7*7 }} {% raw %} ]]> &amp; \ud7ff"


def report(text: str = "plain", verdict: Verdict = Verdict.BLOCKED) -> GateReport:
    finding = SampleFinding(
        text, "broken", ("OK", "INTERNAL"), (Place(text, {"a": [text]}, float("nan")),), text, about=text
    )
    field = FieldFinding("text", 3, 90, 100, 1e-9, 0.001, is_broken=True)
    figure = Figure("answers that differ", 2, 100, 0.001, 0.06, 0.05, 0.01)
    gate = GateResult(
        "replay regular", Ruling(verdict, (text,), (figure,), 12), text, "0" * 64, 100, 99, 1, 1.5, (field,), (finding,)
    )
    return GateReport(
        text,
        "a" * 64,
        {"name": text, "subject": "b" * 64},
        "local",
        "local",
        "promised",
        text,
        (gate,),
        weakened(text)[:1],
    )


def weakened(text: str) -> tuple[Weakening, ...]:
    waiver = Waiver("name", "gates", "", text, text, date(2027, 1, 31))
    first = Weakening("gates.load", text, text, "comb.yaml:3:1", waiver)
    return first, first._replace(waiver=None), first._replace(waiver=None, expired=waiver)


@pytest.mark.parametrize("text", ["plain", EVIL])
@pytest.mark.parametrize("verdict", Verdict)
def test_json_is_as_its_schema_says(text: str, verdict: Verdict) -> None:
    schema = json.loads((ROOT / "schemas/gate-report.v1.schema.json").read_text(encoding="utf-8"))
    Draft7Validator.check_schema(schema)
    data = json.loads(report_json(report(text, verdict)))
    assert list(Draft7Validator(schema).iter_errors(data)) == []
    assert (data["version"], data["verdict"]) == (1, verdict.value)
    assert data["gates"][0]["findings"][0]["places"][0] == {"place": text, "before": {"a": [text]}, "after": "NaN"}


def test_the_schema_lets_nothing_else_in() -> None:
    schema = json.loads((ROOT / "schemas/gate-report.v1.schema.json").read_text(encoding="utf-8"))
    data = json.loads(report_json(report()))
    assert not Draft7Validator(schema).is_valid({**data, "verdict": "fine"})
    assert not Draft7Validator(schema).is_valid({**data, "more": 1})
    assert not Draft7Validator(schema).is_valid({**data, "gates": [{**data["gates"][0], "asked": -1}]})


@pytest.mark.parametrize("text", ["plain", EVIL])
def test_junit_is_xml_with_a_case_for_each_finding(text: str) -> None:
    root = ET.fromstring(report_junit(report(text)))
    (suite, _) = root.findall("testsuite")
    assert suite.attrib | {"time": ""} == {
        "name": "replay regular", "tests": "2", "failures": "2", "errors": "0", "skipped": "0", "time": ""
    }  # fmt: skip
    assert next(case.get("name") for case in suite.findall("testcase")) == "verdict"
    assert all(case.find("failure") is not None for case in suite.findall("testcase"))


def test_a_verdict_that_is_none_is_an_error_in_junit() -> None:
    root = ET.fromstring(report_junit(report(verdict=Verdict.UNDECIDED)))
    assert root.find("testsuite/testcase/error") is not None
    assert root.find("testsuite").get("errors") == "1"  # type: ignore[union-attr]


def test_nothing_that_is_said_becomes_html() -> None:
    page = report_html(report(EVIL), {EVIL: [Picture("frame", "data:image/png;base64,AAAA")]})
    assert "<script" not in page
    assert "{{ 7*7 }}" in page, "a template in a value is text"
    assert "default-src 'none'" in page
    assert page.count("<img") == 1


def test_nothing_that_is_said_leaves_its_place_in_markdown() -> None:
    page = report_markdown(report(EVIL))
    assert "<script" not in page
    assert all(line.count("|") in (0, 5, 6) for line in page.splitlines() if line.startswith("|"))


def test_what_markdown_would_read_is_shown_as_it_is() -> None:
    page = report_markdown(report("`a_b` #1"))
    assert "&#96;a&#95;b&#96; &#35;1" in page
    assert "&&" not in page
    assert "&#38;lt; is no &#60;" in report_markdown(report("&lt; is no <"))


def test_what_a_terminal_or_a_browser_would_obey_is_shown_by_name() -> None:
    turned = report("a\x1b[31mb\u202ec")
    assert "a␛&#91;31mb&#60;U+202E&#62;c" in report_markdown(turned)
    assert "a␛[31mb&lt;U+202E&gt;c" in report_html(turned, {})
    family = "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{ROCKET}"
    assert family in report_html(report(family), {}), "what is one sign stays one"


def test_pictures_are_told_by_their_bytes() -> None:
    png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    request = {"frames": [{"image": png, "name": "png" * 40}], "note": "A" * 100}
    assert pictures_of(request) == [Picture("frames[0].image", f"data:image/png;base64,{png}")]
    assert pictures_of({"image": png + "A" * 1_000_000}) == [Picture("image", "")]


def test_texts_are_what_no_bytes_are() -> None:
    request = {"frames": [{"image": "A" * 100, "caption": "Lift-off at 18:00"}], "name": "Ada", "blank": " ", "size": 3}
    assert texts_of(request) == [
        Picture("frames[0].caption", "", "Lift-off at 18:00"),
        Picture("name", "", "Ada"),
    ]
    assert texts_of({"text": "a b " * 100})[0].text == "a b " * 75 + "…"
    assert len(texts_of({"texts": ["a"] * 100})) == 4


def test_what_is_said_in_backticks_is_code_and_nothing_else() -> None:
    found = report("`<b>` and `x`", Verdict.PASSED)
    page = report_html(found, {found.gates[0].findings[0].name: [Picture("text", "", "<b>bold</b>")]})
    assert "<code>&lt;b&gt;</code> and <code>x</code>" in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "<b>" not in page


@pytest.mark.parametrize("text", ["plain", EVIL])
def test_every_file_says_what_is_weakened_and_by_whose_leave(text: str) -> None:
    found = report(text, Verdict.PASSED)._replace(weakened=weakened(text))
    assert found.verdict is Verdict.BLOCKED
    files = {name: make(found, {}) for name, make in FILES.items()}
    for name in ("report.html", "report.md", "junit.xml"):
        said = files[name].replace("&#96;", "`")
        for words in ("there is no waiver", "expired on 2027-01-31", "until 2027-01-31"):
            assert words in said, (name, words)
    schema = json.loads((ROOT / "schemas/gate-report.v1.schema.json").read_text(encoding="utf-8"))
    assert list(Draft7Validator(schema).iter_errors(json.loads(files["report.json"]))) == []
    suite = ET.fromstring(files["junit.xml"]).find("testsuite[@name='exam']")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("3", "2")


def test_a_name_begins_no_line_of_a_verdict() -> None:
    assert listed(["ada", "x\npassed: all"]) == "ada, x␊passed: all"
