"""What a repository says of the template that it was made from: the file `.comb-template.json`."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from comb_compiler.cli.init.templates import KINDS
from comb_compiler.diagnostics import Diagnostic, Span, codes
from comb_compiler.diagnostics.model import diagnose

__all__ = ["FILE", "Recorded", "parse_recorded", "recorded_bytes"]

FILE = ".comb-template.json"


class Recorded(NamedTuple):
    """The template's kind, the version of Comb that had it, its digest, and all answers."""

    template: str
    version: str
    digest: str
    answers: Mapping[str, Any]


def recorded_bytes(recorded: Recorded) -> bytes:
    """The file."""
    return f"{json.dumps(recorded._asdict(), indent=2, ensure_ascii=False)}\n".encode()


def parse_recorded(file: str, content: bytes) -> Recorded | Diagnostic:
    """The file's content, or what is wrong with it."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return _wrong(file, "it is no JSON")
    if not isinstance(found, dict) or set(found) != set(Recorded._fields):
        return _wrong(file, f"it has other keys than {', '.join(Recorded._fields)}")
    if found["template"] not in KINDS:
        return _wrong(file, f"its template is none of {', '.join(KINDS)}")
    if not isinstance(found["version"], str) or not isinstance(found["digest"], str):
        return _wrong(file, "its version and its digest are texts")
    if not isinstance(found["answers"], dict):
        return _wrong(file, "its answers are an object")
    return Recorded(**found)


def _wrong(file: str, why: str) -> Diagnostic:
    hint = "it is written by `comb init` alone: take it from the last commit in which it was right"
    return diagnose(codes.BAD_TEMPLATE_RECORD, f"this says no template: {why}", Span.whole_file(file), hints=(hint,))
