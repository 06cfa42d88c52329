"""Text in a frame, step by step: outlines, order, crops, letters, and what is refused."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest

from comb_compiler.runtime import Call, Code, Model, OperatorError
from comb_compiler.runtime.params import BadParameters, fit
from tests.examples.moderation import locate, messages, patient_plan

pytestmark = pytest.mark.usefixtures("operators")
MODELS = {binding.operator: binding.model for binding in patient_plan().bindings}


def module(name: str) -> Any:
    return import_module(f"operators.{name}")


def started(name: str, **params: Any) -> Any:
    """An operator of `operators.text` with the model that comb.yaml gives it."""
    kind = {"detect": ("Detect", "DetectParams"), "straighten": ("Straighten", "AngleParams"),
            "recognise": ("Recognise", "ReadParams")}[name]  # fmt: skip
    version = MODELS[name]
    assert version is not None
    fitting = fit(getattr(module("text"), kind[1]), {**version.params, **params})
    model: Model[Any] = Model(version.name, version.version, version.format, locate(version), fitting)
    return getattr(module("text"), kind[0])(model, messages())


def call(remaining: float = 60.0) -> Call:
    return Call(lambda: 0.0, remaining)


def boxes(*crops: dict[str, Any]) -> Any:
    made: Any = messages()["moderation.v1.Boxes"]()
    for crop in crops:
        made.boxes.add(crop=crop)
    return made


def corners(left: float, top: float, right: float, bottom: float) -> Any:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


# --- outlines ---


def test_an_outline_is_grown_by_area_over_perimeter() -> None:
    chances = np.zeros((100, 200), np.float32)
    chances[40:60, 50:150] = 0.9
    (found,) = module("outlines").find_outlines(chances, 0.3, 0.5, 1.5)
    grown = 100 * 20 * 1.5 / (2 * (100 + 20))  # on each side
    wanted = corners(50 - grown, 40 - grown, 150 + grown, 60 + grown)
    assert np.abs(found.corners - wanted).max() < 2
    assert 0.8 < found.score <= 0.9


def test_what_is_unsure_or_a_speck_is_no_outline() -> None:
    chances = np.zeros((100, 200), np.float32)
    chances[10:30, 10:90] = 0.4
    chances[50:52, 50:52] = 0.9
    assert module("outlines").find_outlines(chances, 0.3, 0.5, 1.5) == []


def test_an_outline_at_the_edge_of_the_map_is_looked_at_within_it() -> None:
    chances = np.zeros((32, 32), np.float32)
    chances[0:10, 0:32] = 0.9
    (found,) = module("outlines").find_outlines(chances, 0.3, 0.5, 1.5)
    assert found.score > 0.7


def test_a_map_full_of_specks_ends() -> None:
    chances = np.zeros((960, 960), np.float32)
    chances[::8, :] = chances[1::8, :] = chances[2::8, :] = chances[3::8, :] = 0.9
    chances[:, ::16] = chances[:, 1::16] = 0
    assert 0 < len(module("outlines").find_outlines(chances, 0.3, 0.5, 1.5)) <= 1000


def test_lines_are_read_from_top_to_bottom_and_left_to_right() -> None:
    outline = module("outlines").Outline
    places = [corners(300, 12, 400, 42), corners(10, 100, 90, 130), corners(10, 20, 90, 50), corners(120, 5, 200, 35)]
    found = module("outlines").in_reading_order([outline(place, 1.0) for place in places])
    assert [(one.corners[0, 0], one.corners[0, 1]) for one in found] == [(10, 20), (120, 5), (300, 12), (10, 100)]


# --- crops ---


def test_a_tilted_line_is_cut_out_straight() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    for step in range(60):
        picture[20 + step // 2 : 30 + step // 2, 20 + step] = (250, 10, 20)
    tilted = np.array([[20, 20], [80, 50], [80, 60], [20, 30]], np.float32)
    crop = module("crops").cut_out(picture, tilted)
    assert crop.shape == (10, 67, 3)
    assert np.abs(crop[5, 33].astype(int) - (20, 10, 250)).max() < 30  # blue, green, red


def test_a_line_from_top_to_bottom_is_laid_down() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[:50] = 200
    crop = module("crops").cut_out(picture, corners(40, 0, 60, 100))
    assert crop.shape == (20, 100, 3)
    assert crop[10, 10, 0] > crop[10, 90, 0]


def test_a_tall_line_is_cut_out_smaller() -> None:
    crop = module("crops").cut_out(np.zeros((400, 1000, 3), np.uint8), corners(0, 0, 1000, 384))
    assert crop.shape == (96, 250, 3)


def test_lines_beyond_the_limit_make_the_answer_degraded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module("text"), "MAX_TOTAL", 96 * 96 * 3 * 2)
    detect = started("detect")
    outline = module("outlines").Outline
    monkeypatch.setattr(detect, "_outlines", lambda picture: [outline(corners(0, 0, 96, 96), 0.9)] * 3)
    answer = detect(_frame())
    assert (len(answer.boxes), answer.degraded) == (2, True)


def _frame() -> Any:
    from io import BytesIO

    from PIL import Image

    content = BytesIO()
    Image.new("RGB", (128, 128)).save(content, "PNG")
    return messages()["moderation.v1.Frame"](image=content.getvalue())


@pytest.mark.parametrize(
    ("crop", "reason"),
    [
        ({"width": 2, "height": 2, "pixels": b"12345"}, "a crop of 2 × 2 pixels has 5 bytes"),
        ({"width": 0, "height": 2}, "a crop of 0 × 2 pixels has 0 bytes"),
        ({"width": 2, "height": 2, "path": "crops/1"}, "a crop is given as a path"),
        ({"width": 2**31, "height": 2**31, "pixels": b"1"}, "a crop of 2147483648 × 2147483648 pixels"),
    ],
)
@pytest.mark.parametrize("name", ["straighten", "recognise"])
def test_crops_that_are_not_whole_are_refused(name: str, crop: dict[str, Any], reason: str) -> None:
    step = started(name, **({"enabled": True} if name == "straighten" else {}))
    with pytest.raises(OperatorError) as caught:
        step(boxes(crop), call())
    assert caught.value.code is Code.INTERNAL
    assert reason in caught.value.message


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (9000, 1)])
def test_crops_of_any_shape_are_read_within_bounds(size: tuple[int, int]) -> None:
    width, height = size
    given = boxes({"width": width, "height": height, "pixels": bytes(width * height * 3)})
    assert started("recognise")(given, call()).lines[:] == []
    (box,) = started("straighten", enabled=True)(given, call()).boxes
    assert box.angle in (1, 2)


# --- angles ---


def test_without_the_classifier_boxes_come_back_as_they_are() -> None:
    given = boxes({"width": 1, "height": 1, "pixels": b"123"})
    assert started("straighten", enabled=False)(given, call()) is given


def test_what_came_is_not_changed_and_degraded_is_handed_on() -> None:
    given = boxes({"width": 40, "height": 20, "pixels": bytes(range(240)) * 10})
    given.degraded = True
    before = given.SerializeToString()
    answer = started("straighten", enabled=True)(given, call())
    assert given.SerializeToString() == before
    assert answer.degraded
    assert started("recognise")(answer, call()).degraded


@pytest.mark.parametrize("name", ["straighten", "recognise"])
def test_work_ends_when_nobody_waits(name: str) -> None:
    step = started(name, **({"enabled": True} if name == "straighten" else {}))
    with pytest.raises(OperatorError) as caught:
        step(boxes({"width": 1, "height": 1, "pixels": b"123"}), call(remaining=0.0))
    assert caught.value.code is Code.CANCELLED


# --- letters ---


def test_repeated_letters_are_one_unless_a_blank_parts_them() -> None:
    alphabet = ("", "a", "b", " ")
    best = [1, 1, 0, 1, 2, 2, 0, 3, 2]
    chances = np.full((len(best), 4), 0.1, np.float32)
    chances[np.arange(len(best)), best] = 0.7
    assert module("letters").read_letters(chances, alphabet) == ("aab b", pytest.approx(0.7))
    assert module("letters").read_letters(chances[2:3], alphabet) == ("", 0.0)


def test_a_model_that_does_not_say_its_letters_is_refused() -> None:
    with pytest.raises(ValueError, match="carries no `character`"):
        module("letters").alphabet_of({})
    with pytest.raises(ValueError, match="tells 4 classes apart, and its file names 3"):
        module("letters").read_letters(np.zeros((1, 4), np.float32), ("", "a", " "))


# --- parameters ---


@pytest.mark.parametrize(
    "params", [{"longSide": 16}, {"longSide": 960, "boxThreshold": 1.5}, {"longSide": 960, "unclipRatio": -1.0}]
)
def test_parameters_out_of_range_are_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"longSide|Threshold|unclipRatio"):
        fit(module("text").DetectParams, params)


def test_unknown_parameters_are_refused() -> None:
    with pytest.raises(BadParameters, match="`shortSide` is no parameter"):
        fit(module("text").DetectParams, {"longSide": 960, "shortSide": 3})
