"""Verdicts hold: of services whose behaviour is known, as often as they are said to. `make prove` has more trials."""

from collections import Counter

import pytest

from comb_compiler.gates.exact import lower_bound, upper_bound
from comb_compiler.gates.verdicts import Verdict
from tests.gates.synthetic import Field, claims, replays
from tests.support.trials import Trial

TRIALS = 12
MANY = 500
DOUBT = 0.05
QUIET = {f"field{number}": Field() for number in range(9)}


def fields(noise: float = 0.0, broken: float = 0.0) -> dict[str, Field]:
    return {**QUIET, "noisy": Field(noise, broken)}


def at_most(rate: float, seen: int, trials: int) -> bool:
    """Whether what was seen does not prove that the true rate is larger."""
    return lower_bound(seen, trials, DOUBT) <= rate


def at_least(rate: float, seen: int, trials: int) -> bool:
    return upper_bound(seen, trials, DOUBT) >= rate


def of_trials(trials: int) -> dict[str, Counter[Verdict]]:
    """All that is promised, each with so many trials; what came of each."""
    seen: dict[str, Counter[Verdict]] = {}
    for noise in (0.0, 0.001, 0.05, 0.5):
        found = seen[f"no change, noise {noise:.1%}"] = replays(fields(noise), trials)
        assert at_most(0.01, found[Verdict.BLOCKED], trials), (noise, found)
        assert at_most(0.01, found[Verdict.UNDECIDED], trials), (noise, found)
    for noise, broken in ((0.001, 0.05), (0.05, 0.05), (0.5, 0.1)):
        found = seen[f"a noisy field, noise {noise:.1%}, broken by {broken:.0%}"] = replays(
            fields(noise, broken), trials
        )
        assert at_least(0.9, found[Verdict.BLOCKED], trials), (noise, broken, found)
    for noise in (0.0, 0.05, 0.5):
        found = replays({**fields(noise), "field3": Field(broken=0.02)}, trials)
        seen[f"a quiet field broken by 2%, another with noise {noise:.1%}"] = found
        assert at_least(0.95, found[Verdict.BLOCKED], trials), (noise, found)
    for true in (0.5, 0.7):
        seen[f"60% better claimed of 400 samples, truly {true:.0%}"] = claims(true, trials, count=400)
    assert at_most(0.05, claims(0.5, trials, count=400)[Verdict.PASSED], trials)
    assert at_least(0.95, claims(0.7, trials, count=400)[Verdict.PASSED], trials)
    return seen


def test_verdicts_are_as_often_right_as_they_are_said_to_be() -> None:
    of_trials(TRIALS)


@pytest.mark.prove
def test_verdicts_of_gates_hold(trial: Trial) -> None:
    seen = of_trials(MANY)
    trial.note(trials=MANY, samples=3000, seen={what: dict(sorted(found.items())) for what, found in seen.items()})


def test_noise_that_is_thin_in_each_of_many_fields_does_not_block() -> None:
    many = {f"field{number}": Field(0.001) for number in range(40)}
    assert replays(many, 4)[Verdict.BLOCKED] == 0


def test_a_break_that_is_thin_in_each_of_many_fields_is_found() -> None:
    many = {f"field{number}": Field(0.0, 0.001) for number in range(40)}
    assert replays(many, 4) == {Verdict.BLOCKED: 4}


def test_a_break_that_is_thin_in_each_of_many_noisy_fields_is_found() -> None:
    many = {f"field{number}": Field(0.004, 0.003) for number in range(20)}
    assert replays(many, 4) == {Verdict.BLOCKED: 4}
    assert replays({name: Field(0.004) for name in many}, 4) == {Verdict.PASSED: 4}
