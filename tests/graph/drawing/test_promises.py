"""What holds for all forms: the same bytes everywhere, and no graph that takes long."""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from comb_compiler.graph.drawing import Arrow, Picture, Terminal, draw_dot, draw_json, draw_mermaid, draw_svg, draw_text
from tests.architecture.imports import ROOT
from tests.graph.drawing.pictures import ANSWER, drawn_by_lot, large, picture, step

FORMS: dict[str, Callable[[Picture], str]] = {
    "text": lambda one: draw_text(one, Terminal(120), types=True),
    "svg": lambda one: draw_svg(one, types=True),
    "mermaid": lambda one: draw_mermaid(one, types=True),
    "dot": lambda one: draw_dot(one, types=True),
    "json": draw_json,
}
DIGEST = "from tests.graph.drawing.test_promises import digest; print(digest())"
SECONDS = 15.0


def digest() -> str:
    """Of all forms of some graphs, with cycles and without."""
    texts = [draw(drawn_by_lot(12, seed, cycles=seed % 2 == 0)) for seed in range(8) for draw in FORMS.values()]
    return hashlib.sha256("".join(texts).encode("utf-8", "surrogatepass")).hexdigest()


@pytest.mark.parametrize("seed", ["0", "1", "4711"])
def test_the_same_graph_has_the_same_bytes_whatever_the_hash_seed(seed: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", DIGEST], env=environment, cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == (digest(), "")


def seconds(draw: Callable[[Picture], str], one: Picture) -> float:
    """The CPU time of one drawing."""
    before = time.process_time()
    draw(one)
    return time.process_time() - before


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_5000_steps_are_written_in_time(form: str) -> None:
    assert seconds(FORMS[form], large(5_000)) <= SECONDS


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_a_graph_of_nothing_but_wires_is_written_in_time(form: str) -> None:
    """150 steps of which each gives to each of 140 others."""
    upper, lower = [f"u{number}" for number in range(150)], [f"l{number}" for number in range(140)]
    arrows = [Arrow(one, other, f"p_{one}") for one in upper for other in lower]
    one = picture([step(name) for name in (*upper, *lower)], [*arrows, Arrow("l0", ANSWER)])
    assert seconds(FORMS[form], one) <= SECONDS


@pytest.mark.slow
@pytest.mark.parametrize("count", [60, 300])
def test_the_largest_that_is_drawn_is_drawn_in_time(count: int) -> None:
    form = FORMS["text"] if count == 60 else FORMS["svg"]
    assert seconds(form, large(count)) <= 2 * SECONDS
