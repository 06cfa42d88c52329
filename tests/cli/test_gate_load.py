"""`comb gate load` on small combs whose behaviour is known, as processes of their own under a real load."""

import json
from pathlib import Path

import pytest

from comb_compiler.cli.console import Console
from comb_compiler.cli.gate.exam import exam_of
from comb_compiler.cli.gate.machines import machine_class
from comb_compiler.cli.opening import Clean, open_clean
from tests.cli.test_gate import gate, greeting

GATES = """\
gates:
  availability: {samples: samples/standard}
  load: {steps: [10, 20], hold: HOLDs}
"""
SLA = "sla: {deadline: 5s, p50: 2s, p95: 3s, timeoutRate: 10%, errorRate: 10%}\n"


def loaded(directory: Path, body: str, hold: float = 4, sla: str = SLA) -> Path:
    """A comb that does what `body`, an expression over `text`, does; its deadlines leave room on a slow machine."""
    made = greeting(directory, body)
    text = (made / "comb.yaml").read_text("utf-8")
    text = text[: text.index("sla:")].replace("timeout: 30s", "timeout: 5s")
    (made / "comb.yaml").write_text(text + sla + GATES.replace("HOLD", f"{hold:g}"), encoding="utf-8")
    code = (made / "operators.py").read_text("utf-8")
    (made / "operators.py").write_text("import time\n" + code, encoding="utf-8")
    return made


def asked_for_an_error(directory: Path) -> None:
    """A sample of an answer that is none: it is quick, and no load is made of it."""
    place = directory / "samples/standard/nobody"
    place.mkdir()
    (place / "request.json").write_text('{"name": {"text": "nobody"}}', encoding="utf-8")
    (place / "sample.json").write_text('{"error": "INVALID_ARGUMENT"}', encoding="utf-8")


def fails_of_nobody(seconds: float) -> str:
    return f'1 / 0 if text == "nobody" else {slow(seconds)}'


def slow(seconds: float) -> str:
    return f'(time.sleep({seconds}), "Hello " + text)[1]'


def test_a_version_that_is_as_fast_passes_and_is_remembered(tmp_path: Path) -> None:
    before, after = (
        loaded(tmp_path / "before", fails_of_nobody(0.02), hold=5),
        loaded(tmp_path / "after", fails_of_nobody(0.0201), hold=5),
    )
    history = tmp_path / "history"
    for directory in (before, after):
        asked_for_an_error(directory)
    ran, report = gate(after, "load", "--baseline", str(before), "--history", str(history))
    (found,) = report["gates"]
    assert found["gate"] == "load"
    assert found["ruling"]["verdict"] in ("passed", "undecided"), ran.out
    assert [step["rate"] for step in found["load"]["steps"]] == [10, 20]
    assert found["load"]["machine"] == machine_class()
    step = found["load"]["steps"][0]
    assert step["candidate"]["requests"] == sum(step["candidate"]["codes"].values()) > 30
    assert step["candidate"]["latencies"]["p50"] > 0.02
    assert step["candidate"]["codes"].keys() == {"OK"}
    assert step["candidate"]["cpu"] > 0
    assert step["candidate"]["memory"] > 10e6
    kept = [json.loads(line) for line in (history / "greeting.jsonl").read_text("utf-8").splitlines()]
    trusted = [step["rate"] for step in found["load"]["steps"] if not step["faults"]]  # a busy machine is late itself
    assert [line["rate"] for line in kept] == trusted
    names = {10: {"p50 by turns", "p95 by turns", "cpu", "memory"}, 20: {"p50", "p95", "cpu", "memory"}}
    assert all(line["figures"].keys() == names[line["rate"]] for line in kept)
    assert [step["held"] for step in found["load"]["steps"]] == [False, True]
    assert sum(moment["requests"] for moment in step["timeline"]) == step["candidate"]["requests"]
    assert any(moment["cpu"] for moment in step["timeline"])


def test_a_slow_version_is_blocked_with_the_figures_that_show_it(tmp_path: Path) -> None:
    # Long enough, and slow enough, that a machine with fifteen processes for each core tells the two apart as well.
    before, after = loaded(tmp_path / "before", slow(0.01), hold=8), loaded(tmp_path / "after", slow(0.1), hold=8)
    ran, report = gate(after, "load", "--baseline", str(before), "--history", str(tmp_path / "history"))
    assert ran.code == 3
    (found,) = report["gates"]
    assert found["ruling"]["verdict"] == "blocked"
    (median,) = [
        one for one in found["load"]["steps"][0]["findings"] if (one["aspect"], one["what"]) == ("baseline", "p50")
    ]
    assert median["verdict"] == "blocked", ran.out
    assert 1 < median["lower"] < median["value"]
    assert f"10 a second, baseline, p50: {median['why']}" in found["ruling"]["why"]
    assert len(found["load"]["steps"]) == 1, "after a step that blocks no other is asked"
    assert not (tmp_path / "history/greeting.jsonl").read_text("utf-8"), "it is nothing that others are held against"


def test_the_point_of_saturation_is_found_and_kept_where_it_is_asked_for(tmp_path: Path) -> None:
    """One worker of 0.2 s takes 5 a second; the promise bears a queue of one, and no more."""
    promise = "sla: {deadline: 5s, p50: 400ms}\n"
    made = loaded(tmp_path / "after", slow(0.2), hold=6, sla=promise)
    text = (made / "comb.yaml").read_text("utf-8").replace("steps: [10, 20]", "steps: [1]")
    (made / "comb.yaml").write_text(text.replace("timeout: 5s", "timeout: 5s, workers: 1", 1), encoding="utf-8")
    for attempt in range(3):
        history = tmp_path / f"history-{attempt}"
        ran, report = gate(made, "load", "--baseline", "none", "--history", str(history), "--saturation", "--fresh")
        assert report, ran.out + ran.err
        (load,) = report["gates"]
        found = load["load"]["saturation"]
        assert found["why"] or "saturation: " in ran.out
        # Of a busy machine the generator is late itself, or not even one a second is as quick as promised.
        if found["why"] or load["ruling"]["verdict"] != "passed" or not found["probes"][0]["kept"]:
            continue
        assert 1 < found["rate"] < 6, ran.out
        assert found["probes"][0]["rate"] == 1
        *_, line = map(json.loads, (history / "greeting.jsonl").read_text("utf-8").splitlines())
        assert line["figures"]["time each at saturation"] == 1 / found["rate"]
        return


@pytest.mark.parametrize(("seconds", "verdict"), [(0.2, "blocked"), (0.001, "passed")])
def test_what_there_has_to_be_room_for_is_held_after_all_steps(tmp_path: Path, seconds: float, verdict: str) -> None:
    """One worker of 0.2 s takes 5 a second, and there has to be room for 15: whoever else is busy may hide it."""
    made = loaded(tmp_path / "after", slow(seconds), hold=6, sla="sla: {deadline: 5s, p50: 500ms, qps: 1}\n")
    text = (made / "comb.yaml").read_text("utf-8").replace("steps: [10, 20]", "steps: [1], saturation: 15")
    (made / "comb.yaml").write_text(text.replace("timeout: 5s", "timeout: 5s, workers: 1", 1), encoding="utf-8")
    for attempt in range(3):
        history = tmp_path / f"history-{attempt}"
        ran, report = gate(made, "load", "--baseline", "none", "--history", str(history), "--fresh")
        assert report, ran.out + ran.err
        (found,) = report["gates"]
        assert [(step["rate"], step["held"]) for step in found["load"]["steps"]] == [(1, True), (15, True)]
        told = {one["what"]: one for one in found["load"]["steps"][-1]["findings"] if one["aspect"] == "saturation"}
        assert told.keys() == {"keeps up", "p50 within 500 ms"}
        assert found["ruling"]["verdict"] in (verdict, "undecided"), ran.out
        if found["ruling"]["verdict"] == verdict:
            why = "\n".join(found["ruling"]["why"])
            assert ("there is room for 15 a second" if verdict == "passed" else "15 a second, saturation, ") in why
            return


@pytest.mark.parametrize(("before", "after", "asked"), [("", "40", 40.0), ("40", "60", 40.0), ("40", "", 40.0)])
def test_room_that_a_change_is_the_first_to_ask_for_is_asked_of_it(
    tmp_path: Path, before: str, after: str, asked: float
) -> None:
    def clean(name: str, room: str) -> Clean:
        made = loaded(tmp_path / name, slow(0.0))
        if room:
            text = (made / "comb.yaml").read_text("utf-8").replace("[10, 20]", f"[10, 20], saturation: {room}")
            (made / "comb.yaml").write_text(text, encoding="utf-8")
        found = open_clean(str(made / "comb.yaml"), Console(), "is loaded")
        assert found is not None
        return found

    load = exam_of(clean("after", after), clean("before", before), "main").gates.load
    assert load is not None
    assert load.saturation == asked


@pytest.mark.parametrize("workers", ["", ", workers: 2"])
def test_what_comb_yaml_alone_says_otherwise_is_compared(tmp_path: Path, workers: str) -> None:
    """Workers are no part of a subject, and are the first that a load hangs on."""
    promise = "sla: {deadline: 5s, p50: 2s}\n"
    before, after = (loaded(tmp_path / name, slow(0.001), hold=1, sla=promise) for name in ("before", "after"))
    (after / "operators.py").write_bytes((before / "operators.py").read_bytes())
    text = (after / "comb.yaml").read_text("utf-8").replace("timeout: 5s}", f"timeout: 5s{workers}}}")
    (after / "comb.yaml").write_text(text, encoding="utf-8")
    ran, report = gate(after, "load", "--baseline", str(before), "--history", str(tmp_path / "history"))
    (found,) = report["gates"]
    assert report["subject"] == report["baseline"]["subject"], ran.out
    is_compared = [step["baseline"] is not None for step in found["load"]["steps"]]
    assert is_compared[0] is (workers != ""), ran.out
    if found["ruling"]["verdict"] == "passed":  # the generator of a busy machine is late
        assert ("so that nothing was compared" in found["ruling"]["why"][0]) is (workers == "")


def test_a_first_release_is_held_against_its_promise_alone(tmp_path: Path) -> None:
    promise = "sla: {deadline: 5s, p50: 50ms}\n"
    ran, report = gate(
        loaded(tmp_path / "after", slow(0.08), sla=promise), "load", "--baseline", "none", "--history", str(tmp_path)
    )
    assert ran.code == 3
    (found,) = report["gates"]
    assert found["load"]["steps"][0]["baseline"] is None
    if all(step["faults"] for step in found["load"]["steps"]):  # a busy machine is late itself
        assert found["ruling"]["verdict"] == "undecided"
        return
    assert found["ruling"]["verdict"] == "blocked"
    assert any("p50 within 50 ms" in why for why in found["ruling"]["why"])


def test_a_machine_that_is_too_slow_for_the_promise_says_what_it_can_tell(tmp_path: Path) -> None:
    promise = "sla: {deadline: 5s, p50: 5ms}\n"
    before = loaded(tmp_path / "before", slow(0.05), hold=5, sla=promise)
    after = loaded(tmp_path / "after", slow(0.0501), hold=5, sla=promise)
    ran, report = gate(after, "load", "--baseline", str(before), "--history", str(tmp_path / "history"))
    findings = report["gates"][0]["load"]["steps"][-1]["findings"]
    (kept,) = [one for one in findings if one["what"] == "p50 within 5 ms"]
    assert kept["verdict"] == "not applicable", ran.out
    assert kept["why"].startswith("this machine cannot tell: of the baseline 100% do not keep it here either")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "takes no connection"),
        ('open("/nowhere")', "do not keep it"),
    ],
)
def test_a_candidate_that_fails_under_load_never_passes(tmp_path: Path, body: str, why: str) -> None:
    before, after = loaded(tmp_path / "before", slow(0.01)), loaded(tmp_path / "after", body)
    ran, report = gate(after, "load", "--baseline", str(before), "--history", str(tmp_path / "history"))
    assert ran.code == 3, ran.out + ran.err
    (found,) = report["gates"]
    assert found["ruling"]["verdict"] == "blocked"
    assert why in "\n".join(found["ruling"]["why"])
