"""Diagnostics ↔ JSON: the format for programs, and how the cached verdict of `comb check` is kept.

The form is that of `schemas/diagnostics.v1.schema.json`. Reading it back gives equal values, and needs neither models
nor a parser of YAML.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from comb_compiler.diagnostics.codes import CODES, Code, Severity
from comb_compiler.diagnostics.model import (
    Applicability,
    Diagnostic,
    Edit,
    Fix,
    Label,
    Position,
    Span,
    in_reading_order,
)

__all__ = ["VERSION", "fix_form", "from_json", "read_fix", "render"]

VERSION = 1

_Json = dict[str, Any]


def render(diagnostics: Iterable[Diagnostic], texts: Mapping[str, str] | None = None) -> str:
    """One object, in ASCII whatever the files hold, so that no terminal and no encoding can spoil it."""
    found = [_diagnostic(diagnostic) for diagnostic in in_reading_order(diagnostics)]
    return json.dumps({"version": VERSION, "diagnostics": found}, indent=2) + "\n"


def from_json(text: str) -> tuple[Diagnostic, ...]:
    """The diagnostics that `render` wrote; ValueError for what is not of that form."""
    try:
        document = json.loads(text)
        if document["version"] != VERSION:
            raise ValueError(f"version {document['version']!r} is not {VERSION}")
        codes = {code.id: code for code in CODES}
        return tuple(_read_diagnostic(found, codes) for found in document["diagnostics"])
    except (KeyError, TypeError, RecursionError) as problem:
        raise ValueError(f"not the diagnostics of Comb: {problem!r}") from problem


def _diagnostic(diagnostic: Diagnostic) -> _Json:
    return {
        "code": diagnostic.code.id,
        "name": diagnostic.code.name,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "path": diagnostic.path,
        **(_label(diagnostic.primary) if diagnostic.primary else {"file": None, "range": None, "label": ""}),
        "related": [_label(label) for label in diagnostic.related],
        "hints": list(diagnostic.hints),
        "fix": fix_form(diagnostic.fix) if diagnostic.fix else None,
    }


def _label(label: Label) -> _Json:
    return {"file": label.span.file, "range": _range(label.span), "label": label.text}


def _range(span: Span) -> _Json:
    return {"start": span.start._asdict(), "end": span.end._asdict()}


def fix_form(fix: Fix) -> _Json:
    """A fix alone, in the form that it has in a diagnostic."""
    edits = [{"file": edit.span.file, "range": _range(edit.span), "text": edit.text} for edit in fix.edits]
    return {"title": fix.title, "applicability": fix.applicability.value, "edits": edits}


def _read_diagnostic(found: _Json, codes: Mapping[str, Code]) -> Diagnostic:
    severity = Severity(found["severity"])
    return Diagnostic(
        code=_read_code(_text(found["code"]), _text(found["name"]), severity, codes),
        severity=severity,
        message=_text(found["message"]),
        primary=None if found["file"] is None else _read_label(found),
        related=tuple(_read_label(label) for label in found["related"]),
        path=_text(found["path"]),
        hints=tuple(_text(hint) for hint in found["hints"]),
        fix=None if found["fix"] is None else read_fix(found["fix"]),
    )


def _read_code(identifier: str, name: str, severity: Severity, codes: Mapping[str, Code]) -> Code:
    """The registered code, or, for one that another version of Comb wrote, as much as is known of it."""
    known = codes.get(identifier)
    return known if known and known.name == name else Code(identifier, name, severity)


def _read_label(found: _Json) -> Label:
    return Label(_read_span(found), _text(found["label"]))


def _read_span(found: _Json) -> Span:
    place = found["range"]
    return Span(_text(found["file"]), _read_position(place["start"]), _read_position(place["end"]))


def _read_position(found: _Json) -> Position:
    return Position(_number(found["line"]), _number(found["column"]))


def read_fix(found: _Json) -> Fix:
    """What `fix_form` gave. Raises ValueError, KeyError or TypeError for what is not of that form."""
    edits = tuple(Edit(_read_span(edit), _text(edit["text"])) for edit in found["edits"])
    return Fix(_text(found["title"]), edits, Applicability(found["applicability"]))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _number(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is not a whole number")
    return value
