"""How much boxes overlap, against shares that can be worked out by hand and against sampled points."""

from random import Random
from typing import Any

import pytest

from comb_compiler.gates import boxes
from comb_compiler.gates.boxes import corners, is_box, overlap, paired
from tests.gates.messages import Answer, answer

MEASURED = boxes._overlap


def box(left: float, top: float, right: float, bottom: float) -> list[float]:
    return [left, top, right, bottom]


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [
        (box(0, 0, 2, 2), box(0, 0, 2, 2), 1),
        (box(0, 0, 2, 2), box(1, 0, 3, 2), 1 / 3),
        (box(0, 0, 2, 2), box(1, 1, 3, 3), 1 / 7),
        (box(0, 0, 2, 2), box(2, 0, 4, 2), 0),
        (box(0, 0, 4, 4), box(1, 1, 2, 2), 1 / 16),
        (box(0, 0, 0, 0), box(0, 0, 0, 0), 1),
        (box(0, 0, 0, 0), box(1, 1, 1, 1), 0),
        (box(2, 2, 0, 0), box(0, 0, 2, 2), 1),  # corners the other way round
    ],
)
def test_of_rectangles(before: list[float], after: list[float], share: float) -> None:
    assert overlap(before, after) == pytest.approx(share)
    assert overlap(after, before) == pytest.approx(share)


def outline(*points: tuple[float, float]) -> Any:
    return answer(outline={"corners": [{"x": x, "y": y} for x, y in points]}).outline


def test_of_outlines_whichever_way_they_turn() -> None:
    square, diamond = [(0, 0), (2, 0), (2, 2), (0, 2)], [(1, -1), (3, 1), (1, 3), (-1, 1)]
    for one in (square, square[::-1]):
        for other in (diamond, diamond[::-1]):
            assert overlap(outline(*one), outline(*other)) == pytest.approx(4 / 8)


def test_of_random_triangles_as_sampled_points_say() -> None:
    random = Random(4)
    for _ in range(20):
        first, second = ([(random.random(), random.random()) for _ in range(3)] for _ in range(2))
        hits = [0, 0]
        for _ in range(4000):
            point = (random.random(), random.random())
            inside = [_holds(triangle, point) for triangle in (first, second)]
            hits[0] += all(inside)
            hits[1] += any(inside)
        sampled = hits[0] / hits[1] if hits[1] else 0.0
        assert overlap(outline(*first), outline(*second)) == pytest.approx(sampled, abs=0.08)


def _holds(triangle: list[tuple[float, float]], point: tuple[float, float]) -> bool:
    sides = []
    for (x, y), (u, v) in zip(triangle, [*triangle[1:], triangle[0]], strict=True):
        sides.append((u - x) * (point[1] - y) - (v - y) * (point[0] - x))
    return all(side >= 0 for side in sides) or all(side <= 0 for side in sides)


def test_of_many_boxes_those_that_are_near_each_other_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0

    def counted(one: list[boxes.Point], other: list[boxes.Point]) -> float:
        nonlocal looked
        looked += 1
        return MEASURED(one, other)

    monkeypatch.setattr(boxes, "_overlap", counted)
    before, after = ([box(x + by, 0, x + 1 + by, 1) for x in range(300)] for by in (0, 0.1))
    assert paired(before, after, 0.8) == ([], [])
    assert looked < 1_000, "of 90,000 pairs"
    looked = 0
    monkeypatch.setattr(boxes, "_MOST", 2_000)
    everywhere, others = ([box(-x - by, -x, x, x) for x in range(1, 101)] for by in (0, 0.01))
    assert paired(everywhere, others, 1.0) == (everywhere, others)
    assert looked == 2_000, "and no more, however many there are"
    assert paired(everywhere, everywhere[::-1], 1.0) == ([], [])


def test_what_is_a_box() -> None:
    kinds = {field.name: field.message_type for field in Answer.DESCRIPTOR.fields if field.message_type is not None}
    assert {name for name, kind in kinds.items() if is_box(kind)} == {"boxes", "outline"}
    with pytest.raises(ValueError, match=r"gates\.Found is no box"):
        corners(answer(found=[{}]).found[0])
