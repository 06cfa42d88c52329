"""GitLab's code quality report."""

import json
from typing import Any

from hypothesis import given, strategies as st

from comb_compiler.diagnostics import Diagnostic, Position, Severity, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.diagnostics.render.gitlab import render
from tests.diagnostics.strategies import FILES, diagnostics, texts


def entries(found: list[Diagnostic], texts: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """The report."""
    report = json.loads(render(found, texts or {}))
    assert isinstance(report, list)
    return report


@given(diagnostics(), st.fixed_dictionaries({}, optional=dict.fromkeys(FILES, texts)))
def test_every_finding_is_an_entry_with_a_fingerprint_of_its_own(
    found: list[Diagnostic], given_texts: dict[str, str]
) -> None:
    report = entries(found, given_texts)
    assert len(report) == len(set(found)) == len({entry["fingerprint"] for entry in report})
    for entry in report:
        assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["location"]["path"]
        assert entry["location"]["lines"]["begin"] >= 1
        json.dumps(entry, ensure_ascii=False).encode()


def test_an_entry_says_what_and_where() -> None:
    span = Span("combs/ocr/comb.yaml", Position(3, 5), Position(4, 1))
    (entry,) = entries([diagnose(codes.DUPLICATE_KEY, "the key `a` is given twice", span)])
    assert entry.pop("fingerprint")
    assert entry == {
        "description": "COMB1004 duplicate-key: the key `a` is given twice",
        "check_name": "duplicate-key",
        "severity": "major",
        "location": {"path": "combs/ocr/comb.yaml", "lines": {"begin": 3}},
    }


def test_a_fingerprint_does_not_move_with_its_line() -> None:
    def mark(text: str, line: int) -> str:
        span = Span("comb.yaml", Position(line, 1), Position(line, 2))
        (entry,) = entries([diagnose(codes.SYNTAX_ERROR, "m", span)], {"comb.yaml": text})
        return str(entry["fingerprint"])

    assert mark("a: 1\n", 1) == mark("# new\n\na: 1\n", 3)
    assert mark("a: 1\n", 1) != mark("b: 1\n", 1)


def test_severities_are_gitlabs() -> None:
    span = Span.whole_file("comb.yaml")
    found = [diagnose(codes.SYNTAX_ERROR, "m", span)._replace(severity=severity) for severity in Severity]
    assert sorted(entry["severity"] for entry in entries(found)) == ["info", "major", "minor"]


def test_nothing_to_say_is_an_empty_list() -> None:
    assert render([], {}) == "[]\n"
