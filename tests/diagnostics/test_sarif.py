"""The SARIF form: valid by the standard's own schema, and as GitHub needs it."""

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from hypothesis import given, strategies as st
from jsonschema import Draft4Validator

from comb_compiler.diagnostics import (
    CODES,
    Applicability,
    Diagnostic,
    Edit,
    Fix,
    Label,
    Position,
    Severity,
    Span,
    codes,
)
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.diagnostics.render.sarif import render
from tests.diagnostics.strategies import FILES, diagnostics, texts

SCHEMA = json.loads((Path(__file__).parent / "data" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
VALIDATOR = Draft4Validator(SCHEMA)
STAGES = ("COMB0", "COMB1")
files = st.fixed_dictionaries({}, optional=dict.fromkeys(FILES, texts))


def at(line: int, start: int, end: int, file: str = "comb.yaml") -> Span:
    return Span(file, Position(line, start), Position(line, end))


def run_of(found: list[Diagnostic], texts: dict[str, str] | None = None) -> dict[str, Any]:
    """The only run of the report."""
    (run,) = json.loads(render(found, texts or {}))["runs"]
    assert isinstance(run, dict)
    return run


@given(diagnostics(stages=STAGES), files)
def test_it_is_valid_and_hides_nothing(found: list[Diagnostic], given_texts: dict[str, str]) -> None:
    document = json.loads(render(found, given_texts))
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []
    (run,) = document["runs"]
    notices = run["invocations"][0]["toolExecutionNotifications"]
    assert len(run["results"]) + len(notices) == len(set(found))
    prints = [result["partialFingerprints"]["combFinding/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)


@given(diagnostics(stages=STAGES))
def test_regions_are_ones_that_consumers_take(found: list[Diagnostic]) -> None:
    for result in run_of(found)["results"]:
        (place,) = result["locations"]
        region = place["physicalLocation"]["region"]
        start, end = (region["startLine"], region["startColumn"]), (region["endLine"], region["endColumn"])
        assert (1, 1) <= start <= end
        assert min(*start, *end) >= 1


def test_a_result_names_its_rule_place_and_advice() -> None:
    found = diagnose(
        codes.DUPLICATE_KEY,
        "the key `a` is given twice",
        at(3, 1, 2),
        label="again",
        related=(Label(at(1, 1, 2), "first"),),
        path="operators.a",
        hints=("keep one",),
    )
    run = run_of([found], {"comb.yaml": "a: 1\nb: 2\na: 3\n"})
    (result,) = run["results"]
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert (rule["id"], rule["name"], result["ruleId"], result["level"]) == (
        "COMB1004",
        "duplicate-key",
        "COMB1004",
        "error",
    )
    assert rule["shortDescription"]["text"] == "One mapping has the same key twice."
    assert rule["fullDescription"]["text"].startswith("The keys of a mapping are names, and a name can stand for one")
    assert rule["help"]["markdown"].startswith("# COMB1004: duplicate-key\n")
    assert result["message"]["text"] == "the key `a` is given twice.\nHelp: keep one."
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "comb.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 3, "startColumn": 1, "endLine": 3, "endColumn": 2},
    }
    assert result["locations"][0]["logicalLocations"] == [{"fullyQualifiedName": "operators.a"}]
    assert [place["message"]["text"] for place in result["relatedLocations"]] == ["first"]
    assert run["columnKind"] == "unicodeCodePoints"


def test_the_page_of_each_rule_is_in_the_report_and_no_site_is_named() -> None:
    driver = run_of([diagnose(code, "Offence.", at(1, 1, 2)) for code in CODES])["tool"]["driver"]
    assert "informationUri" not in driver
    assert len(driver["rules"]) == len(CODES)
    for rule in driver["rules"]:
        assert rule["help"]["markdown"].startswith(f"# {rule['id']}: ")
        assert "helpUri" not in rule


@given(st.lists(st.sampled_from(["# added", "other: 1", "", "  deep: x"]), min_size=1, max_size=5))
def test_fingerprints_stay_when_unrelated_lines_come(added: list[str]) -> None:
    old = "operators:\n  a: 1\n  a: 2\n"
    new = "\n".join([*added, old, *added])
    before = diagnose(codes.DUPLICATE_KEY, "one wording", at(3, 3, 4), path="operators[0].a")
    shift = len(added)
    after = diagnose(codes.DUPLICATE_KEY, "another wording", at(3 + shift, 3, 4), path="operators[1].a")
    prints = [
        run_of([found], {"comb.yaml": text})["results"][0]["partialFingerprints"]
        for found, text in ((before, old), (after, new))
    ]
    assert prints[0] == prints[1]


def test_fingerprints_tell_places_apart() -> None:
    text = "a: {x: 1, x: 2}\nb: {x: 1, x: 2}\na: {x: 1, x: 2}\n"
    places = [(1, 5), (1, 11), (2, 5), (2, 11), (3, 5), (3, 11)]
    found = [diagnose(codes.DUPLICATE_KEY, "same", at(line, column, column + 1)) for line, column in places]
    results = run_of(found, {"comb.yaml": text})["results"]
    assert len({result["partialFingerprints"]["combFinding/v1"] for result in results}) == len(places)


def test_paths_are_percent_encoded_below_the_root() -> None:
    awkward = "a b/ü:%#?&[x]\udc80.yaml"
    (result,) = run_of([diagnose(codes.EMPTY_FILE, "m", Span.whole_file(awkward))])["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.isascii()
    assert not set(" :#?&[]") & set(uri)
    assert unquote(uri, errors="surrogatepass") == awkward


def test_fixes_are_offered_but_those_that_are_only_shown() -> None:
    edit = Edit(at(1, 1, 2), "世\n")
    fixes = [Fix(kind.value, (edit,), kind) for kind in Applicability]
    found = [diagnose(codes.SYNTAX_ERROR, str(n), at(1, 1, 2), fix=fix) for n, fix in enumerate(fixes)]
    results = run_of(found)["results"]
    offered = [fix["description"]["text"] for result in results for fix in result.get("fixes", [])]
    assert offered == ["safe", "unsafe"]
    (change,) = results[0]["fixes"][0]["artifactChanges"]
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2},
            "insertedContent": {"text": "世\n"},
        }
    ]


def test_what_looks_like_a_link_in_a_message_is_none() -> None:
    (result,) = run_of([diagnose(codes.SYNTAX_ERROR, "`[click](https://evil)`", at(1, 1, 2))])["results"]
    assert "](" not in result["message"]["text"].replace("\\](", "")


def test_many_findings_take_time_by_their_number() -> None:
    found = [diagnose(codes.SYNTAX_ERROR, "m", at(n, 1, 2)) for n in range(1, 20_001)]
    begin = time.process_time()
    assert len(run_of(found, {"comb.yaml": "a: 1\n" * 20_000})["results"]) == 5000
    assert time.process_time() - begin < 15


def test_the_gravest_are_kept_and_the_others_counted() -> None:
    warnings = [diagnose(codes.AMBIGUOUS_SCALAR, "w", at(n, 1, 2)) for n in range(1, 5002)]
    errors = [diagnose(codes.SYNTAX_ERROR, "e", at(9000 + n, 1, 2)) for n in range(10)]
    run = run_of(warnings + errors)
    assert len(run["results"]) == 5000
    assert sum(result["level"] == "error" for result in run["results"]) == 10
    (notice,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notice["message"]["text"].startswith("11 findings are not shown here")
    assert "11 of severity warning" in notice["message"]["text"]


def test_a_finding_without_a_file_is_a_notification() -> None:
    run = run_of([diagnose(codes.NO_COMB_FOUND, "there is no comb.yaml", None)])
    (notice,) = run["invocations"][0]["toolExecutionNotifications"]
    assert run["results"] == []
    assert (notice["level"], notice["associatedRule"]["id"]) == ("error", "COMB0005")


def test_every_severity_has_its_level() -> None:
    found = [diagnose(codes.SYNTAX_ERROR, "m", at(1, 1, 2))._replace(severity=severity) for severity in Severity]
    assert sorted(result["level"] for result in run_of(found)["results"]) == ["error", "note", "warning"]
