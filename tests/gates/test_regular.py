"""What `regular` replay says of noise in which too much could hide."""

from decimal import Decimal

import pytest

from comb_compiler.gates.exact import fewest, fewest_for, smallest_excess
from comb_compiler.gates.marked import Graded, optimised_ruling
from comb_compiler.gates.regular import PASS_DOUBT, Regular, Trial
from comb_compiler.gates.verdicts import Verdict
from comb_compiler.graph.analyses.gates import trials_needed

NOISE, NOTHING = Trial(frozenset({"id"}), frozenset({"id"})), Trial(frozenset(), frozenset())


def judged(noisy: int, of: int, detectable: float | None) -> Regular:
    judge = Regular(of, 0.02, detectable)
    judge.add([NOISE] * noisy + [NOTHING] * (of - noisy))
    return judge


@pytest.mark.parametrize(
    ("noisy", "detectable", "verdict"),
    [
        (150, None, Verdict.PASSED),
        (150, 0.2, Verdict.PASSED),
        (150, 0.1, Verdict.UNDECIDED),
        (0, 0.0001, Verdict.PASSED),
    ],
)
def test_noise_that_could_hide_too_large_a_break_decides_nothing(
    noisy: int, detectable: float | None, verdict: Verdict
) -> None:
    assert judged(noisy, 300, detectable).ruling().verdict is verdict


def test_it_says_which_field_and_how_many_requests_more_would_do() -> None:
    ruling = judged(150, 300, 0.1).ruling()
    (why,) = ruling.why
    assert why.startswith("`id` differs of itself in 150 of 300 (50%), so that only a break of ")
    assert why.endswith("ask more requests, make it steadier, or have it compared by a rule of gates.compare")
    assert ruling.missing is not None
    more = 300 + ruling.missing
    assert judged(more // 2, more, 0.1).ruling().verdict is Verdict.PASSED
    fewer = more - 40
    assert judged(fewer // 2, fewer, 0.1).ruling().verdict is Verdict.UNDECIDED


SILENT = Trial(frozenset(), frozenset(), "DEADLINE_EXCEEDED")


@pytest.mark.parametrize(("silent", "verdict"), [(0, Verdict.PASSED), (1, Verdict.PASSED), (6, Verdict.UNDECIDED)])
def test_what_neither_answers_may_differ_for_all_that_is_known(silent: int, verdict: Verdict) -> None:
    judge = Regular(300, 0.02)
    judge.add([SILENT] * silent + [NOTHING] * (300 - silent))
    ruling = judge.ruling()
    assert ruling.verdict is verdict
    if verdict is Verdict.UNDECIDED:
        assert ruling.why[0] == "6 of 300 (2%) were answered by neither (DEADLINE_EXCEEDED): nothing is compared"
        assert ruling.missing is None, "as many of any number would be answered by neither"


@pytest.mark.parametrize(("noise", "excess"), [(0.001, 0.01), (0.05, 0.02), (0.5, 0.05), (0.9, 0.05)])
def test_the_fewest_trials_are_those_at_which_it_is_seen_first(noise: float, excess: float) -> None:
    found = fewest_for(noise, excess, 0.001)
    assert found is not None
    assert smallest_excess(noise, found, 0.001) <= excess < smallest_excess(noise, int(found * 0.9), 0.001)
    assert fewest_for(0.5, 0.0, 0.001) is None


@pytest.mark.parametrize("rate", ["0.1%", "0.5%", "1%", "3.3%", "4%", "10%", "40%", "50%", "90%"])
def test_what_a_check_says_is_too_few_is_what_a_gate_cannot_decide(rate: str) -> None:
    share = Decimal(rate.rstrip("%")) / 100
    needed = trials_needed(share)
    assert needed is not None
    assert fewest(0.0, float(share), PASS_DOUBT) == needed
    for count, verdict in ((needed, Verdict.PASSED), (needed - 1, Verdict.UNDECIDED)):
        if count:
            judge = Regular(count, float(share))
            judge.add([NOTHING] * count)
            assert judge.ruling().verdict is verdict
            better = [Graded(str(number), was_right=False, is_right=True) for number in range(count)]
            assert optimised_ruling(better, float(1 - share)).verdict is verdict


@pytest.mark.parametrize(("broken", "verdict"), [(0, Verdict.PASSED), (40, Verdict.PASSED), (41, Verdict.BLOCKED)])
def test_a_claim_that_breaks_more_than_it_makes_better_is_none(broken: int, verdict: Verdict) -> None:
    graded = [Graded(str(number), was_right=False, is_right=True) for number in range(40)]
    graded += [Graded(f"broken {number}", was_right=True, is_right=False) for number in range(broken)]
    assert optimised_ruling(graded, 0.3).verdict is verdict
