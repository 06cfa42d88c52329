"""The point of saturation, where it is known by construction."""

import pytest

from comb_compiler.gates.load.saturation import saturation
from comb_compiler.gates.load.seen import Observation, Promise, Side
from comb_compiler.gates.verdicts import Verdict
from comb_compiler.load import Generator, Step, code_name
from comb_compiler.load.results import result
from comb_compiler.load.schedule import schedule
from tests.load.queues import saturated
from tests.load.serving import job, serving
from tests.support.trials import Trial

PROMISE = Promise(latencies=((0.95, 0.1),))


def played(step: Step, service: float) -> Side:
    """A step against a server that is a queue, in no time at all."""
    due = schedule(step, [1.0]).due
    took, free = [], 0.0
    for when in due:
        free = max(free, when) + service
        took.append(min(free - when, step.timeout))
    codes = ["OK" if one < step.timeout else "TIMEOUT" for one in took]
    return Side((Observation(step.seconds, due, took, codes),))


@pytest.mark.parametrize("seed", range(20))
def test_that_of_a_queue_is_found_within_a_tenth(seed: int) -> None:
    service = 0.01
    found = saturation(lambda rate: played(Step(rate, 60.0, seed=seed), service), PROMISE, first=10.0, most=1000.0)
    exact = saturated(service, 0.95, 0.1)
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

    def offer(rate: float) -> Side:
        offered.append(rate)
        return played(Step(rate, 60.0), 0.001)._replace(faults=("it was late",) if rate > 30 else ())

    found = saturation(offer, PROMISE, first=10.0, most=1000.0)
    assert offered == [10.0, 20.0, 40.0, 40.0]
    assert found.why == "at 40 requests a second it was late"
    assert found.rate is None


@pytest.mark.parametrize(("failed", "kept"), [(0, True), (4, True), (10, False)])
def test_what_has_no_answer_breaks_a_promise(failed: int, kept: bool) -> None:
    codes = ["INTERNAL" if number < failed else "OK" for number in range(100)]
    step = Side((Observation(100.0, [float(one) for one in range(100)], [0.01] * 100, codes),))
    found = saturation(lambda rate: step, PROMISE, first=1.0, most=1.0)
    assert found.probes[0].kept is kept


def test_a_step_without_requests_keeps_nothing() -> None:
    found = saturation(lambda rate: Side((Observation(1.0, (), (), ()),)), PROMISE, first=1.0, most=1.0)
    assert {one.kept for one in found.probes} == {False}
    assert {one.verdict for one in found.probes} == {Verdict.UNDECIDED}


@pytest.mark.prove
def test_saturation_of_a_queue(trial: Trial) -> None:
    """A real server, of which the closed form is known; slow enough for a machine that does other things, too."""
    service, seed = 0.02, trial.random.randrange(2**32)
    exact = saturated(service, 0.95, 0.2)
    with serving("queue", str(service)) as port, Generator(lateness=0.05) as generator:
        asked = job(port)

        def offer(rate: float) -> Side:
            step = Step(rate, 80.0, timeout=2.0, seed=seed)
            seen, faults = generator.observe(asked, step)
            codes = [code_name(code) for code in seen.code]
            late = result(step, seen, faults, lateness=0.05).faults
            return Side((Observation(step.seconds, seen.due, seen.took, codes),), faults=late)

        found = saturation(offer, Promise(latencies=((0.95, 0.2),)), first=20.0, most=100.0)
    trial.note(
        exact=round(exact, 1),
        found=None if found.rate is None else round(found.rate, 1),
        certainly_kept=found.low and round(found.low, 1),
        certainly_broken=found.high and round(found.high, 1),
        probes=[[round(one.rate, 1), one.kept, one.verdict.value, one.why] for one in found.probes],
        why=found.why,
    )
    assert found.why == ""
    assert found.rate == pytest.approx(exact, rel=0.1)
