"""Of what a step proves, what may be the generator's own doing decides nothing."""

import pytest

from comb_compiler.gates.load.doubting import doubted
from comb_compiler.gates.load.judging import Finding
from comb_compiler.gates.load.seen import Observation, Side
from comb_compiler.gates.verdicts import Verdict

TIMEOUT = 1.0


def held(*late: float, code: str = "TIMEOUT") -> Side:
    """A side that was held, of requests that ran out of time, each sent so late."""
    many = len(late)
    return Side((Observation(10.0, [0.0] * many, [TIMEOUT] * many, [code] * many, (), late),))


@pytest.mark.parametrize("what", ["p50", "cpu", "time each at saturation"])
def test_what_is_usual_on_a_machine_that_has_time_is_not_asked_of_one_that_is_busy(what: str) -> None:
    found = doubted(Finding("history", what, Verdict.BLOCKED, "so"), held(0.02), TIMEOUT)
    assert found.verdict is Verdict.UNDECIDED
    assert found.why == "so; but the generator was late itself"


@pytest.mark.parametrize("aspect", ["promise", "saturation"])
@pytest.mark.parametrize(
    ("what", "side", "expected"),
    [
        ("p95 within 200 ms", held(0.02, 0.02), Verdict.UNDECIDED),
        ("keeps up", None, Verdict.UNDECIDED),
        ("errors", held(5.0, 5.0, code="INTERNAL"), Verdict.BLOCKED),
        ("timeouts", held(0.02, 0.02, 5.0), Verdict.BLOCKED),
        ("timeouts", held(0.02, 5.0, 5.0), Verdict.UNDECIDED),
        ("timeouts", None, Verdict.BLOCKED),
    ],
)
def test_a_late_generator_is_not_the_targets_fault(
    aspect: str, what: str, side: Side | None, expected: Verdict
) -> None:
    found = doubted(Finding(aspect, what, Verdict.BLOCKED, "so"), side, TIMEOUT)
    assert found.verdict is expected
    assert found.why == ("so" if expected is Verdict.BLOCKED else "so; but the generator was late itself")


@pytest.mark.parametrize(
    "finding",
    [
        Finding("baseline", "p50", Verdict.BLOCKED, "so"),
        Finding("memory", "growth", Verdict.BLOCKED, "so"),
        Finding("promise", "timeouts", Verdict.PASSED, "so"),
        Finding("history", "memory", Verdict.BLOCKED, "so"),
    ],
)
def test_what_does_not_hang_on_it_stays(finding: Finding) -> None:
    assert doubted(finding, held(5.0), TIMEOUT) == finding
