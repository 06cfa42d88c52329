"""Requests on a schedule, against real services."""

import pytest

from comb_compiler.load import Generator, Refused, Step, code_name
from tests.load.serving import job, serving


def test_every_request_of_a_schedule_is_sent_and_answered() -> None:
    with serving("echo") as port, Generator(job(port)) as generator:
        seen = generator.run(Step(rate=100.0, seconds=1.0, timeout=5.0, arrivals="constant"))
    assert seen.scheduled == len(seen) == 100
    assert {code_name(code) for code in seen.code} == {"OK"}
    assert min(seen.took) > 0.0
    assert max(seen.due) == pytest.approx(0.99)


def test_what_a_service_refuses_is_counted_by_its_code() -> None:
    with serving("fail", "RESOURCE_EXHAUSTED") as port, Generator(job(port)) as generator:
        seen = generator.run(Step(rate=50.0, seconds=0.5, timeout=5.0))
    assert len(seen) == seen.scheduled > 0
    assert {code_name(code) for code in seen.code} == {"RESOURCE_EXHAUSTED"}


def test_a_target_that_nobody_listens_on_is_named_as_such() -> None:
    with serving("echo") as port:
        pass
    with Generator(job(port)) as generator, pytest.raises(Refused, match="Connection refused"):
        generator.run(Step(rate=50.0, seconds=0.5))
