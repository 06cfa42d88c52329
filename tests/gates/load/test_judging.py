"""What steps prove, of targets whose behaviour is known."""

from random import Random

import pytest

from comb_compiler.gates.load.elsewhere import Online, against_online, against_past, expected_online
from comb_compiler.gates.load.guide.metrics import page_of, seen_between
from comb_compiler.gates.load.guide.model import OperatorSeen
from comb_compiler.gates.load.judging import Finding, against_baseline, fails_more, growing, keeps_up, promised
from comb_compiler.gates.load.operators import operators_found, slowest
from comb_compiler.gates.load.results import GpuFound, figures_of, step_found
from comb_compiler.gates.load.seen import Gpu, Observation, Promise, Side, Step, Turned, Used
from comb_compiler.gates.load.timeline import timeline
from comb_compiler.gates.load.turns import parted
from comb_compiler.gates.verdicts import Verdict
from comb_compiler.release import Graph, Node

RATE = 20.0


def side(
    draw: Random, seconds: float = 30.0, factor: float = 1.0, turns: int = 1, bad: str = "", share: float = 0.0
) -> Side:
    """Latencies around 20 ms; a share of requests ends with the code `bad`."""
    found = []
    for _ in range(turns):
        many = round(RATE * seconds / turns)
        due = [number / RATE for number in range(many)]
        took = [0.02 * factor * draw.lognormvariate(0, 0.2) for _ in range(many)]
        codes = [bad if bad and draw.random() < share else "OK" for _ in range(many)]
        found.append(Observation(seconds / turns, due, took, codes))
    return Side(tuple(found))


def turned(draw: Random, factor: float) -> Step:
    return Step(RATE, side(draw), turned=Turned(side(draw, turns=20), side(draw, turns=20, factor=factor)))


def verdicts(findings: list[Finding]) -> dict[str, Verdict]:
    return {one.what: one.verdict for one in findings}


def test_a_promise_is_kept_broken_or_open_by_how_many_requests_break_it() -> None:
    step = Step(RATE, side(Random(1), bad="DEADLINE_EXCEEDED", share=0.02))
    promise = Promise(latencies=((0.5, 0.04), (0.95, 0.01)), timeout_rate=0.021, error_rate=0.01)
    found = verdicts(promised(step, promise))
    assert found == {
        "p50 within 40 ms": Verdict.PASSED,
        "p95 within 10 ms": Verdict.BLOCKED,
        "timeouts": Verdict.UNDECIDED,
        "errors": Verdict.PASSED,
    }
    (open_,) = [one for one in promised(step, promise) if one.what == "timeouts"]
    assert open_.missing is None or open_.missing > 0


def test_an_answer_that_never_came_keeps_no_latency() -> None:
    step = Step(RATE, side(Random(1), bad="UNAVAILABLE", share=0.5))
    (p95,) = promised(step, Promise(latencies=((0.95, 10.0),)))
    assert p95.verdict is Verdict.BLOCKED


def test_what_the_baseline_breaks_here_too_cannot_be_told_here() -> None:
    step = Step(RATE, side(Random(1)), side(Random(2)))
    (p50,) = promised(step, Promise(latencies=((0.5, 0.001),)))
    assert p50.verdict is Verdict.NOT_APPLICABLE
    assert p50.why.startswith("this machine cannot tell")
    (alone,) = promised(step._replace(baseline=None), Promise(latencies=((0.5, 0.001),)))
    assert alone.verdict is Verdict.BLOCKED


def test_nothing_that_was_asked_proves_nothing() -> None:
    nothing = Side((Observation(30.0, (), (), ()),))
    (p50,) = promised(Step(RATE, nothing), Promise(latencies=((0.5, 1.0),)))
    assert p50.verdict is Verdict.UNDECIDED
    (ratio,) = against_baseline(Step(RATE, nothing, turned=Turned(nothing, nothing)), 0.1, (0.5, 0.95))
    assert ratio.verdict is Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("factor", "verdict"),
    [(1.0, Verdict.PASSED), (1.3, Verdict.BLOCKED), (0.5, Verdict.PASSED), (5.0, Verdict.BLOCKED)],
)
def test_a_candidate_is_as_fast_as_it_is(factor: float, verdict: Verdict) -> None:
    found = against_baseline(turned(Random(3), factor), 0.1, (0.5, 0.95), findings=4)
    assert [one.what for one in found] == ["p50", "p95"]
    assert {one.verdict for one in found} == {verdict}
    assert all(one.value is not None and one.value == pytest.approx(factor, rel=0.15) for one in found)


def test_quantiles_that_few_requests_are_beyond_are_not_compared() -> None:
    step = turned(Random(4), 1.0)
    assert [one.what for one in against_baseline(step, 0.1, (0.5, 0.999))] == ["p50"]


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (0.0, 0.0, Verdict.PASSED),
        (0.0, 0.3, Verdict.BLOCKED),
        (0.3, 0.3, Verdict.PASSED),
        (0.0, 0.007, Verdict.UNDECIDED),
        (1.0, 1.0, Verdict.PASSED),
    ],
)
def test_a_candidate_must_not_end_in_more_errors_than_what_is_there(
    before: float, after: float, verdict: Verdict
) -> None:
    draw = Random(2)
    sides = [side(draw, turns=20, bad="INTERNAL", share=share) for share in (before, after)]
    found = fails_more(Step(RATE, turned=Turned(*sides)), findings=4)
    assert found is not None
    assert found.verdict is verdict, found
    late = [side(draw, turns=20, bad="TIMEOUT", share=share) for share in (before, after)]
    slow = fails_more(Step(RATE, turned=Turned(*late)))
    assert slow is not None
    assert slow.value == 0, "what ran out of time counts as a latency"
    assert fails_more(Step(RATE, side(draw))) is None


def test_what_does_not_keep_up_is_seen_by_latencies_that_grow() -> None:
    due = [number / RATE for number in range(600)]
    queue = Side((Observation(30.0, due, [0.02 + 0.2 * when for when in due], ["OK"] * 600),))
    assert keeps_up(Step(RATE, queue)).verdict is Verdict.BLOCKED
    assert keeps_up(Step(RATE, queue, queue)).verdict is Verdict.NOT_APPLICABLE
    assert keeps_up(Step(RATE, side(Random(5)))).verdict is Verdict.PASSED


def test_a_leak_of_a_megabyte_a_second_is_found_within_a_minute_and_a_heap_that_settles_is_none() -> None:
    draw = Random(6)
    times = [one * 0.5 for one in range(120)]
    leak = [(when, 150e6 + 1e6 * when + draw.gauss(0, 2e6)) for when in times]
    steady = [(when, 150e6 + draw.gauss(0, 2e6)) for when in times]
    settling = [(when, 150e6 + 20e6 * (1 - 2.7 ** (-when / 5))) for when in times]
    found = growing(leak, steady, None)
    assert found is not None
    assert found.verdict is Verdict.BLOCKED
    assert "doubles within 3 minutes" in found.why
    started = [(when, 500e6 + 40e6 * (1 - 2.7 ** (-when / 5))) for when in times if when < 15]
    for other in (steady, settling, started):
        found = growing(other, steady, None)
        assert found is not None
        assert found.verdict is Verdict.PASSED
    both = growing(leak, leak, None)
    assert both is not None
    assert both.verdict is Verdict.PASSED, "it is none of this change's"
    assert growing([], [], None) is None


def test_history_blocks_what_is_unusual_and_says_when_there_is_too_little_of_it() -> None:
    assert against_past("p50", [1.0] * 4, 9.0, 0.1).verdict is Verdict.NOT_APPLICABLE
    assert against_past("p50", [1.0, 1.01, 0.99, 1.0, 1.02], 1.05, 0.1).verdict is Verdict.PASSED
    assert against_past("p50", [1.0, 1.01, 0.99, 1.0, 1.02], 1.3, 0.1).verdict is Verdict.BLOCKED


def test_online_figures_are_what_is_there_times_how_much_slower_it_is() -> None:
    compared = Finding("baseline", "p95", Verdict.PASSED, "", 1.2, 1.1, 1.3, 1.1)
    assert expected_online(compared, 0.1, 0.2).verdict is Verdict.PASSED
    assert expected_online(compared, 0.1, 0.125).verdict is Verdict.UNDECIDED
    assert expected_online(compared, 0.1, 0.105).verdict is Verdict.BLOCKED
    assert expected_online(compared, 0.3, 0.2).verdict is Verdict.NOT_APPLICABLE


def test_each_source_of_online_figures_has_verdicts_of_its_own_and_what_it_lacks_is_said() -> None:
    compared = [Finding("baseline", "p95", Verdict.PASSED, "", 1.2, 1.1, 1.3, 1.1)]
    promise = Promise(latencies=((0.5, 0.1), (0.95, 0.2)))
    known = [Online("samples", {0.5: 0.05, 0.95: 0.1}), Online("Prometheus", {0.95: 0.19}), Online("none", why="gone")]
    found = list(against_online(compared, promise, known))
    assert [(one.what, one.verdict) for one in found] == [
        ("p95 online, by samples", Verdict.PASSED),
        ("p95 online, by Prometheus", Verdict.BLOCKED),
        ("none", Verdict.NOT_APPLICABLE),
    ]
    assert found[-1].why == "gone"


@pytest.mark.parametrize("hold", [0.5, 4.0, 30.0, 600.0])
@pytest.mark.parametrize("rate", [0.1, 2.0, 50.0, 5000.0])
def test_turns_are_as_long_as_the_hold_and_enough_to_compare(hold: float, rate: float) -> None:
    turns = parted(hold, rate)
    assert 2 * turns.rounds * turns.seconds == pytest.approx(hold)
    assert turns.rounds >= 5


def test_operators_are_told_by_when_they_run_and_how_long_they_take() -> None:
    text = b"""# TYPE comb_step_seconds histogram
comb_step_seconds_bucket{arm="",step="hello",operator="greet",le="0.1"} 5
comb_step_seconds_bucket{arm="",step="hello",operator="greet",le="0.2"} 10
comb_step_seconds_bucket{arm="",step="hello",operator="greet",le="+Inf"} 10
comb_step_seconds_sum{arm="",step="hello",operator="greet"} 1.5
comb_step_seconds_count{arm="",step="hello",operator="greet"} 10
comb_step_seconds_bucket{arm="b",step="hello",operator="greet",le="0.1"} 0
comb_step_seconds_bucket{arm="b",step="hello",operator="greet",le="0.2"} 8
comb_step_seconds_bucket{arm="b",step="hello",operator="greet",le="+Inf"} 10
comb_step_seconds_sum{arm="b",step="hello",operator="greet"} 0.5
comb_step_seconds_count{arm="b",step="hello",operator="greet"} 10
"""
    did = seen_between(page_of(b""), page_of(text))
    bye = OperatorSeen("bye", "end", 20.0, 1.0)
    graph = Graph((Node("hello", 0, (), ()), Node("bye", 1, (), (0,))), 1)
    found = operators_found([*did, bye], [did[0]._replace(seconds=1.0), bye], 20, graph)
    assert [(one.step, one.slower, one.start) for one in found] == [("hello", 2.0, 0.0), ("bye", 1.0, 0.1)]
    assert (found[0].each, found[0].seconds, found[0].p95) == (1.0, 0.1, None)
    assert found[0].p50 == pytest.approx(0.1 + 0.1 * 5 / 13)
    guilty = slowest(found, 0.1)
    assert guilty is not None
    assert guilty.operator == "greet"
    assert slowest(found[1:], 0.1) is None


def test_codes_are_told_apart() -> None:
    codes = ["OK", "TIMEOUT", "DEADLINE_EXCEEDED", "UNAVAILABLE", "HTTP 429", "INTERNAL", "INTERNAL"]
    seen = Side((Observation(7.0, [float(one) for one in range(7)], [0.1] * 7, codes),))
    found = step_found(Step(1.0, seen)).candidate
    assert (found.requests, found.timeouts, found.rejected, found.errors) == (7, 2, 2, 2)


def test_a_timeline_has_what_was_asked_and_what_it_took_of_the_machine() -> None:
    used = [Used(at / 2, 0.25 * at, 1e8 + at, 7, 3, (Gpu("L4", 0.5),)) for at in range(5)]
    turn = Observation(2.0, [0.1, 0.2, 1.5], [0.01, 0.03, 0.02], ["OK", "TIMEOUT", "OK"], used)
    first, second, third, fourth = timeline(Side((turn, turn)))
    assert (first.at, first.requests, first.failed, first.p50, first.most) == (0.0, 2, 1, 0.01, 0.03)
    assert (second.requests, second.cpu, second.memory, second.gpu) == (1, 0.5, 1e8 + 4, 0.5)
    assert (third.requests, fourth.at) == (2, 3.0)
    (gpu,) = step_found(Step(1.0, Side((turn,)))).candidate.gpus
    assert gpu == GpuFound("L4", 0.5, None, None, ())
    assert timeline(Side((Observation(1.0, (), (), ()),))) == ((0.0, 0, 0, None, None, None, None, None),)


def test_a_step_is_reported_with_the_faults_of_all_its_turns() -> None:
    step = turned(Random(8), 1.0)
    assert step.turned is not None
    assert {"p50", "p95"} <= figures_of(step_found(step)).keys()
    by_turns = step_found(step._replace(candidate=None))
    assert not by_turns.held
    assert {"p50 by turns", "p95 by turns"} <= figures_of(by_turns).keys()
    late = step._replace(turned=step.turned._replace(baseline=step.turned.baseline._replace(faults=("late",))))
    found = step_found(late, ())
    assert found.faults == ("late",)
    assert found.baseline is not None
    assert found.candidate.latencies["p50"] == pytest.approx(0.02, rel=0.05)
