"""No coordinated omission: what a target stalls is told of every request that should have come meanwhile."""

import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from comb_compiler.load import PERCENTILES, Generator, Step, StepResult
from tests.load.serving import PATH, job, serving
from tests.support.trials import Trial

RATE, PERIOD, STALL = 50.0, 10.0, 1.0


def closed_loop(port: int, seconds: float) -> list[float]:
    """One caller that waits for each answer before it asks again."""
    found = []
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(PATH)
        end = time.perf_counter() + seconds
        while (began := time.perf_counter()) < end:
            call(b"text", timeout=30.0)
            found.append(time.perf_counter() - began)
            time.sleep(max(0.0, 1 / RATE - found[-1]))
    return sorted(found)


def seen_by_both(periods: int) -> tuple[StepResult, list[float]]:
    """What the generator saw of whole periods, and what a closed loop beside it did."""
    seconds = periods * PERIOD
    with serving("stall", str(STALL), str(PERIOD)) as port, Generator() as generator, ThreadPoolExecutor(1) as beside:
        generator.run(job(port), Step(RATE, 0.1))  # begins the process
        others = beside.submit(closed_loop, port, seconds)
        found = generator.run(job(port), Step(RATE, seconds, timeout=5.0, arrivals="constant"))
        return found, others.result()


def quantile(ordered: list[float], share: float) -> float:
    return ordered[int(len(ordered) * share)]


def agrees(found: StepResult) -> bool:
    """One second in ten: a tenth of the requests wait between none and a second, evenly."""
    if found.warm_up or found.whole.codes != {"OK": found.whole.scheduled}:
        return False
    seen = found.percentiles()
    return seen[0.95] == pytest.approx(0.5, rel=0.1) and seen[0.99] == pytest.approx(0.9, rel=0.1)


def agreeing(periods: int, attempts: int = 10) -> tuple[int, StepResult, list[float]]:
    """A machine that does other things stalls the server, too, when it was not told to; then once more."""
    tried = 1
    found, omitted = seen_by_both(periods)
    while not agrees(found) and tried < attempts:
        tried += 1
        found, omitted = seen_by_both(periods)
    return tried, found, omitted


def check(found: StepResult, omitted: list[float]) -> None:
    assert found.whole.codes == {"OK": found.whole.scheduled}
    assert found.warm_up == 0.0
    assert agrees(found), found.percentiles()
    assert quantile(omitted, 0.95) < 0.5 * found.percentiles()[0.95]


@pytest.mark.slow
def test_a_stall_is_seen_by_all_who_should_have_come() -> None:
    _, found, omitted = agreeing(1)
    check(found, omitted)


@pytest.mark.prove
def test_no_coordinated_omission(trial: Trial) -> None:
    attempts, found, omitted = agreeing(6)
    trial.note(
        attempts=attempts,
        generator={f"p{share * 100:g}": round(value, 3) for share, value in found.percentiles().items()},
        closed_loop={f"p{share * 100:g}": round(quantile(omitted, share), 3) for share in PERCENTILES},
        closed_form={"p95": 0.5, "p99": 0.9},
        lateness=[round(value, 4) for value in found.lateness],
    )
    check(found, omitted)
