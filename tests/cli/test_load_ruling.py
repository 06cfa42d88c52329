"""The verdict of a load's findings: what nobody asked or could tell is no pass, and says what to do."""

import pytest

from comb_compiler.cli.gate.load_gate import ruled
from comb_compiler.gates.load.judging import Finding
from comb_compiler.gates.load.results import LoadFound, step_found
from comb_compiler.gates.load.seen import Observation, Side, Step
from comb_compiler.gates.verdicts import Ruling, Verdict

MEMORY = Finding("memory", "growth", Verdict.PASSED, "+0.00 MB a second")
NO_PAST = Finding("history", "all figures", Verdict.NOT_APPLICABLE, "there are no earlier runs")
PROMISE = Finding("promise", "keeps up", Verdict.PASSED, "latencies do not grow")
BASELINE = Finding("baseline", "p50", Verdict.PASSED, "1.00 × the baseline's")
ERRORS = Finding("promise", "errors", Verdict.PASSED, "100% of requests; 100% may")


def ruling(*findings: Finding, codes: str = "OK", faults: tuple[str, ...] = (), alone: str = "") -> Ruling:
    """Of one step of ten requests."""
    turn = Observation(1.0, [one / 10 for one in range(10)], [0.01] * 10, [codes] * 10)
    step = step_found(Step(10.0, Side((turn,), faults=faults)), findings)
    return ruled(LoadFound("x86_64, 2 CPUs", (step,), {}), 0.1, alone)


@pytest.mark.parametrize(
    ("findings", "kept"),
    [
        ((PROMISE, MEMORY), "one step keeps what is promised"),
        ((PROMISE, BASELINE), "one step keeps what is promised, and what is there now"),
        ((BASELINE, NO_PAST), "one step keeps what is there now"),
        ((NO_PAST._replace(verdict=Verdict.PASSED), PROMISE), "one step keeps what is promised, and what is usual"),
    ],
)
def test_a_pass_says_what_was_kept_and_nothing_else(findings: tuple[Finding, ...], kept: str) -> None:
    assert ruling(*findings) == (Verdict.PASSED, (kept,), (), None)


def test_a_pass_of_what_was_compared_with_nothing_says_so() -> None:
    (why,) = ruling(PROMISE, alone="baseline and candidate are the same").why
    assert why.endswith("what is promised; baseline and candidate are the same, so that nothing was compared")


def test_memory_that_does_not_grow_is_no_pass_by_itself() -> None:
    found = ruling(MEMORY, NO_PAST)
    assert found.verdict is Verdict.UNDECIDED
    assert "write in `sla` what is promised, or name with --baseline what runs now" in found.why[0]
    assert ruling(NO_PAST).verdict is Verdict.UNDECIDED


def test_what_hardly_answers_passes_only_where_it_is_said_how_many_errors_there_may_be() -> None:
    found = ruling(PROMISE, codes="INTERNAL")
    assert found.verdict is Verdict.UNDECIDED
    assert found.why[0].startswith("10 a second: most of 10 requests have no answer (10 INTERNAL): ")
    assert "`sla.errorRate`" in found.why[0]
    assert ruling(PROMISE, ERRORS, codes="INTERNAL").verdict is Verdict.PASSED


def test_a_generator_that_was_late_says_what_to_do_about_it() -> None:
    late = "the generator did not keep its schedule: one request in a hundred was 50.0 ms late, where 10 ms are allowed"
    found = ruling(PROMISE, faults=(late,))
    assert found.verdict is Verdict.UNDECIDED
    assert found.why[0] == f"10 a second: {late}"
    assert "run it again with less beside it, or write lower `gates.load.steps`" in found.why[1]
    (_, longer) = ruling(PROMISE, faults=("nothing was scheduled: the step is too short for its rate",)).why
    assert "`gates.load.hold`" in longer
    assert len(ruling(PROMISE, faults=("1 of 2 workers were lost",)).why) == 1
