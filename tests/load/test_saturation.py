"""The point of saturation, where it is known by construction."""

import pytest

from comb_compiler.load import Counts, Generator, Histogram, Lateness, Observed, Step, StepResult
from comb_compiler.load.model import OK, TIMEOUT
from comb_compiler.load.results import result
from comb_compiler.load.saturation import Promise, late, saturation
from comb_compiler.load.schedule import schedule
from tests.load.queues import saturated
from tests.load.serving import job, serving
from tests.support.trials import Trial

PROMISE = Promise(0.95, 0.1)


def played(step: Step, service: float) -> StepResult:
    """A step against a server that is a queue, in no time at all."""
    seen, free = Observed(), 0.0
    plan = schedule(step, [1.0])
    seen.scheduled = len(plan.due)
    for due in plan.due:
        free = max(free, due) + service
        took = min(free - due, step.timeout)
        seen.due.append(due)
        seen.late.append(0.0)
        seen.took.append(took)
        seen.code.append(OK if took < step.timeout else TIMEOUT)
        seen.which.append(0)
    return result(step, seen)


@pytest.mark.parametrize("seed", range(20))
def test_that_of_a_queue_is_found_within_a_tenth(seed: int) -> None:
    service = 0.01
    found = saturation(lambda rate: played(Step(rate, 60.0, seed=seed), service), PROMISE, first=10.0, most=1000.0)
    exact = saturated(service, *PROMISE)
    assert found.rate is not None
    assert found.low is not None
    assert found.high is not None
    assert found.rate == pytest.approx(exact, rel=0.1)
    assert found.low < exact * 1.02
    assert found.high > exact * 0.98
    assert found.low < found.rate < found.high


def test_a_promise_that_is_kept_at_every_rate_has_no_point() -> None:
    found = saturation(lambda rate: played(Step(rate, 60.0), 0.0001), PROMISE, first=10.0, most=100.0)
    assert (found.rate, found.low, found.high) == (None, 100.0, None)


def test_a_promise_that_is_never_kept_has_no_point() -> None:
    found = saturation(lambda rate: played(Step(rate, 60.0), 0.2), PROMISE, first=64.0, most=100.0)
    assert found.rate is None
    assert found.low is None
    assert found.high is not None
    assert found.high <= 4.0


def test_a_step_that_the_generator_spoils_ends_the_search_with_a_reason() -> None:
    offered = []

    def offer(rate: float) -> StepResult:
        offered.append(rate)
        return played(Step(rate, 60.0), 0.001)._replace(faults=("it was late",) if rate > 30 else ())

    found = saturation(offer, PROMISE, first=10.0, most=1000.0)
    assert offered == [10.0, 20.0, 40.0, 40.0]
    assert found.why == "at 40 requests per second it was late"
    assert found.rate is None


def test_what_has_no_answer_breaks_a_promise() -> None:
    counts = Counts(100, 100, {"OK": 90, "TIMEOUT": 4, "INTERNAL": 6})
    latency = Histogram.of([0.01] * 90 + [1.0] * 4)
    found = StepResult(Step(1.0, 100.0), counts, counts, 0.0, True, latency, Lateness(0.0, 0.0, 0.0), ())
    assert late(PROMISE, found).late == pytest.approx(0.1)
    assert not late(PROMISE, found).kept
    assert not late(PROMISE, found._replace(settled=False)).kept


@pytest.mark.prove
def test_saturation_of_a_queue(trial: Trial) -> None:
    """A real server, of which the closed form is known; slow enough for a machine that does other things, too."""
    service, promise, seed = 0.02, Promise(0.95, 0.2), trial.random.randrange(2**32)
    exact = saturated(service, *promise)
    with serving("queue", str(service)) as port, Generator(lateness=0.05) as generator:
        asked = job(port)
        found = saturation(
            lambda rate: generator.run(asked, Step(rate, 80.0, timeout=2.0, seed=seed)), promise, first=20.0, most=100.0
        )
    trial.note(
        exact=round(exact, 1),
        found=None if found.rate is None else round(found.rate, 1),
        certainly_kept=found.low and round(found.low, 1),
        certainly_broken=found.high and round(found.high, 1),
        probes=[[round(one.rate, 1), round(one.late, 4)] for one in found.probes],
        why=found.why,
    )
    assert found.why == ""
    assert found.rate == pytest.approx(exact, rel=0.1)
