"""What is watched of a message."""

from math import inf, nan
from typing import Any

import pytest

from comb_compiler.runtime.health.features import compile_features
from tests.runtime.health.kinds import kinds

KINDS = kinds(
    {
        "Box": {"score": "float", "kind": "Kind", "label": "string", "sure": "bool", "note": "string?"},
        "Loop": {"number": "int64", "loop": "Loop"},
        "All": {
            "number": "int64", "flag": "bool", "kind": "Kind", "text": "string", "image": "bytes", "maybe": "float?",
            "row": "float*", "boxes": "Box*", "box": "Box", "table": "float{}",
        },
    }
)  # fmt: skip
All, Box, Loop = KINDS["All"], KINDS["Box"], KINDS["Loop"]


def figures(message: Any) -> dict[str, Any]:
    features = compile_features(message.DESCRIPTOR)
    values = features.read(message)
    return dict(zip((feature.name for feature in features.features), values, strict=True))


def test_each_kind_of_field_gives_its_figures() -> None:
    seen = figures(All(number=7, flag=True, kind=1, text="abc", image=bytes([10, 20]), maybe=0.5, table={"a": 1}))
    assert seen["number"] == 7
    assert seen["flag"] == 1.0
    assert seen["kind"] == "RED"
    assert (seen["text.size"], "text" in seen) == (3, False)
    assert (seen["image.size"], seen["image.mean"]) == (2, 15)
    assert (seen["maybe.present"], seen["maybe"]) == (1.0, 0.5)
    assert (seen["table.size"], seen["boxes.size"], seen["box.present"]) == (1, 0, 0)


def test_what_is_not_there_has_no_value() -> None:
    seen = figures(All())
    assert (seen["maybe.present"], seen["maybe"], seen["box.score"], seen["boxes.score"]) == (0.0, None, None, None)
    assert (seen["row.size"], seen["row.mean"], seen["row.flat"]) == (0, None, None)


def test_below_a_repeated_field_there_is_one_figure_for_all_items() -> None:
    boxes = [Box(score=0.5, sure=True, kind=1, label="ab"), Box(score=1.0, note="x")]
    seen = figures(All(boxes=boxes))
    assert (seen["boxes.size"], seen["boxes.score"], seen["boxes.sure"]) == (2, 0.75, 0.5)
    assert (seen["boxes.kind"], seen["boxes.label.size"], seen["boxes.note.present"]) == ("RED", 1, 0.5)


def test_rows_of_numbers_tell_whether_they_are_flat_and_whether_they_are_the_same() -> None:
    flat, other = figures(All(row=[2.0] * 9)), figures(All(row=range(9)))
    assert (flat["row.mean"], flat["row.flat"], other["row.flat"]) == (2.0, 1.0, 0.0)
    assert flat["row"] == figures(All(row=[2.0] * 9))["row"] != other["row"]
    assert figures(All(row=[1.0] * 7))["row.flat"] is None


@pytest.mark.parametrize("bad", [nan, inf])
def test_numbers_that_are_not_finite_are_no_figures(bad: float) -> None:
    seen = figures(All(maybe=bad, row=[bad] * 9, boxes=[Box(score=bad)]))
    assert (seen["maybe"], seen["row.mean"], seen["boxes.score"]) == (None, None, None)


def test_an_enum_of_a_later_version_is_shown_by_number() -> None:
    assert figures(All(kind=9))["kind"] == "9"


def test_there_is_an_end_to_depth_and_to_number() -> None:
    loop = compile_features(Loop.DESCRIPTOR)
    assert not loop.is_whole
    assert [feature.name for feature in loop.features][-1] == "loop.loop.loop.loop.loop.present"
    wide = kinds({"Wide": {f"f{index}": "float" for index in range(100)}})["Wide"]
    features = compile_features(wide.DESCRIPTOR)
    assert (len(features.features), len(features.read(wide())), features.is_whole) == (64, 64, False)


def test_long_rows_and_many_items_are_looked_at_in_part() -> None:
    seen = figures(All(row=[1.0] * 100_000, boxes=[Box(score=1.0)] * 10_000, image=b"\1" * 10_000_000))
    assert (seen["row.size"], seen["boxes.size"], seen["boxes.score"], seen["image.mean"]) == (100_000, 10_000, 1, 1)
