"""Verdicts rest on what is left without the warm-up, and on no step that the generator spoiled."""

from collections.abc import Callable
from random import Random

import pytest

from comb_compiler.load.model import CODES, OK, TIMEOUT, Observed, Step
from comb_compiler.load.results import result
from comb_compiler.load.warmup import warm_up

STEADY = 0.02


def noisy(count: int, seed: int, level: Callable[[int], float] = lambda _: STEADY) -> list[float]:
    draw = Random(seed)
    return [level(number) * draw.lognormvariate(0.0, 0.3) for number in range(count)]


def observed(step: Step, latencies: list[float], codes: dict[int, int] | None = None, late: float = 0.0) -> Observed:
    found = Observed(len(latencies))
    for number, took in enumerate(latencies):
        found.due.append(number / step.rate)
        found.took.append(took)
        found.late.append(late)
        found.code.append((codes or {}).get(number, OK))
        found.which.append(0)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_a_cold_start_is_cut_and_little_else(seed: int) -> None:
    latencies = noisy(3000, seed, lambda number: 0.2 if number < 150 else STEADY)
    cut = warm_up(latencies)
    assert cut.settled
    assert 150 <= cut.requests <= 300


@pytest.mark.parametrize("seed", range(20))
def test_what_is_steady_keeps_all_but_a_little(seed: int) -> None:
    cut = warm_up(noisy(3000, seed))
    assert cut.settled
    assert cut.requests <= 60


def test_a_stall_that_comes_again_is_no_warm_up() -> None:
    stalls = [1.0 - number % 500 / 50 if number % 500 < 50 else STEADY for number in range(1500)]
    assert warm_up(stalls).requests == 0


@pytest.mark.parametrize("seed", range(20))
def test_a_queue_that_only_grows_has_not_settled(seed: int) -> None:
    assert not warm_up(noisy(3000, seed, lambda number: 0.01 + number / 1000)).settled


def test_few_requests_are_all_kept() -> None:
    assert warm_up([5.0] + [0.1] * 48).requests == 0


def test_percentiles_are_without_the_warm_up_and_counts_are_told_with_it_too() -> None:
    step = Step(rate=100.0, seconds=30.0)
    latencies = noisy(3000, 1, lambda number: 2.0 if number < 150 else STEADY)
    found = result(step, observed(step, latencies, {10: CODES.index("INTERNAL")}))
    assert found.warm_up == pytest.approx(1.5, abs=0.3)
    assert found.whole.codes == {"OK": 2999, "INTERNAL": 1}
    assert found.measured.codes.keys() == {"OK"}
    assert found.percentiles()[0.99] < 0.1
    assert found.timeline[0].latency.quantile(0.5) > 1.0
    assert sum(second.scheduled for second in found.timeline) == 3000
    assert found.faults == ()


def test_what_was_given_up_on_counts_with_the_time_until_then() -> None:
    step = Step(rate=100.0, seconds=1.0)
    found = result(step, observed(step, [0.01] * 90 + [1.0] * 10, dict.fromkeys(range(90, 100), TIMEOUT)))
    assert found.percentiles()[0.95] == pytest.approx(1.0, rel=0.001)
    assert found.measured.codes["TIMEOUT"] == 10


def test_late_sends_are_the_generators_fault() -> None:
    step = Step(rate=100.0, seconds=1.0)
    found = result(step, observed(step, [0.1] * 100, late=0.05))
    assert found.faults == (
        "the generator did not keep its schedule: one request in a hundred was 50.0 ms late, where 10 ms are allowed",
    )


def test_what_was_never_sent_is_the_generators_fault() -> None:
    step = Step(rate=100.0, seconds=1.0)
    seen = observed(step, [0.1] * 60)
    seen.scheduled = 100
    assert result(step, seen).faults == ("40 of 100 requests were never sent",)
    assert result(step, seen).measured.scheduled == 100


def test_a_step_without_requests_is_not_to_be_trusted() -> None:
    found = result(Step(rate=0.1, seconds=1.0), Observed(0))
    assert found.percentiles() == {}
    assert found.faults == ("nothing was scheduled: the step is too short for its rate",)
