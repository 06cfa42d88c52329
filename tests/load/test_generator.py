"""Requests on a schedule, against real services."""

import subprocess
import sys

import pytest

from comb_compiler.load import Generator, Input, Observed, Refused, Step, code_name
from tests.architecture.imports import ROOT
from tests.load.serving import job, serving


def arrivals(seen: Observed) -> list[tuple[float, int]]:
    return sorted((round(due, 6), which) for due, which in zip(seen.due, seen.which, strict=True))


def test_every_request_of_a_schedule_is_sent_and_answered() -> None:
    with serving("echo") as port, Generator() as generator:
        seen, _ = generator.observe(job(port), Step(rate=100.0, seconds=1.0, timeout=5.0, arrivals="constant"))
    assert seen.scheduled == len(seen) == 100
    assert {code_name(code) for code in seen.code} == {"OK"}
    assert min(seen.took) > 0.0
    assert max(seen.due) == pytest.approx(0.99)


def test_what_a_service_refuses_is_counted_by_its_code() -> None:
    with serving("fail", "RESOURCE_EXHAUSTED") as port, Generator() as generator:
        seen, _ = generator.observe(job(port), Step(rate=50.0, seconds=0.5, timeout=5.0))
    assert len(seen) == seen.scheduled > 0
    assert {code_name(code) for code in seen.code} == {"RESOURCE_EXHAUSTED"}


def test_a_target_that_nobody_listens_on_is_named_as_such() -> None:
    with serving("echo") as port:
        pass
    with Generator() as generator, pytest.raises(Refused, match="Connection refused"):
        generator.run(job(port), Step(rate=50.0, seconds=0.5))


def test_whoever_asks_for_load_keeps_an_interpreter_that_is_not_patched() -> None:
    script = "import comb_compiler.load, sys; print(*{'gevent', 'locust', 'hpack'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_target_that_refused_does_not_spoil_the_next_step() -> None:
    with serving("echo") as port, Generator() as generator:
        with serving("echo") as gone:
            pass
        with pytest.raises(Refused):
            generator.run(job(gone), Step(rate=50.0, seconds=0.2))
        assert generator.run(job(port), Step(rate=50.0, seconds=0.2, timeout=10.0)).whole.codes.keys() == {"OK"}


def test_workers_share_a_schedule_and_lose_nothing_of_it() -> None:
    step = Step(rate=100.0, seconds=1.0, timeout=5.0, seed=3)
    inputs = Input(b"text"), Input(b"other", weight=3.0)
    with serving("echo") as port:
        with Generator() as generator:
            one, _ = generator.observe(job(port, *inputs), step)
        with Generator(workers=2) as generator:
            two, faults = generator.observe(job(port, *inputs), step)
            again, _ = generator.observe(job(port, *inputs), step)
    assert faults == ()
    for other in (two, again):
        assert other.scheduled == one.scheduled
        assert arrivals(other) == arrivals(one)
        assert set(other.code) == {0}
