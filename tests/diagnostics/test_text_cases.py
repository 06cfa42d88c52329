"""How diagnostics look to a person: one readable case each."""

import difflib
import re
from pathlib import Path

import pytest

from comb_compiler.diagnostics.render.text import render
from tests.diagnostics.cases import CASES, load

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
each_case = pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)


@each_case
def test_it_looks_as_the_case_shows(path: Path, update: bool) -> None:
    case = load(path)
    rendered = render(case.diagnostics, case.texts, width=case.width)
    if update and rendered != case.out:
        path.write_text(f"{case.head}-- out --\n{rendered}", encoding="utf-8")
        return
    difference = "\n".join(difflib.unified_diff(case.out.split("\n"), rendered.split("\n"), "expected", "rendered"))
    assert not difference, f"{path.name} (pytest --update accepts it):\n{difference}"


@each_case
def test_colour_adds_nothing_but_colour(path: Path) -> None:
    case = load(path)
    coloured = render(case.diagnostics, case.texts, width=case.width, color=True)
    assert "\x1b[1;9" in coloured
    assert _blank_ends(_ANSI.sub("", coloured)) == _blank_ends(render(case.diagnostics, case.texts, width=case.width))


def _blank_ends(text: str) -> list[str]:
    """Lines without the blanks at their ends, which a colour may hold."""
    return [line.rstrip() for line in text.split("\n")]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_case_says_what_it_shows(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# ")
