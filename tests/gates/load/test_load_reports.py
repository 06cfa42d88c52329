"""What people and programs read of a load, of hostile names too."""

import json
import re
from random import Random

import pytest
from jsonschema import Draft7Validator

from comb_compiler.gates import GateReport, GateResult, Ruling, Verdict
from comb_compiler.gates.load.flames import Box, flame_of
from comb_compiler.gates.load.guide.model import Bound, Kind
from comb_compiler.gates.load.guide.wording import bounded_by
from comb_compiler.gates.load.judging import Finding
from comb_compiler.gates.load.operators import OperatorFound
from comb_compiler.gates.load.results import LoadFound, StepFound, step_found
from comb_compiler.gates.load.saturation import Probe, Saturation
from comb_compiler.gates.load.seen import Gpu, Observation, Side, Step, Turned, Used
from comb_compiler.gates.reports import FILES, report_html
from comb_compiler.gates.reports.loads import chart
from comb_compiler.gates.reports.timelines import histories, panels
from tests.architecture.imports import ROOT
from tests.gates.test_reports import EVIL


def side(rate: float, seconds: float, name: str, failing: float = 0.0) -> Side:
    draw = Random(rate)
    due = [number / rate for number in range(int(rate * seconds))]
    took = [0.05 * draw.lognormvariate(0, 0.4) * (1 + rate / 40) for _ in due]
    codes = ["TIMEOUT" if draw.random() < failing else "OK" for _ in due]
    used = [
        Used(at / 2, 0.4 * at + draw.random() / 10, 2e8 + 1e6 * at, 40, 12, (Gpu(name, draw.random(), 3 << 30, 61.0),))
        for at in range(int(2 * seconds) + 1)
    ]
    return Side((Observation(seconds, due, took, codes, used),), 0.02)


def step(rate: float, name: str = "NVIDIA L4", held: bool = False) -> StepFound:
    turned = Turned(side(rate, 20.0, name), side(rate, 20.0, name))
    found = step_found(Step(rate, side(rate, 20.0, name, 0.03) if held else None, None, turned))
    operators = (
        OperatorFound("text", name, 1.0, 0.03, 0.08, 0.07, 0.2, 0.04),
        OperatorFound("boxes", "detect", 1.0, 0.0, 0.03, 0.03, 0.05, 0.03),
        OperatorFound("unsafe", "nsfw", 0.5, 0.0, 0.05, 0.04, None, None),
    )
    findings = (
        Finding("promise", "p95 within 200 ms", Verdict.PASSED, name, 0.01, 0.0, 0.04, 0.05),
        Finding("baseline", "p50", Verdict.UNDECIDED, name, 1.08, 0.99, 1.16, 1.1, 12.0),
        *(Finding(aspect, "p50", Verdict.PASSED, name) for aspect in ("saturation", "memory", "history", "online")),
    )
    past = {"p50" if held else "p50 by turns": [0.05, 0.052, 0.049, 0.06, 0.051], "memory": [2e8] * 5}
    return found._replace(findings=findings, operators=operators, past=past, faults=(name,) if held else ())


def report(name: str = "NVIDIA L4") -> GateReport:
    probes = (
        Probe(20.0, True, Verdict.PASSED, name),
        Probe(40.0, False, Verdict.BLOCKED, name),
        Probe(28.3, True, Verdict.UNDECIDED, name),
    )
    load = LoadFound(name, (step(10.0, name), step(20.0, name, held=True)), {"p95": 0.2}, "d" * 64,
                     Saturation(33.6, 20.0, 40.0, probes, name), flame_of(f"main;{name};a 70\nmain;b 30"))  # fmt: skip
    gate = GateResult("load", Ruling(Verdict.UNDECIDED, (name,)), name, "0" * 64, 400, 394, 6, 150.0, load=load)
    return GateReport(name, "a" * 64, {"name": name, "subject": "b" * 64}, "local", "local", "promised", name, (gate,))


@pytest.mark.parametrize("name", ["NVIDIA L4", EVIL])
def test_a_load_is_as_the_schema_says_and_no_name_leaves_its_place(name: str) -> None:
    files = {kind: make(report(name), {}) for kind, make in FILES.items()}
    schema = json.loads((ROOT / "schemas/gate-report.v1.schema.json").read_text(encoding="utf-8"))
    assert list(Draft7Validator(schema).iter_errors(json.loads(files["report.json"]))) == []
    assert "<script" not in files["report.html"]
    assert all(line.count("|") in (0, 5, 6) for line in files["report.md"].splitlines() if line.startswith("|"))


def test_the_schema_knows_every_gain_and_every_bound() -> None:
    schema = json.loads((ROOT / "schemas/gate-report.v1.schema.json").read_text(encoding="utf-8"))["definitions"]
    assert set(schema["Advice"]["properties"]["gain"]["properties"]["kind"]["enum"]) == set(Kind)
    bounds = {bounded_by(Bound("slow", "told", 1.0, by)) for by in schema["GuideBound"]["properties"]["by"]["enum"]}
    assert len(bounds) == 5


def test_a_page_shows_a_load_second_by_second_its_past_its_saturation_and_its_operators() -> None:
    page = report_html(report(), {})
    for words in ("requests a second, and those in vain", "CPU, cores", "busiest GPU", "61 W", "Earlier runs",
                  "The highest rate that keeps the promise", "33.6 a second", "time goes", "100 stacks"):  # fmt: skip
        assert words in page, words
    assert [one.name for one in panels(step(10.0))][-1] == "busiest GPU"
    assert [one.name for one in histories(step(10.0))] == ["p50 by turns", "memory"]
    coordinates = [float(one) for line in re.findall(r'points="([^"]+)"', page) for one in re.split("[ ,]", line)]
    assert coordinates
    bars = re.findall(r'class="interval" d="M([^ ]+) ([^h]+)h6m-3 0V([0-9.]+)(m-3 0h6)?"', page)
    assert len(bars) == 12, "three quantiles of two sides at two rates"
    assert len({left for left, *_ in bars}) == 4, "those of the two sides are beside each other"
    assert all(float(high) <= float(low) for _, low, high, _ in bars)
    assert {bool(end) for *_, high, end in bars if float(high) > 12.0} == {True}
    assert not any(end for *_, high, end in bars if float(high) <= 12.0), "an end that is not known is not drawn"
    assert all(-1.0 <= one <= 640.0 for one in coordinates)
    order = [page.index(f"<code>{one}</code>") for one in ("boxes", "unsafe", "text")]
    assert order == sorted(order), "steps come as they run"


def test_names_of_quantiles_that_are_near_each_other_can_be_read() -> None:
    same = Side((Observation(20.0, [0.1 * one for one in range(200)], [0.05] * 200, ["OK"] * 200),))
    picture = chart(LoadFound("a machine", (step_found(Step(10.0, same)),), {}))
    assert picture is not None
    assert [name for name, _, _ in picture.names] == ["p50", "p95", "p99"]
    heights = [height for _, _, height in picture.names]
    assert heights == [heights[0], heights[0] - 11, heights[0] - 22]


def test_functions_are_as_wide_as_they_were_often_seen() -> None:
    found = flame_of("main (a.py:1);work 60\nmain (a.py:1);rest 39\nmain (a.py:1) 0\nother 1\nnothing\n\n")
    assert found.samples == 100
    assert set(found.boxes) == {
        Box("main (a.py:1)", 0, 0.0, 0.99),
        Box("rest", 1, 0.0, 0.39),
        Box("work", 1, 0.39, 0.6),
        Box("other", 0, 0.99, 0.01),
    }
    assert flame_of("nonsense\n").why == "nothing was seen of it"
    deep = flame_of(";".join("f" * 200 for _ in range(5000)) + " 3")
    assert len(deep.boxes) == 60


def test_a_load_of_a_service_that_cannot_be_measured_has_no_empty_pictures() -> None:
    bare = Side((Observation(0.5, [0.1], [0.01], ["OK"]),))
    found = step_found(Step(1.0, bare))
    assert panels(found) == ()
    assert list(histories(found)) == []
    load = LoadFound("a machine", (found,), {})
    gate = GateResult("load", Ruling(Verdict.PASSED, ("",)), "", "", 1, 1, 0, 1.0, load=load)
    assert "Where a request's time goes" not in report_html(report()._replace(gates=(gate,)), {})
