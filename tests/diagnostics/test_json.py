"""The JSON form: it is what its schema says, and reads back as it was."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from jsonschema import Draft7Validator

from comb_compiler.diagnostics import Code, Diagnostic, Position, Severity, Span, codes, in_reading_order
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.diagnostics.render.json import from_json, render
from tests.diagnostics.strategies import diagnostics

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "diagnostics.v1.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft7Validator(SCHEMA)
inside = st.builds(Position, st.integers(1, 10**6), st.integers(1, 10**6))

FOUND = diagnose(
    codes.DUPLICATE_KEY, "the key `a` is given twice", Span("comb.yaml", Position(2, 1), Position(2, 2)), label="again"
)
VALID = json.loads(render([FOUND]))


@given(diagnostics())
def test_it_reads_back_as_it_was(found: list[Diagnostic]) -> None:
    assert from_json(render(found)) == in_reading_order(found)


@given(diagnostics(inside))
def test_it_is_what_the_schema_says(found: list[Diagnostic]) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(json.loads(render(found)))] == []


@given(diagnostics())
def test_it_is_ascii_without_controls(found: list[Diagnostic]) -> None:
    assert all(character == "\n" or " " <= character <= "~" for character in render(found))


def test_it_is_the_object_that_is_promised() -> None:
    assert VALID == {
        "version": 1,
        "diagnostics": [
            {
                "code": "COMB1004",
                "name": "duplicate-key",
                "severity": "error",
                "message": "the key `a` is given twice",
                "path": "",
                "file": "comb.yaml",
                "range": {"start": {"line": 2, "column": 1}, "end": {"line": 2, "column": 2}},
                "label": "again",
                "related": [],
                "hints": [],
                "fix": None,
            }
        ],
    }


def _changed(**changes: Any) -> dict[str, Any]:
    """The valid document with other properties of its finding."""
    return {"version": 1, "diagnostics": [{**VALID["diagnostics"][0], **changes}]}


BROKEN = [
    {},
    [],
    "text",
    {"version": 2, "diagnostics": []},
    {"version": 1, "diagnostics": [{}]},
    {"version": 1, "diagnostics": {"a": 1}},
    _changed(severity="fatal"),
    _changed(range=None),
    _changed(message=1),
    _changed(range={"start": {"line": "1", "column": 1}, "end": {"line": 1, "column": 1}}),
    _changed(range={"start": {"line": 1.5, "column": 1}, "end": {"line": 1, "column": 1}}),
    _changed(related=["text"]),
    _changed(hints=[1]),
    _changed(fix={"title": "t", "applicability": "certain", "edits": []}),
]


@pytest.mark.parametrize("document", BROKEN, ids=lambda document: str(document)[:60])
def test_what_is_not_of_this_form_is_refused_by_reader_and_schema(document: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(json.dumps(document))
    assert not VALIDATOR.is_valid(document)


@pytest.mark.parametrize("text", ["", "{", "nul", "[" * 100_000, '{"version": 1}', "\x00"])
def test_a_spoilt_file_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(text)


def test_every_truncation_is_refused() -> None:
    whole = render([FOUND]).rstrip("\n")
    for length in range(len(whole)):
        with pytest.raises(ValueError, match=r"."):
            from_json(whole[:length])


def test_a_code_of_another_version_is_kept() -> None:
    document = _changed(code="COMB9999", name="not-yet-known", severity="warning")
    (found,) = from_json(json.dumps(document))
    assert found.code == Code("COMB9999", "not-yet-known", Severity.WARNING)


def test_reading_a_verdict_loads_no_models_and_no_parser() -> None:
    program = (
        "import sys; from comb_compiler.diagnostics.render.json import from_json, render;"
        "from comb_compiler.diagnostics.render.text import render as text;"
        "text(from_json(render([])), {});"
        "print(*(name for name in ('pydantic', 'yaml', 'difflib', 'hashlib', 'urllib.parse', 'importlib.resources',"
        " 'dataclasses', 'inspect') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
