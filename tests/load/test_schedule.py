"""Arrivals are what a step says, before the first is sent."""

from itertools import pairwise
from math import sqrt

import pytest
from hypothesis import given, strategies as st

from comb_compiler.load import Step
from comb_compiler.load.schedule import schedule

RATES = st.floats(min_value=1.0, max_value=500.0)


@given(RATES, st.sampled_from(["poisson", "constant"]), st.integers(0, 2**32), st.integers(1, 5))
def test_workers_parts_are_the_whole_whatever_their_number(rate: float, kind: str, seed: int, workers: int) -> None:
    step = Step(rate, 2.0, arrivals=kind, seed=seed)
    whole = schedule(step, [1.0, 2.0])
    parts = [schedule(step, [1.0, 2.0], worker, workers) for worker in range(workers)]
    pairs = [pair for part in parts for pair in zip(part.due, part.which, strict=True)]
    assert sorted(pairs) == list(zip(whole.due, whole.which, strict=True))
    assert all(0.0 <= due < 2.0 for due in whole.due)


def test_constant_arrivals_are_equally_far_apart() -> None:
    due = schedule(Step(40.0, 2.0, arrivals="constant"), [1.0]).due
    assert list(due) == pytest.approx([number / 40 for number in range(80)])


@pytest.mark.parametrize("seed", range(5))
def test_poisson_arrivals_are_as_many_and_as_uneven_as_chance_has_it(seed: int) -> None:
    due = schedule(Step(100.0, 100.0, seed=seed), [1.0]).due
    assert len(due) == pytest.approx(10_000, abs=4 * sqrt(10_000))
    gaps = [after - before for before, after in pairwise(due)]
    mean = sum(gaps) / len(gaps)
    deviation = sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps))
    assert deviation == pytest.approx(mean, rel=0.05)


def test_inputs_come_as_often_as_their_weights_say() -> None:
    which = schedule(Step(100.0, 100.0), [1.0, 3.0, 0.0]).which
    assert which.count(1) == pytest.approx(7500, abs=4 * sqrt(10_000 * 0.75 * 0.25))
    assert which.count(2) == 0


@pytest.mark.parametrize(("rate", "seconds"), [(0.0, 1.0), (-1.0, 1.0), (1.0, 0.0), (1e9, 1.0), (float("nan"), 1.0)])
def test_what_can_be_no_step_is_none(rate: float, seconds: float) -> None:
    with pytest.raises(ValueError, match="can be no step"):
        schedule(Step(rate, seconds), [1.0])


def test_seeds_make_schedules_apart_and_alike() -> None:
    step = Step(100.0, 1.0, seed=1)
    assert schedule(step, [1.0]).due == schedule(step, [1.0]).due
    assert schedule(step, [1.0]).due != schedule(step._replace(seed=2), [1.0]).due
