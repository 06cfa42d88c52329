"""The statistics of counts, against sums of exact fractions and values from tables."""

from fractions import Fraction
from math import comb
from random import Random

import pytest

from comb_compiler.gates.exact import (
    at_least,
    excess_by_chance,
    fewest,
    lower_bound,
    most_bad,
    smallest_excess,
    upper_bound,
)


def summed(count: int, of: int, rate: Fraction) -> float:
    return float(sum(comb(of, some) * rate**some * (1 - rate) ** (of - some) for some in range(count, of + 1)))


def test_tails_are_those_of_exact_sums() -> None:
    random = Random(1)
    for _ in range(300):
        of = random.randint(1, 150)
        count, rate = random.randint(0, of), Fraction(random.randint(1, 999), 1000)
        assert at_least(count, of, float(rate)) == pytest.approx(summed(count, of, rate), rel=1e-9, abs=1e-14)


def test_tails_at_the_ends() -> None:
    assert (at_least(0, 0, 0.5), at_least(1, 0, 0.5), at_least(3, 3, 0.0), at_least(3, 3, 1.0)) == (1, 0, 0, 1)


@pytest.mark.parametrize(
    ("seen", "of", "lower", "upper"),
    [(0, 10, 0.0, 0.25887), (1, 10, 0.00512, 0.39416), (5, 10, 0.22244, 0.77756), (10, 10, 0.74113, 1.0)],
)
def test_bounds_are_those_of_clopper_and_pearson(seen: int, of: int, lower: float, upper: float) -> None:
    assert lower_bound(seen, of, 0.05) == pytest.approx(lower, abs=1e-5)
    assert upper_bound(seen, of, 0.05) == pytest.approx(upper, abs=1e-5)


def test_bounds_are_wrong_no_more_often_than_said() -> None:
    random = Random(2)
    for rate in (0.01, 0.3, 0.5):
        seen = [sum(random.random() < rate for _ in range(200)) for _ in range(400)]
        assert sum(upper_bound(one, 200, 0.05) < rate for one in seen) <= 33  # 20 of 400 and three deviations
        assert sum(lower_bound(one, 200, 0.05) > rate for one in seen) <= 33


@pytest.mark.parametrize(
    ("more", "less", "chance"), [(0, 0, 1.0), (5, 0, 1 / 32), (8, 2, 56 / 1024), (2, 8, 1013 / 1024)]
)
def test_an_excess_by_chance(more: int, less: int, chance: float) -> None:
    assert excess_by_chance(more, less) == pytest.approx(chance)


def test_how_many_decide() -> None:
    assert fewest(0.0, 0.01, 0.05) == 299
    assert fewest(0.0, 0.005, 0.05) == 598
    assert fewest(0.01, 0.01, 0.05) is None
    assert (most_bad(298, 0.01, 0.05), most_bad(299, 0.01, 0.05), most_bad(473, 0.01, 0.05)) == (-1, 0, 1)


def test_what_could_have_been_seen_is_seen_as_often_as_said() -> None:
    random = Random(3)
    for noise in (0.001, 0.05, 0.5):
        excess = smallest_excess(noise, 2000, 0.0005)
        seen = 0
        for _ in range(60):
            more = less = 0
            for _ in range(2000):
                noisy, changed = random.random() < noise, random.random() < noise + excess
                more += changed and not noisy
                less += noisy and not changed
            seen += excess_by_chance(more, less) <= 0.0005
        assert seen >= 47, (noise, excess, seen)  # 54 of 60 and three deviations
