"""Mermaid and dot, read by Mermaid and by Graphviz: every step and arrow is there, and texts are what was written."""

import json
import os
import re
import subprocess
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings, strategies as st

from comb_compiler.graph.drawing import Arrow, Picture, draw_dot, draw_mermaid
from comb_compiler.graph.drawing.wording import arrow_label, box_lines
from comb_compiler.graph.model import REQUEST
from tests.conftest import RequiresTool
from tests.graph.drawing.pictures import ANSWER, HOSTILE, picture, pictures, step

READER = Path(__file__).parents[2] / "support" / "diagrams" / "check.mjs"

OBEYED = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""The categories of characters that are not shown, but do something."""

Reader = Callable[[list[tuple[str, str]]], list[Any]]


@pytest.fixture(scope="module")
def read(requires_tool: RequiresTool) -> Reader:
    """What Mermaid and Graphviz see in diagrams, each (form, text)."""
    node, packages = requires_tool("node"), requires_tool("diagram-readers")

    def run(diagrams: list[tuple[str, str]]) -> list[Any]:
        request = json.dumps([{"form": form, "text": text} for form, text in diagrams])
        done = subprocess.run(
            [node, READER, packages], input=request.encode(), capture_output=True, timeout=600, env=dict(os.environ)
        )
        assert done.returncode == 0, done.stderr.decode()
        found: list[Any] = json.loads(done.stdout)
        return found

    return run


def some_pictures() -> list[Picture]:
    """Random pictures, all at once: starting Mermaid takes longer than reading a hundred diagrams."""
    found: list[Picture] = []

    @settings(max_examples=60, database=None, derandomize=True, phases=[Phase.generate])
    @given(pictures(cycles=True))
    def gather(one: Picture) -> None:
        found.append(one)

    gather()
    return found


def node_texts(one: Picture, line_break: str) -> list[str]:
    texts = [
        [f"{line.text} ({line.right})" if line.right else line.text for line in box_lines(box)]
        for box in one.boxes.values()
    ]
    return [line_break.join(lines) for lines in texts]


def test_mermaid_sees_every_step_and_arrow_with_its_text(read: Reader) -> None:
    given_pictures = some_pictures()
    for one, seen in zip(
        given_pictures, read([("mermaid", draw_mermaid(p, types=True)) for p in given_pictures]), strict=True
    ):
        assert "error" not in seen, seen
        assert seen["nodes"] == node_texts(one, "<br>")
        numbers = {name: f"n{number}" for number, name in enumerate(one.boxes)}
        expected = [[numbers[a.source], numbers[a.target], arrow_label((a,), types=True)] for a in one.arrows]
        assert [edge[:3] for edge in seen["edges"]] == expected
        strokes = [edge[3] for edge in seen["edges"]]
        assert [stroke == "thick" for stroke in strokes] == [a.is_critical or a.is_cyclic for a in one.arrows]


def test_graphviz_sees_every_step_and_arrow_with_its_text(read: Reader) -> None:
    given_pictures = some_pictures()
    for one, seen in zip(given_pictures, read([("dot", draw_dot(p, types=True)) for p in given_pictures]), strict=True):
        assert "error" not in seen, seen
        assert [[name, shown(label)] for name, label in seen["nodes"]] == [
            list(pair) for pair in zip(one.boxes, node_texts(one, "\n"), strict=True)
        ]
        expected = sorted([a.source, a.target, arrow_label((a,), types=True)] for a in one.arrows)
        assert sorted([tail, head, shown(label)] for tail, head, label in seen["edges"]) == expected


def shown(label: str) -> str:
    """A label as Graphviz draws it: `\\n` begins a line, and a backslash before any other sign stands for that sign."""
    plain = re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], label)
    return plain.replace("&amp;", "&")


@pytest.mark.parametrize(
    "name", ["end", "graph", "subgraph", "style", "class", "node", "edge", "strict", "digraph", "o", "x"]
)
def test_a_step_may_be_named_like_a_word_of_the_language(read: Reader, name: str) -> None:
    one = picture(
        [step(name), step("last")], [Arrow(REQUEST, name, "p"), Arrow(name, "last", "p"), Arrow("last", ANSWER)]
    )
    for seen in read([("mermaid", draw_mermaid(one)), ("dot", draw_dot(one))]):
        assert "error" not in seen, seen
        assert (len(seen["nodes"]), len(seen["edges"])) == (4, 3)


@given(text=st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30)))
def test_no_text_leaves_its_line(text: str) -> None:
    """Whatever a condition says, Mermaid and dot have the lines that they have without it."""
    plain = picture([step("a", when="b")], [Arrow(REQUEST, "a", "p"), Arrow("a", ANSWER)], title="t")
    hostile = picture([step("a", when=f"b{text}")], [Arrow(REQUEST, "a", "p"), Arrow("a", ANSWER)], title=f"t{text}")
    for draw in (draw_mermaid, draw_dot):
        assert draw(hostile).count("\n") == draw(plain).count("\n")
        assert {unicodedata.category(one) for one in draw(hostile).replace("\n", "")}.isdisjoint(OBEYED)
