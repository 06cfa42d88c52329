"""Shifts are found, and where there is none almost none is called: simulated with fixed seeds."""

from collections.abc import Callable
from math import exp, sqrt
from random import Random

import pytest

from comb_compiler.runtime.health.drift import Shift, Stream, Windows
from comb_compiler.runtime.health.features import Feature
from comb_compiler.runtime.health.reference import category_reference, number_reference
from comb_compiler.runtime.health.statistics import chi_square_tail, holm, ks, ks_chance, psi, psi_chance
from tests.support.trials import Trial

Draw = Callable[[Random], list[float | str | None]]
_SECONDS = 1.3  # between two observations: a window of 500 then lasts longer than ten minutes


def test_psi_is_the_sum_that_siddiqi_writes() -> None:
    assert psi([10, 10], [10, 10]) == 0.0
    assert psi([5000, 5000], [2500, 7500]) == pytest.approx(0.25 * 1.0986123, rel=1e-3)  # (q - p) ln(q / p), twice
    assert psi([100, 0], [0, 100]) < 11  # an empty bin is no infinity
    assert psi([0, 0], [1, 1]) == 0.0


def test_ks_is_the_largest_distance() -> None:
    assert ks([1, 2, 3, 4], [1, 2, 3, 4]) == 0.0
    assert ks([1, 2], [3, 4]) == 1.0
    assert ks([1, 1, 1, 2], [1, 2, 2, 2]) == 0.5
    assert ks([1.0, 2.0, 3.0], [2.5]) == pytest.approx(2 / 3)


def test_chances_are_those_of_tables() -> None:
    assert [round(chi_square_tail(value, 9), 4) for value in (3.325, 16.919, 21.666)] == [0.95, 0.05, 0.01]
    assert chi_square_tail(10.0, 2) == pytest.approx(exp(-5))  # with two degrees of freedom it is exponential
    assert chi_square_tail(0.0, 3) == 1.0
    assert ks_chance(1.3581 * sqrt(2 / 1000), 1000, 1000) == pytest.approx(0.05, rel=1e-3)
    assert ks_chance(1.6276 * sqrt(2 / 1000), 1000, 1000) == pytest.approx(0.01, rel=1e-3)
    assert (ks_chance(0.0, 5, 5), ks_chance(1.0, 0, 5)) == (1.0, 1.0)


def test_the_larger_of_two_chances_counts() -> None:
    """PSI's own approximation promises too much where a bin is almost empty, Pearson's where a category is rare."""
    tenths, few = [100] * 10, [2, *[11] * 8, 10]
    by_psi = chi_square_tail(psi(tenths, few) / (1 / 1000 + 1 / 100), 9)
    by_pearson = chi_square_tail(sum((count - 10) ** 2 / (100 + count) * 10 for count in few), 9)
    assert psi_chance(tenths, few) == pytest.approx(by_pearson)
    assert by_pearson > 1.1 * by_psi
    rare = psi_chance([395, 5], [95, 5])
    assert rare == pytest.approx(chi_square_tail(psi([395, 5], [95, 5]) / (1 / 400 + 1 / 100), 1))
    assert psi_chance([], []) == psi_chance([5], [5]) == psi_chance([0, 0], [1, 1]) == 1.0


def test_holm_corrects_the_least_by_all_and_the_next_by_one_less() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_a_reference_of_few_values_has_a_bin_for_each() -> None:
    random = Random(1)
    assert number_reference([0.0] * 95 + [1.0] * 5, random)[:2] == ((95, 5), (0.0,))
    assert number_reference([0.0] * 5 + [1.0] * 95, random)[:2] == ((5, 95), (0.0,))
    assert number_reference([7.0] * 100, random)[:2] == ((100,), ())
    tenths = number_reference([float(value) for value in range(1000)], random)
    assert len(tenths.counts) == 10
    assert (max(tenths.counts), min(tenths.counts)) == (101, 99)
    assert len(tenths.sample) == 500


def test_rare_categories_are_counted_together() -> None:
    reference = category_reference(["a"] * 500 + ["b"] * 495 + ["c"] * 3 + ["d"] * 2)
    assert (reference.names, reference.counts) == (("a", "b"), (500, 495, 5))
    assert (reference.bin("b"), reference.bin("c"), reference.bin("never seen")) == (1, 2, 2)


def normal(shift: float = 0.0, features: int = 4) -> Draw:
    return lambda random: [random.gauss(shift, 1.0) for _ in range(features)]


def first_moved(random: Random) -> list[float | str | None]:
    return [random.gauss(0.5, 1.0), random.gauss(0.0, 1.0)]


def stream(features: int, windows: Windows, level: float, seed: int = 0) -> Stream:
    return Stream({index: Feature(f"f{index}") for index in range(features)}, windows, level, seed)


def fill(a_stream: Stream, draw: Draw, random: Random, count: int, at: float = 0.0) -> tuple[Shift, ...]:
    for number in range(count):
        a_stream.add(draw(random), at + number * _SECONDS)
    return a_stream.shifts


def shifted(shifts: tuple[Shift, ...]) -> set[str]:
    return {shift.feature for shift in shifts if shift.is_shifted}


def test_half_a_standard_deviation_is_found_and_the_rest_is_left_alone() -> None:
    """Power, at the default settings and at the level of one of 20 streams: 40 of 40."""
    windows = Windows()
    found = []
    for seed in range(40):
        random = Random(seed)
        a_stream = stream(2, windows, windows.level / windows.per_day / 20, seed)
        fill(a_stream, normal(features=2), random, windows.reference)
        found.append(shifted(fill(a_stream, first_moved, random, windows.size)))
    assert found == [{"f0"}] * 40


def test_a_day_without_change_has_no_alarm() -> None:
    """One day at the default level of 1%; `make prove` repeats days."""
    windows = Windows()
    random = Random(11)
    a_stream = stream(4, windows, windows.level / windows.per_day, 11)
    fill(a_stream, normal(), random, windows.reference)
    for window in range(144):
        assert shifted(fill(a_stream, normal(), random, windows.size, window * 1000.0)) == set()
    assert a_stream.windows == 144


@pytest.mark.parametrize(
    "draw",
    [
        normal(features=5),
        lambda random: [random.expovariate(1.0) for _ in range(5)],
        lambda random: [float(random.randint(0, 3)) for _ in range(5)],
        lambda random: [float(random.random() < 0.02) for _ in range(5)],
    ],
    ids=["normal", "exponential", "counts", "rare"],
)
def test_the_level_holds_where_sizes_are_small_and_chance_alone_moves_much(draw: Draw) -> None:
    """At 100 of 100 PSI comes to 0.18 by chance: its rule of thumb alone would call a shift in every window."""
    windows = Windows(reference=100, size=100, seconds=0.0)
    alarms = 0
    for seed in range(150):
        random = Random(seed)
        a_stream = stream(5, windows, 0.1, seed)
        fill(a_stream, draw, random, 100)
        alarms += bool(shifted(fill(a_stream, draw, random, 100)))
    assert alarms <= 27  # of 150 at 10%: 15 are expected, and more than 26 with a chance of 0.2%


def test_shares_of_categories_are_compared_and_new_ones_are_seen() -> None:
    windows = Windows(reference=500, size=200, seconds=0.0)
    a_stream = Stream({0: Feature("kind", is_category=True)}, windows, 1e-6, 0)
    random = Random(2)
    fill(a_stream, lambda random: [random.choice("aab")], random, 500)
    assert shifted(fill(a_stream, lambda random: [random.choice("aab")], random, 200)) == set()
    assert shifted(fill(a_stream, lambda random: [random.choice("abb")], random, 200)) == {"kind"}
    assert shifted(fill(a_stream, lambda random: [random.choice("aaabbbccc")], random, 200)) == {"kind"}


def test_what_comes_to_stand_still_is_a_shift() -> None:
    windows = Windows(reference=500, size=200, seconds=0.0)
    a_stream = stream(1, windows, 1e-6)
    fill(a_stream, normal(features=1), Random(3), 500)
    assert shifted(fill(a_stream, lambda random: [0.0], Random(3), 200)) == {"f0"}


def test_a_window_is_as_long_as_it_has_to_be_and_memory_is_bounded() -> None:
    windows = Windows(reference=100, size=200, seconds=3600.0)
    a_stream = stream(1, windows, 1e-6)
    fill(a_stream, normal(features=1), Random(4), 100)
    for number in range(5000):
        a_stream.add([Random(number).gauss(0.0, 1.0)], number * 0.5)
    assert a_stream.windows == 0
    (window,) = a_stream._open
    assert (len(window._sample), window._seen) == (500, 5000)
    a_stream.add([0.0], 3600.0)
    assert (a_stream.windows, shifted(a_stream.shifts)) == (1, set())


def test_values_that_are_not_there_are_not_compared() -> None:
    windows = Windows(reference=200, size=200, seconds=0.0)
    a_stream = stream(2, windows, 1e-6)
    fill(a_stream, lambda random: [None, random.gauss(0.0, 1.0)], Random(5), 200)
    assert set(a_stream.reference()) == {"f1"}
    assert [shift.feature for shift in fill(a_stream, normal(features=2), Random(5), 200)] == ["f1"]


def test_a_reference_that_is_given_is_used_at_once() -> None:
    windows = Windows(reference=200, size=200, seconds=0.0)
    first = stream(1, windows, 1e-6)
    fill(first, normal(features=1), Random(6), 200)
    second = Stream({0: Feature("f0")}, windows, 1e-6, 0, first.reference())
    assert (first.progress, second.progress) == (1.0, 1.0)
    assert shifted(fill(second, normal(1.0, 1), Random(7), 200)) == {"f0"}


@pytest.mark.prove
def test_false_alarms_of_drift(trial: Trial) -> None:
    """Days of 144 windows in which nothing changes, at a level of 20% a day so that there is something to count."""
    windows = Windows(reference=400, size=100, seconds=0.0, level=0.2)
    days = alarms = 0
    while trial.goes_on():
        a_stream = stream(6, windows, windows.level / 144, trial.random.randrange(2**32))
        fill(a_stream, normal(features=6), trial.random, windows.reference)
        called = [shifted(fill(a_stream, normal(features=6), trial.random, windows.size)) for _ in range(144)]
        days += 1
        alarms += any(called)
        trial.note(days=days, days_with_an_alarm=alarms, level=windows.level, windows_a_day=144, features=6)
    assert alarms <= windows.level * days + 3 * sqrt(windows.level * (1 - windows.level) * days)


@pytest.mark.prove
def test_chances_of_drift(trial: Trial) -> None:
    """What `psi_chance` calls 1 in 100 and 1 in 1,000 is not more frequent, whatever the bins and the sizes."""
    numpy = pytest.importorskip("numpy")
    draw = numpy.random.default_rng(trial.seed)
    cases = [(400, 100, [0.1] * 10), (100, 100, [0.1] * 10), (400, 100, [0.98, 0.02]), (2000, 500, [0.9, 0.07, 0.03])]
    levels = (0.01, 0.001)
    counts = {(case, level): 0 for case in range(len(cases)) for level in levels}
    draws = 0
    while trial.goes_on():
        for case, (m, n, shares) in enumerate(cases):
            for reference, window in zip(
                draw.multinomial(m, shares, 1000).tolist(), draw.multinomial(n, shares, 1000).tolist(), strict=True
            ):
                chance = psi_chance(reference, window)
                for level in levels:
                    counts[case, level] += chance < level
        draws += 1000
    named = [f"{m} and {n} in {len(shares)} bins" for m, n, shares in cases]
    rates = {f"{named[case]}, at {level}": count / draws for (case, level), count in counts.items()}
    trial.note(draws=draws, **rates)
    for (_, level), count in counts.items():
        assert count <= level * draws + 4 * sqrt(level * draws)
