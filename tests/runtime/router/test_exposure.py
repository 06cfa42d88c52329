"""Exposure: requests are counted, users are sampled alike in all arms, memory is bounded."""

from random import Random

import pytest

from comb_compiler.runtime.router.exposure import ASSIGNED, FAILOVER, FORCED, KEYLESS, Exposure
from comb_compiler.runtime.router.mismatch import mismatch


def test_a_user_is_one_user_however_often() -> None:
    exposure = Exposure()
    for _ in range(5):
        exposure.count("r", "a", ASSIGNED, 1)
    exposure.count("r", "b", ASSIGNED, 2)
    assert exposure.requests == {("r", "a", ASSIGNED): 5, ("r", "b", ASSIGNED): 1}
    assert exposure.users() == {("r", "a"): 1, ("r", "b"): 1}


@pytest.mark.parametrize("how", [KEYLESS, FORCED, FAILOVER])
def test_whoever_was_not_assigned_is_no_user_of_the_experiment(how: str) -> None:
    exposure = Exposure()
    exposure.count("r", "a", how, 1)
    assert exposure.requests == {("r", "a", how): 1}
    assert exposure.users() == {}


def test_of_many_users_the_same_part_of_each_arm_is_remembered() -> None:
    random, exposure, there = Random(3), Exposure(), {"a": 0, "b": 0}
    for _ in range(300_000):
        user = random.getrandbits(64)
        arm = "a" if random.random() < 0.8 else "b"
        there[arm] += 1
        exposure.count("r", arm, ASSIGNED, user)
    users = exposure.users()
    assert sum(users.values()) <= 65_536
    assert exposure.sampled == 1 / 8
    for arm, count in there.items():
        estimate = users["r", arm] / exposure.sampled
        assert abs(estimate - count) < 4 * (count * 8) ** 0.5
    chance = mismatch([users["r", "a"], users["r", "b"]], [80, 20])
    assert chance is not None
    assert chance > 0.001


def test_users_that_one_arm_loses_are_seen_in_the_sample() -> None:
    random, exposure = Random(4), Exposure()
    for _ in range(200_000):
        user, is_lost = random.getrandbits(64), random.random() < 0.1
        arm = "a" if random.random() < 0.5 else "b"
        if arm == "a" or not is_lost:
            exposure.count("r", arm, ASSIGNED, user)
    users = exposure.users()
    assert exposure.sampled < 1
    chance = mismatch([users["r", "a"], users["r", "b"]], [1, 1])
    assert chance is not None
    assert chance < 1e-9


def test_when_weights_change_users_are_counted_anew_and_requests_go_on() -> None:
    exposure = Exposure()
    exposure.count("r", "a", ASSIGNED, 1)
    exposure.begin_again()
    assert exposure.users() == {}
    exposure.count("r", "b", ASSIGNED, 1)
    assert exposure.users() == {("r", "b"): 1}
    assert sum(exposure.requests.values()) == 2
