"""The table of formats."""

import subprocess
import sys
from pathlib import Path

import pytest

from comb_compiler.diagnostics import Position, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.diagnostics.render import FORMATS

ROOT = Path(__file__).parents[2]
FOUND = diagnose(codes.DUPLICATE_KEY, "twice", Span("comb.yaml", Position(1, 1), Position(1, 2)))


def test_there_are_these() -> None:
    assert list(FORMATS) == ["text", "json", "sarif", "github", "gitlab"]


@pytest.mark.parametrize("name", FORMATS)
def test_each_says_the_finding_once_and_ends_its_last_line(name: str) -> None:
    rendered = FORMATS[name]([FOUND, FOUND], {"comb.yaml": "a: 1\n"})
    assert "COMB1004" in rendered
    assert rendered.endswith("\n")
    assert not rendered.endswith("\n\n")


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_findings_give_the_same_bytes(name: str) -> None:
    other = FOUND._replace(message="again")
    texts = {"comb.yaml": "a: 1\n", "b": ""}
    first = FORMATS[name]([FOUND, other], texts)
    assert first == FORMATS[name](iter([other, FOUND]), dict(reversed(texts.items())))


def test_a_form_is_loaded_when_it_is_used() -> None:
    program = (
        "import sys; from comb_compiler.diagnostics.render import FORMATS; FORMATS['text']([], {});"
        "print(*(name for name in sys.modules if name.startswith('comb_compiler.diagnostics.render.')))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.rpartition(".")[2] for name in done.stdout.split()}
    assert {name for name in loaded if not name.startswith("_")} == {"text", "printable"}
