"""SVG: well formed, complete, self-contained; boxes apart, and texts inside their boxes."""

import re
from itertools import combinations
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given

from comb_compiler.diagnostics.render.printable import width
from comb_compiler.graph.drawing import Kind, Picture, draw_svg
from comb_compiler.graph.drawing.svg import MOST_STEPS
from comb_compiler.graph.drawing.wording import box_lines
from tests.graph.drawing.pictures import HOSTILE, chain, large, picture, pictures, step

SVG = "{http://www.w3.org/2000/svg}"
LETTER = 13 * 0.61
"""The widest letter of the monospace fonts that are asked for, in pixels."""


def parsed(text: str) -> Element:
    return fromstring(text)


def boxes(root: Element) -> list[Element]:
    return [one for one in root.iter(f"{SVG}g") if "box" in one.get("class", "").split()]


def frame(box: Element) -> tuple[float, float, float, float]:
    rect = box.find(f"{SVG}rect")
    assert rect is not None
    x, y, wide, high = (float(rect.get(name, "")) for name in ("x", "y", "width", "height"))
    return x, y, x + wide, y + high


@given(pictures(cycles=True))
def test_every_step_is_there_once_with_all_that_is_said_of_it(one: Picture) -> None:
    found = [[text.text or "" for text in box.iter(f"{SVG}text")] for box in boxes(parsed(draw_svg(one)))]
    expected = [
        [word for line in box_lines(box) for word in (line.text, line.right) if word] for box in one.boxes.values()
    ]
    assert found == expected


@given(pictures(cycles=True))
def test_boxes_are_apart_and_on_the_page(one: Picture) -> None:
    root = parsed(draw_svg(one, types=True))
    frames = [frame(box) for box in boxes(root)]
    assert [
        (a, b) for a, b in combinations(frames, 2) if a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]
    ] == []
    _, _, wide, high = map(float, root.get("viewBox", "").split())
    moved = next(group for group in root.iter(f"{SVG}g") if group.get("transform"))
    left, top = map(float, re.findall(r"[\d.]+", moved.get("transform", "")))
    assert all(a + left >= 0 and c + left <= wide and b + top >= 0 and d + top <= high for a, b, c, d in frames)


@given(pictures(cycles=True))
def test_texts_stay_inside_their_boxes(one: Picture) -> None:
    for box in boxes(parsed(draw_svg(one))):
        left, top, right, bottom = frame(box)
        for text in box.iter(f"{SVG}text"):
            x, y = float(text.get("x", "")), float(text.get("y", ""))
            long = float(text.get("textLength", width(text.text or "") * LETTER))
            start = x - long if text.get("class") == "timeout" else x
            assert left < start
            assert start + long < right
            assert top < y < bottom


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text(text: str) -> None:
    one = picture([step("a", when=text, operator=text)], [], title=text)
    root = parsed(draw_svg(one))
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg",
        "title",
        "desc",
        "style",
        "rect",
        "g",
        "text",
        "path",
    }
    assert all(not name.startswith("on") and "href" not in name for element in root.iter() for name in element.attrib)


@given(pictures())
def test_it_needs_no_other_file_and_says_what_it_is(one: Picture) -> None:
    text = draw_svg(one)
    assert re.findall(r"url\(|@import|href|https?://(?!www\.w3\.org/2000/svg)", text) == []
    root = parsed(text)
    named = [root.find(f"{SVG}{name}") for name in ("title", "desc")]
    assert [element.get("id") for element in named if element is not None] == root.get("aria-labelledby", "").split()
    assert root.get("role") == "img"


def test_of_too_many_steps_the_layers_are_drawn_and_that_is_said() -> None:
    root = parsed(draw_svg(large(MOST_STEPS + 1)))
    words = " ".join(text.text or "" for text in root.iter(f"{SVG}text"))
    assert f"{MOST_STEPS + 1} steps are too many to draw each" in words
    counted = [
        int(found)
        for found in re.findall(
            r"(\d+) steps?\b", " ".join(t.text or "" for box in boxes(root) for t in box.iter(f"{SVG}text"))
        )
    ]
    assert sum(counted) == MOST_STEPS + 1


def test_as_many_as_are_promised_are_drawn() -> None:
    one = large(MOST_STEPS)
    assert len(boxes(parsed(draw_svg(one)))) == sum(box.kind is Kind.STEP for box in one.boxes.values()) + 2


def test_a_very_deep_graph_is_drawn_some_layers_at_a_time() -> None:
    root = parsed(draw_svg(chain(1000)))
    assert len(boxes(root)) == 42
    assert "layers 26 to 50" in {text.text for text in root.iter(f"{SVG}text")}
