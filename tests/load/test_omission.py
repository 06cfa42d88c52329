"""No coordinated omission: what a target stalls is told of every request that should have come meanwhile."""

import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from comb_compiler.load import Generator, Step
from tests.load.serving import PATH, job, serving

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


@pytest.mark.slow
def test_a_stall_is_seen_by_all_who_should_have_come() -> None:
    """One second in ten: a tenth of the requests wait between none and a second, evenly."""
    with serving("stall", str(STALL), str(PERIOD)) as port, Generator() as generator, ThreadPoolExecutor(1) as beside:
        generator.run(job(port), Step(RATE, 0.1))  # begins the process
        others = beside.submit(closed_loop, port, PERIOD)
        found = generator.run(job(port), Step(RATE, PERIOD, timeout=5.0, arrivals="constant"))
        omitted = others.result()
    assert found.whole.codes == {"OK": RATE * PERIOD}
    seen = found.percentiles()
    assert found.warm_up == 0.0
    assert seen[0.5] < 0.2
    assert seen[0.95] == pytest.approx(0.5, rel=0.1)
    assert seen[0.99] == pytest.approx(0.9, rel=0.1)
    assert omitted[int(len(omitted) * 0.99)] < 0.5 * seen[0.99]
