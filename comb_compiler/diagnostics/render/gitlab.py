"""GitLab's code quality report: what a merge request shows beside its changes."""

import json
from collections.abc import Iterable, Mapping

from comb_compiler.diagnostics.codes import Severity
from comb_compiler.diagnostics.model import Diagnostic, in_reading_order
from comb_compiler.diagnostics.render._fingerprint import fingerprints
from comb_compiler.diagnostics.render._prose import clipped
from comb_compiler.diagnostics.render.printable import encodable

__all__ = ["render"]

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}
_NO_FILE = "."
"""GitLab drops an entry without a path; what concerns no file concerns the repository."""


def render(diagnostics: Iterable[Diagnostic], texts: Mapping[str, str]) -> str:
    """A list, empty when there is nothing to say: GitLab then shows what was resolved."""
    found = in_reading_order(diagnostics)
    marks = fingerprints(found, texts)
    entries = [_entry(diagnostic, mark) for diagnostic, mark in zip(found, marks, strict=True)]
    return json.dumps(entries, indent=2) + "\n"


def _entry(diagnostic: Diagnostic, fingerprint: str) -> dict[str, object]:
    span = diagnostic.primary.span if diagnostic.primary else None
    return {
        "description": clipped(f"{diagnostic.code.id} {diagnostic.code.name}: {diagnostic.message}"),
        "check_name": diagnostic.code.name,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[diagnostic.severity],
        "location": {
            "path": encodable(span.file) if span else _NO_FILE,
            "lines": {"begin": max(span.start.line, 1) if span else 1},
        },
    }
