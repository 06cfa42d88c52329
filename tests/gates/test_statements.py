"""Statements of what gates found, and what is signed of them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from math import inf
from typing import Any

import pytest

from comb_compiler.gates import GateReport, GateResult, Ruling, Verdict
from comb_compiler.gates.load.judging import Finding
from comb_compiler.gates.load.results import LoadFound, StepFound, step_found
from comb_compiler.gates.load.seen import Observation, Side, Step
from comb_compiler.gates.statements import BadStatement, merged, statement_of

UNTIL = datetime(2027, 1, 1, tzinfo=UTC)
DIGEST, OTHER = "a" * 64, "b" * 64


def statement(
    *names: str, digest: str = DIGEST, verdict: Verdict = Verdict.PASSED, isolation: str = "local"
) -> dict[str, Any]:
    gate = GateResult("availability", Ruling(verdict, ("so",)), "samples/standard", "c" * 64, 3, 3, 0, 1.0)
    report = GateReport("ocr", digest, {}, "local", isolation, "", "`main`", (gate,))
    return statement_of(report, names, "git.example.com/team/combs", "job 7")


def _with(**predicate: Any) -> dict[str, Any]:
    made = statement("ocr")
    return {**made, "predicate": {**made["predicate"], **predicate}}


def test_statements_of_a_comb_and_of_its_arms_become_one() -> None:
    subjects = {"ocr": DIGEST, "ocr/same": DIGEST, "ocr/new": OTHER}
    container = statement("ocr", "ocr/same", isolation="container")
    made = merged([container, statement("ocr/new", digest=OTHER)], subjects, {}, UNTIL)
    assert {one["name"]: one["digest"]["sha256"] for one in made["subject"]} == subjects
    predicate = made["predicate"]
    assert (predicate["expires"], predicate["isolation"]) == ("2027-01-01T00:00:00+00:00", "local")
    assert [one["gate"] for one in predicate["gates"]] == ["availability", "availability"]


@pytest.mark.parametrize(
    ("given", "subjects", "said"),
    [
        (statement("ocr", verdict=Verdict.BLOCKED), {"ocr": DIGEST}, "did not pass: failed"),
        (statement("ocr", verdict=Verdict.UNDECIDED), {"ocr": DIGEST}, "did not pass: undecided"),
        (statement("ocr"), {"ocr": OTHER}, "another subject"),
        (statement("ocr"), {"ocr": DIGEST, "ocr/new": OTHER}, "nothing of that name"),
        (statement("ocr", isolation="none"), {"ocr": DIGEST}, "not known to be it"),
        ({**statement("ocr"), "predicateType": "other"}, {"ocr": DIGEST}, "no statement"),
        ({"subject": []}, {"ocr": DIGEST}, "no statement"),
        ({**statement("ocr"), "subject": [{"name": "ocr"}]}, {"ocr": DIGEST}, "no statement"),
        ({**statement("ocr"), "predicate": None}, {"ocr": DIGEST}, "no statement"),
        ({**statement("ocr"), "subject": [{"name": [], "digest": {"sha256": {}}}]}, {"ocr": DIGEST}, "no statement"),
        (_with(gates=None), {"ocr": DIGEST}, "no statement"),
        (_with(gates=[5]), {"ocr": DIGEST}, "no statement"),
        (_with(builder=None), {"ocr": DIGEST}, "no statement"),
    ],
)
def test_what_must_not_be_signed(given: Mapping[str, Any], subjects: dict[str, str], said: str) -> None:
    with pytest.raises(BadStatement, match=said):
        merged([given], subjects, {}, UNTIL)


def test_statements_of_two_runs_elsewhere_are_not_mixed() -> None:
    other = statement("ocr/new", digest=OTHER)
    other["predicate"]["repository"] = "git.example.com/else"
    with pytest.raises(BadStatement, match="differ in `repository`"):
        merged([statement("ocr"), other], {"ocr": DIGEST, "ocr/new": OTHER}, {}, UNTIL)


def test_what_two_jobs_found_is_said_to_be_from_both() -> None:
    later = statement("ocr/new", digest=OTHER)
    later["predicate"]["builder"] = "job 8"
    subjects = {"ocr": DIGEST, "ocr/new": OTHER}
    assert merged([statement("ocr"), later], subjects, {}, UNTIL)["predicate"]["builder"] == "job 7, job 8"
    assert merged([statement("ocr"), statement("ocr")], {"ocr": DIGEST}, {}, UNTIL)["predicate"]["builder"] == "job 7"


def test_who_was_asked_less_than_the_comb_asks_is_not_signed() -> None:
    asked = {"ocr": ["availability", "replay error"]}
    with pytest.raises(BadStatement, match="`ocr` was not asked all that its gates ask: replay error"):
        merged([statement("ocr")], {"ocr": DIGEST}, asked, UNTIL)
    assert merged([statement("ocr")], {"ocr": DIGEST}, {"ocr": ["availability"]}, UNTIL)


def test_a_load_is_of_one_class_of_machine_and_of_what_operators_had() -> None:
    load = LoadFound("x86_64, 2 CPUs", (), {}, "d" * 64)
    gate = GateResult("load", Ruling(Verdict.PASSED, ("so",)), "samples", "c" * 64, 3, 3, 0, 1.0, load=load)
    report = GateReport("ocr", DIGEST, {}, "local", "local", "", "`main`", (gate,))
    made = statement_of(report, ["ocr"], "git.example.com/team/combs", "job 7")
    (said,) = made["predicate"]["gates"]
    assert (said["machine"], said["resources"]) == ("x86_64, 2 CPUs", "d" * 64)
    assert merged([made], {"ocr": DIGEST}, {}, UNTIL, {"ocr": "d" * 64})
    with pytest.raises(BadStatement, match="loaded with other resources than its operators have here"):
        merged([made], {"ocr": DIGEST}, {}, UNTIL, {"ocr": "e" * 64})


def test_a_load_says_what_was_promised_and_what_was_found_at_each_rate() -> None:
    def step(rate: float, aspect: str, verdict: Verdict) -> StepFound:
        finding = Finding(aspect, "p95 within 200 ms", verdict, "so", upper=inf)
        return step_found(Step(rate, Side((Observation(30.0, [], [], []),))), (finding,))

    steps = (step(20.0, "promise", Verdict.PASSED), step(400.0, "saturation", Verdict.NOT_APPLICABLE))
    load = LoadFound("x86_64, 2 CPUs", steps, {"p95": 0.2}, "d" * 64)
    gate = GateResult("load", Ruling(Verdict.PASSED, ("so",)), "samples", "c" * 64, 3, 3, 0, 1.0, load=load)
    report = GateReport("ocr", DIGEST, {}, "local", "local", "", "`main`", (gate,))
    made = merged([statement_of(report, ["ocr"], "git.example.com/team/combs", "job 7")], {"ocr": DIGEST}, {}, UNTIL)
    (said,) = json.loads(json.dumps(made, allow_nan=False))["predicate"]["gates"]
    assert said["promised"] == {"p95": 0.2}
    assert [(one["rate"], one["seconds"]) for one in said["steps"]] == [(20.0, 30.0), (400.0, 30.0)]
    assert [one["found"] for one in said["steps"]] == [
        [{"aspect": "promise", "what": "p95 within 200 ms", "verdict": "passed", "why": "so"}],
        [{"aspect": "saturation", "what": "p95 within 200 ms", "verdict": "not applicable", "why": "so"}],
    ]


def test_what_was_held_against_nothing_is_said_to_be_new() -> None:
    subjects = {"ocr": DIGEST, "ocr/new": OTHER}
    arm, compared = statement("ocr/new", digest=OTHER), statement("ocr")
    arm["predicate"]["baseline"] = compared["predicate"]["baseline"] = {"name": "main", "subject": OTHER}
    alone = statement("ocr")
    alone["predicate"]["baseline"] = {}
    assert merged([alone, arm], subjects, {}, UNTIL)["predicate"]["new"] == ["ocr"]
    assert merged([alone, arm, compared], subjects, {}, UNTIL)["predicate"]["new"] == []
