"""Statistics of loads, held to exact values, to published ones, and to what they promise over many trials."""

from itertools import pairwise
from math import exp
from random import Random
from statistics import mean

import pytest
from hypothesis import given, strategies as st

from comb_compiler.gates.load.growth import growth_of
from comb_compiler.gates.load.past import since_change, usual
from comb_compiler.gates.load.ratios import Round, quantile, quantile_bounds, ratio_of_quantiles
from comb_compiler.gates.load.shares import share_of
from comb_compiler.gates.load.students import beyond


@pytest.mark.parametrize(
    ("doubt", "freedom", "value"),
    [(0.05, 5, 2.015), (0.01, 7, 2.998), (0.025, 1, 12.706), (0.005, 30, 2.750), (0.1, 10, 1.372)],
)
def test_students_quantiles_are_those_of_the_tables(doubt: float, freedom: int, value: float) -> None:
    assert beyond(doubt, freedom) == pytest.approx(value, abs=0.0006)


@given(
    st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=6), min_size=4, max_size=7),
    st.sampled_from([0.05, 0.25, 0.5, 0.75, 0.95, 0.99]),
)
def test_the_quantile_of_all_rounds_is_that_of_their_values_together(rounds: list[list[int]], share: float) -> None:
    found = ratio_of_quantiles([Round([1.0], one) for one in rounds], share)
    assert found is not None
    assert found.seen == quantile(sorted(value for one in rounds for value in one), share)


@pytest.mark.parametrize(("share", "many"), [(0.5, 40), (0.95, 200), (0.99, 1000)])
def test_bounds_of_a_quantile_hold_what_is_true_as_often_as_they_say(share: float, many: int) -> None:
    draw, held = Random(7), 0
    for _ in range(400):
        lower, upper = quantile_bounds(sorted(draw.random() for _ in range(many)), share, 0.05)
        held += lower <= share and (upper is None or share <= upper)
    assert held >= 0.94 * 400


def test_of_few_values_a_high_quantile_has_no_upper_bound() -> None:
    values = [float(value) for value in range(60)]
    assert quantile_bounds(values, 0.99, 0.05)[1] is None
    lower, upper = quantile_bounds(values, 0.5, 0.05)
    assert upper is not None
    assert lower < quantile(values, 0.5) < upper


def test_a_quantile_is_a_value_that_was_seen() -> None:
    values = list(range(1, 101))
    assert [quantile(values, share) for share in (0.5, 0.95, 0.99, 1.0, 0.07)] == [50, 95, 99, 100, 7]


def turns(draw: Random, factor: float, rounds: int = 12, each: int = 40) -> list[Round]:
    """Latencies on a machine whose pace wanders, and which a neighbour slows down now and then."""
    pace, burst = 0.0, 0
    found = []
    for _ in range(rounds):
        sides: tuple[list[float], list[float]] = ([], [])
        for side in (0, 1, 1, 0):
            for _ in range(each):
                pace = 0.98 * pace + draw.gauss(0, 0.02)
                burst = burst - 1 if burst else int(draw.expovariate(1 / 20)) * (draw.random() < 0.01)
                latency = 0.02 * draw.lognormvariate(0, 0.25) * (1 + abs(pace)) * (1.8 if burst else 1.0)
                sides[side].append(latency * (factor if side else 1.0))
        found.append(Round(*sides))
    return found


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_bounds_of_a_ratio_hold_as_often_as_they_say(share: float) -> None:
    draw = Random(3)
    trials = [ratio_of_quantiles(turns(draw, 1.2), share) for _ in range(60)]
    assert all(one is not None for one in trials)
    wrong = sum(1 for one in trials if one is not None and not one.lower(0.025) <= 1.2 <= one.upper(0.025))
    assert wrong <= 7  # 3 are expected: more than 7 come once in a hundred times
    assert mean(one.seen for one in trials if one is not None) == pytest.approx(1.2, rel=0.05)


def test_a_side_that_has_nothing_has_no_ratio() -> None:
    assert ratio_of_quantiles([Round([1.0], [])] * 6, 0.5) is None
    assert ratio_of_quantiles([Round([1.0], [1.0])] * 3, 0.5) is None


def test_requests_that_are_bad_together_are_worth_fewer() -> None:
    due = [one / 50 for one in range(3000)]
    apart = share_of([one % 20 == 0 for one in range(3000)], due, 60.0)
    together = share_of([one % 1000 < 50 for one in range(3000)], due, 60.0)
    assert (apart.seen, together.seen, apart.worth) == (150, 150, 3000)
    assert together.worth < 200
    assert apart.upper(0.05) < 0.06 < together.upper(0.05)


def test_the_bounds_of_what_never_was_are_those_of_all_trials() -> None:
    none = share_of([False] * 2995, [0.0] * 2995, 1.0)
    assert none.upper(0.05) == pytest.approx(0.001, rel=1e-3)  # as the rule of three has it
    assert none.lower(0.05) == 0.0
    nothing = share_of([], [], 1.0)
    assert (nothing.lower(0.05), nothing.upper(0.05)) == (0.0, 1.0)


def test_bounds_of_a_share_hold_where_bad_times_last() -> None:
    draw = Random(5)
    wrong = 0
    for _ in range(100):
        due, bad, is_bad = [], [], False
        for one in range(3000):
            is_bad = draw.random() < (0.95 if is_bad else 0.05 / 9)  # 10% of the time, 20 requests long
            due.append(one / 50)
            bad.append(is_bad)
        share = share_of(bad, due, 60.0)
        wrong += not share.lower(0.05) <= 0.1 <= share.upper(0.05)
    assert wrong <= 17  # 10 are allowed in a hundred: more than 17 of them come once in a hundred times


def test_growth_is_found_through_noise_and_odd_points() -> None:
    draw = Random(7)
    times = [one * 0.5 for one in range(120)]
    leaking = [200e6 + 1e6 * when + draw.gauss(0, 2e6) + (50e6 if draw.random() < 0.05 else 0) for when in times]
    found = growth_of(times, leaking, 0.01)
    assert found is not None
    assert found.lower > 0.8e6
    assert found.slope == pytest.approx(1e6, rel=0.1)


def test_no_growth_is_seen_where_there_is_none() -> None:
    draw = Random(8)
    alarms = 0
    for _ in range(200):
        found = growth_of([float(one) for one in range(60)], [draw.gauss(200, 2) for _ in range(60)], 0.01)
        assert found is not None
        alarms += found.lower > 0
    assert alarms <= 6  # 2 are expected
    level = growth_of([float(one) for one in range(60)], [5.0] * 60, 0.01)
    assert level is not None
    assert level.slope == level.lower == level.upper == 0.0
    assert growth_of([1.0, 2.0], [1.0, 2.0], 0.01) is None


def test_the_usual_forgets_what_was_before_a_shift_and_no_odd_run_moves_it() -> None:
    draw = Random(9)
    before = [100 * exp(draw.gauss(0, 0.03)) for _ in range(20)]
    after = [60 * exp(draw.gauss(0, 0.03)) for _ in range(15)]
    shifted = usual(before + after)
    assert shifted is not None
    assert 12 <= shifted.runs <= 18
    assert shifted.median == pytest.approx(60, rel=0.05)
    assert shifted.beyond(75) > 5
    odd = usual([*after[:7], 600.0, *after[7:]])
    assert odd is not None
    assert odd.median == pytest.approx(60, rel=0.05)


def test_runs_that_wander_without_a_shift_are_kept() -> None:
    draw = Random(10)
    kept = sum(
        len(since_change(values)) == 20 for values in ([draw.gauss(0, 1) for _ in range(20)] for _ in range(200))
    )
    assert kept >= 194
    assert usual([1.0] * 4) is None
    assert all(a == b for a, b in pairwise(since_change([1.0] * 10)))
