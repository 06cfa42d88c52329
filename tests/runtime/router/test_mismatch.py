"""Sample ratio mismatch: the p-values are chi-square's, false alarms are as rare as they say, losses are seen."""

from collections import Counter
from math import exp, gamma
from random import Random

import pytest

from comb_compiler.runtime.router.mismatch import ALARM, chi_square_tail, mismatch


@pytest.mark.parametrize(
    ("statistic", "freedom", "chance"),
    [  # quantiles that every table of chi-square has
        (3.841459, 1, 0.05), (6.634897, 1, 0.01), (10.827566, 1, 0.001), (5.991465, 2, 0.05), (13.815511, 2, 0.001),
        (7.814728, 3, 0.05), (18.307038, 10, 0.05), (29.588298, 10, 0.001), (67.504807, 50, 0.05),
        (124.342113, 100, 0.05), (149.449253, 100, 0.001), (0.0, 3, 1.0), (0.0, 2, 1.0),
    ],
)  # fmt: skip
def test_the_tail_is_that_of_the_tables(statistic: float, freedom: int, chance: float) -> None:
    assert chi_square_tail(statistic, freedom) == pytest.approx(chance, rel=1e-5)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 20, 41])
def test_the_tail_is_the_integral_of_the_density(freedom: int) -> None:
    def density(x: float) -> float:
        return float(x ** (freedom / 2 - 1) * exp(-x / 2) / (2 ** (freedom / 2) * gamma(freedom / 2)))

    low, high, steps = freedom + 1.0, freedom + 300.0, 200_000
    width = (high - low) / steps
    integral = sum(density(low + (step + 0.5) * width) for step in range(steps)) * width
    assert chi_square_tail(low, freedom) == pytest.approx(integral, rel=1e-6)


@pytest.mark.parametrize(("statistic", "freedom"), [(1e6, 1), (1e6, 2), (1e300, 7), (2000.0, 499)])
def test_the_tail_ends_in_zero_and_not_in_an_overflow(statistic: float, freedom: int) -> None:
    assert 0.0 <= chi_square_tail(statistic, freedom) < 1e-100


def test_lost_users_are_seen() -> None:
    """821,588 and 815,482 of users that were to be halves: the literature's own example of a mismatch."""
    chance = mismatch([821_588, 815_482], [1, 1])
    assert chance is not None
    assert chance == pytest.approx(1.8e-6, rel=0.05)
    assert mismatch([44_000, 45_000], [50, 50]) == pytest.approx(0.0008, rel=0.02)


def test_false_alarms_are_as_rare_as_they_say() -> None:
    random = Random(7)
    weights, trials = [60, 30, 10], 2000
    alarms = Counter[float]()
    for _ in range(trials):
        drawn = Counter(random.choices(range(3), weights, k=400))
        chance = mismatch([drawn[arm] for arm in range(3)], weights)
        assert chance is not None
        for level in (0.05, 0.01, ALARM):
            alarms[level] += chance < level
    assert 70 <= alarms[0.05] <= 130  # 100 ± 3 deviations
    assert alarms[0.01] <= 34
    assert alarms[ALARM] <= 8


def test_too_few_users_say_nothing() -> None:
    assert mismatch([], []) is None
    assert mismatch([0, 0], [1, 1]) is None
    assert mismatch([9, 0], [1, 1]) is None
    assert mismatch([90, 4], [99, 1]) is None
    assert mismatch([100], [1]) is None
    assert mismatch([5, 5], [1, 1]) == 1.0


def test_users_in_an_arm_without_weight_are_a_mismatch() -> None:
    assert mismatch([1000, 1], [100, 0]) == 0.0
    assert mismatch([500, 500, 0], [50, 50, 0]) == 1.0
