"""What is seen of the answers of one operator, and what is said of golden samples that are near the deadline."""

from collections.abc import Iterable

import pytest

from comb_compiler.runtime.engine import Engine
from comb_compiler.runtime.health.drift import Stream, Windows
from comb_compiler.runtime.health.features import compile_features
from comb_compiler.runtime.health.goldens import RIGHT, Golden, Outcome
from comb_compiler.runtime.health.judging import _of_arm, _of_sight
from comb_compiler.runtime.health.observations import Place, Sight, Stuck
from comb_compiler.runtime.health.rounds import Rounds, Schedule
from tests.runtime.health.kinds import kinds
from tests.runtime.health.setting import a_plan, sample
from tests.runtime.post.post_pb2 import Request

Answer = kinds({"Answer": {"scores": "float*", "label": "string"}})["Answer"]


def sight() -> Sight:
    features = compile_features(Answer.DESCRIPTOR)
    stream = Stream({0: features.features[0]}, Windows(), 1e-6, 0)
    return Sight(Place("", "a"), Answer.DESCRIPTOR, features, stream)


def see(one: Sight, rows: Iterable[list[float]], *, requests: int = 10) -> tuple[Stuck, ...]:
    for number, row in enumerate(rows):
        one.add(Answer(scores=row), 0.0, number % requests)
    return one.stuck


def test_rows_of_equal_numbers_are_stuck_when_fifty_came_one_after_the_other() -> None:
    one = sight()
    assert see(one, [[0.0] * 10] * 49) == ()
    assert see(one, [[0.0] * 10]) == (Stuck("scores", 50, True),)
    ((_, reason),) = _of_sight(one, "answers")
    assert reason == "in the last 50 answers all numbers are equal in `scores`, whatever the request"
    assert see(one, [[float(number) for number in range(10)]]) == ()


def test_rows_that_are_the_same_whatever_the_request_are_stuck() -> None:
    one = sight()
    row = [float(number) for number in range(10)]
    assert see(one, [row] * 50) == (Stuck("scores", 50, False),)
    assert see(one, [row[::-1]]) == ()


def test_the_same_request_again_and_again_says_nothing() -> None:
    assert see(sight(), [[0.0] * 10] * 200, requests=1) == ()


@pytest.mark.parametrize("rows", [[[0.0] * 7] * 100, [[float(n), *[0.0] * 9] for n in range(100)]])
def test_short_rows_and_rows_that_move_are_not_stuck(rows: list[list[float]]) -> None:
    assert see(sight(), rows) == ()


@pytest.mark.parametrize(("took", "told"), [(0.79, False), (0.81, True)])
def test_most_goldens_near_the_deadline_are_told(took: float, told: bool) -> None:
    plan = a_plan(deadline=1.0)
    rounds = Rounds(Engine(plan), (), Schedule(), {})
    last = [
        Outcome("", Golden(sample(name, "x", "x"), Request()), RIGHT, took=time)
        for name, time in (("a", took), ("b", took), ("c", 0.1))
    ]
    found = [reason for _, reason in _of_arm("", plan, rounds, last)]
    assert found == (["most golden samples take more than 80% of the deadline of 1 s"] if told else [])
