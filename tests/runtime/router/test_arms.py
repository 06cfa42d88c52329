"""Who gets which arm: the shares are exact, a change moves few, experiments do not see each other, machines agree.

Many tests at once are each held to a thousandth divided by their number (Bonferroni): by chance, one run in a thousand
of such a family would fail, and its seeds are fixed.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from itertools import combinations, product
from math import sqrt
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from comb_compiler.release import Arm, Experiment
from comb_compiler.runtime.engine.arms import Arms, arms_of
from comb_compiler.runtime.router.mismatch import chi_square_tail, mismatch
from tests.architecture.imports import ROOT
from tests.runtime.router import reference
from tests.support.trials import Trial

VECTORS = Path(__file__).with_name("vectors.json")
LEVEL = 0.001

SALTS = ("frame-moderation", "again", "a", "ß-ü", "2026", "salt " * 40, "x/y", "0")
WEIGHTS = (
    {"control": 90, "rotate": 10},
    {"a": 1, "b": 1},
    {"a": 999, "b": 1},
    {"a": 1, "b": 0, "c": 1},
    {"a": 33, "b": 33, "c": 34},
    {"a": 1, "b": 2, "c": 3, "d": 4},
    {"a": 500_000, "b": 1_000_000, "c": 7},
    {f"arm-{number}": 1 for number in range(10)},
    {f"arm-{number}": number + 1 for number in range(6)},
    {"on": 1, "off": 19},
)
KEYS = (
    lambda number: f"user-{number}",
    lambda number: str(10_000_000 + number),
    lambda number: str(UUID(int=number)),
    lambda number: f"person.{number}@example.com",
)
"""What sticky keys look like; the hash must not mind that they count up."""


def counts(salt: str, weights: dict[str, int], style: int, users: int) -> list[int]:
    arms = Arms(salt, weights)
    found = Counter(arms.of(KEYS[style](number)) for number in range(users))
    return [found[name] for name in weights]


@pytest.mark.slow
def test_every_arm_gets_its_share_of_the_users() -> None:
    cases = list(product(enumerate(SALTS), WEIGHTS))
    chances = [
        mismatch(counts(salt, weights, number % len(KEYS), 10_000), list(weights.values()))
        for (number, salt), weights in cases
    ]
    told = [chance for chance in chances if chance is not None]
    assert len(told) >= 70
    assert min(told) > LEVEL / len(told)
    assert uniform_distance(told) < 1.95, "the shares are too good or too bad to be by chance"  # KS, at a thousandth


def uniform_distance(chances: list[float]) -> float:
    """How far p-values are from evenly spread, in the Kolmogorov–Smirnov test's measure."""
    ordered, size = sorted(chances), len(chances)
    return max(max((n + 1) / size - one, one - n / size) for n, one in enumerate(ordered)) * sqrt(size)


@pytest.mark.prove
def test_shares_of_many_experiments(trial: Trial) -> None:
    told: list[float] = []
    while trial.goes_on():
        weights = {f"arm-{number}": trial.random.randint(1, 100) for number in range(trial.random.randint(2, 8))}
        chance = mismatch(
            counts(f"{trial.random.random()}", weights, trial.random.randrange(4), 20_000), [*weights.values()]
        )
        told += [] if chance is None else [chance]
    trial.note(experiments=len(told), least=min(told), distance_from_uniform=uniform_distance(told))
    assert min(told) > LEVEL / len(told)
    assert uniform_distance(told) < 1.95


def test_an_arm_without_weight_gets_nobody_and_without_any_weight_there_is_no_experiment() -> None:
    assert counts("s", {"a": 0, "b": 5, "c": 0}, 0, 1000) == [0, 1000, 0]
    for weights in ({}, {"a": 0}, {"a": 0, "b": 0}):
        with pytest.raises(ValueError, match="no arm has any weight"):
            Arms("s", weights)


def test_who_has_no_key_is_drawn_anew_by_weight() -> None:
    arms = Arms("s", {"a": 3, "b": 1})
    chance = mismatch(list(Counter(sorted(arms.of("") for _ in range(4000))).values()), [3, 1])
    assert chance is not None
    assert chance > 1e-6  # this one is not repeatable


# --- movement ---

SOME = [f"user-{number}" for number in range(3000)]
ANY_WEIGHT = st.sampled_from([0, 1, 2, 3, 5, 10, 30, 90, 100])
VECTOR = st.lists(ANY_WEIGHT, min_size=2, max_size=5)


def named(weights: list[int]) -> dict[str, int]:
    return {f"arm-{number}": weight for number, weight in enumerate(weights)}


def shares(weights: list[int]) -> list[float]:
    return [weight / sum(weights) for weight in weights]


def variation(before: list[int], after: list[int]) -> float:
    """Total variation: the part of the users that must move, whatever the scheme."""
    return sum(abs(p - q) for p, q in zip(shares(before), shares(after), strict=True)) / 2


def moving(before: list[int], after: list[int]) -> float:
    """The part that rendezvous hashing moves: what the probability Jaccard index leaves (Moulton and Jiang, 2018)."""
    p, q = shares(before), shares(after)
    staying = 0.0
    for mine, other in zip(p, q, strict=True):
        if mine and other:
            staying += 1 / sum(max(one / mine, two / other) for one, two in zip(p, q, strict=True))
    return 1 - staying


def moves(before: list[int], after: list[int]) -> Counter[tuple[int, int]]:
    first, second = Arms("moves", named(before)), Arms("moves", named(after))
    found = Counter((first.of(key), second.of(key)) for key in SOME)
    return Counter({(int(a[4:]), int(b[4:])): count for (a, b), count in found.items() if a != b})


@given(st.data())
def test_users_move_only_into_arms_that_gained_against_theirs_and_as_many_as_the_theory_says(
    data: st.DataObject,
) -> None:
    before = data.draw(VECTOR.filter(any))
    after = data.draw(
        st.lists(st.sampled_from([0, 1, 2, 5, 10, 90]), min_size=len(before), max_size=len(before)).filter(any)
    )
    moved = moves(before, after)
    for source, target in moved:
        assert after[target] * before[source] > after[source] * before[target]
    expected = moving(before, after)
    deviation = sqrt(len(SOME) * expected * (1 - expected))
    assert abs(moved.total() - len(SOME) * expected) <= 4.5 * deviation + 1e-6
    least = variation(before, after)
    assert least - 1e-12 <= expected <= 2 * least / (1 + least) + 1e-12  # no scheme without memory bounds it better


@given(VECTOR.filter(any), st.integers(0, 4), st.sampled_from([0, 1, 2, 7, 50, 400]))
def test_where_one_arm_changes_as_few_move_as_must_and_all_of_them_into_it_or_out_of_it(
    before: list[int], place: int, weight: int
) -> None:
    place %= len(before)
    after = [*before[:place], weight, *before[place + 1 :]]
    if not any(after):
        return
    moved = moves(before, after)
    assert abs(moving(before, after) - variation(before, after)) < 1e-12
    grows = weight > before[place]
    assert all((target if grows else source) == place for source, target in moved)


@given(VECTOR.filter(any), st.integers(2, 9))
def test_scaling_all_weights_or_naming_arms_in_another_order_moves_nobody(weights: list[int], factor: int) -> None:
    arms = Arms("s", named(weights))
    scaled = Arms("s", named([weight * factor for weight in weights]))
    turned = Arms("s", dict(reversed(named(weights).items())))
    for key in SOME[:300]:
        assert arms.of(key) == scaled.of(key) == turned.of(key)


def test_an_arm_that_is_added_takes_from_all_alike() -> None:
    before, after = Arms("s", {"a": 50, "b": 50}), Arms("s", {"a": 50, "b": 50, "c": 25})
    taken = Counter(before.of(key) for key in SOME if after.of(key) == "c")
    stayed = {key for key in SOME if after.of(key) != "c"}
    assert all(before.of(key) == after.of(key) for key in stayed)
    chance = mismatch([taken["a"], taken["b"]], [1, 1])
    assert chance is not None
    assert chance > LEVEL


# --- independence ---


def dependence(pairs: Counter[tuple[str, str]]) -> float:
    """The p-value of chi-square's test of a contingency table."""
    rows, columns = Counter[str](), Counter[str]()
    for (row, column), count in pairs.items():
        rows[row] += count
        columns[column] += count
    total = pairs.total()
    statistic = sum(
        (pairs[row, column] - rows[row] * columns[column] / total) ** 2 / (rows[row] * columns[column] / total)
        for row, column in product(rows, columns)
    )
    return chi_square_tail(statistic, (len(rows) - 1) * (len(columns) - 1))


def test_experiments_with_other_salts_are_independent() -> None:
    weights = {"control": 70, "a": 20, "b": 10}
    assigned = {}
    for salt in SALTS:
        arms = Arms(salt, weights)
        assigned[salt] = [arms.of(f"user-{number}") for number in range(10_000)]
    pairs = list(combinations(SALTS, 2))
    chances = [dependence(Counter(zip(assigned[one], assigned[two], strict=True))) for one, two in pairs]
    assert min(chances) > LEVEL / len(chances)
    assert uniform_distance(chances) < 1.95


def test_the_test_of_independence_sees_a_dependence() -> None:
    arms = Arms("s", {"a": 1, "b": 1})
    alike = Counter((arms.of(key), arms.of(key if number % 10 else f"{key}!")) for number, key in enumerate(SOME))
    assert dependence(alike) < 1e-9


# --- the same everywhere ---


def vectors() -> list[Any]:
    keys = ("u", "user-1", "user-2", "00000000-0000-0000-0000-000000000001", "ключ", "鍵", "k" * 300, " ", "1:a", "\n")
    salts = ("frame-moderation", "", "7:control", "Größe", "s" * 200)
    named = ({"control": 90, "rotate": 10}, {"a": 1, "b": 1, "c": 1}, {"x": 1_000_000, "ä": 999_999, "z": 0})
    cases = list(product(salts, named, keys))
    arms: list[Any] = [
        {"salt": salt, "weights": weights, "key": key, "arm": reference.arm_of(salt, weights, key)}
        for salt, weights, key in cases
    ]
    lots = [
        {"comb": comb, "candidate": name, "key": key, "lot": f"{reference.lot_of(comb, name, key):016x}"}
        for comb, name, key in product(("frame-moderation", "ocr"), ("b7", "candidate"), keys)
    ]
    return [*arms, *lots]


def test_a_second_implementation_says_the_same(update: bool) -> None:
    if update:
        lines = ",\n".join(json.dumps(one, ensure_ascii=True) for one in vectors())
        VECTORS.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    assert json.loads(VECTORS.read_text(encoding="utf-8")) == vectors()


def test_the_second_implementation_is_blake2b() -> None:
    """Appendix A of RFC 7693."""
    assert (
        reference.blake2b(b"abc", 64)
        .hex()
        .startswith("ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1")
    )


_SCRIPT = """
import json, sys
from comb_compiler.runtime.engine.arms import Arms, hashed
for one in json.load(open(sys.argv[1], encoding="utf-8")):
    if "arm" in one:
        found, wanted = Arms(one["salt"], one["weights"]).of(one["key"]), one["arm"]
    else:
        lot = hashed(one["comb"], "rollout", one["candidate"], size=16)
        lot.update(one["key"].encode())
        found, wanted = lot.digest()[:8].hex(), one["lot"]
    assert found == wanted, one
print("same")
"""


@pytest.mark.parametrize("seed", ["0", "1", "4294967295"])
def test_vectors_hold_in_other_processes_whatever_the_hash_seed(seed: str) -> None:
    command = [sys.executable, "-c", _SCRIPT, str(VECTORS)]
    environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": "C", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("same\n", "")


def test_the_weights_of_a_plan_are_those_of_its_experiment() -> None:
    experiment = Experiment("header/x", "s", (Arm("a", 3, 0), Arm("b", 1, 1)))
    assert [arms_of(experiment).of(key) for key in SOME[:50]] == [
        Arms("s", {"a": 3, "b": 1}).of(key) for key in SOME[:50]
    ]


@pytest.mark.parametrize("key", ["\ud800", "\x00", "a\r\nb", "𐍈" * 10_000])
def test_any_text_is_a_key(key: str) -> None:
    arms = Arms("s", {"a": 1, "b": 1})
    assert arms.of(key) == arms.of(key)
