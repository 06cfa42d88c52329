"""Places, regions and texts as SARIF has them."""

from typing import Any
from urllib.parse import quote

from comb_compiler.diagnostics.model import Fix, Label, Span
from comb_compiler.diagnostics.render._prose import clipped
from comb_compiler.diagnostics.render.printable import encodable

__all__ = ["ROOT", "Json", "artifact", "fix", "location", "message"]

Json = dict[str, Any]

ROOT = "%SRCROOT%"


def message(text: str) -> Json:
    """A plain text message, in which what looks like a link in the user's words is none."""
    return {"text": clipped(text).replace("](", "\\](")}


def location(label: Label) -> Json:
    """A label's place, with its text."""
    place: Json = {"physicalLocation": {"artifactLocation": artifact(label.span.file), "region": _region(label.span)}}
    return {**place, "message": message(label.text)} if label.text else place


def artifact(file: str) -> Json:
    """A path below the root of the checkout; an absolute one stands for itself."""
    uri = quote(file.encode("utf-8", "surrogatepass"), safe="/")
    return {"uri": f"file://{uri}"} if file.startswith("/") else {"uri": uri, "uriBaseId": ROOT}


def fix(proposed: Fix) -> Json:
    """A fix with the changes of each file."""
    changes: dict[str, list[Json]] = {}
    for edit in proposed.edits:
        replacement = {"deletedRegion": _region(edit.span), "insertedContent": {"text": encodable(edit.text)}}
        changes.setdefault(edit.span.file, []).append(replacement)
    return {
        "description": message(proposed.title),
        "artifactChanges": [
            {"artifactLocation": artifact(file), "replacements": replacements} for file, replacements in changes.items()
        ],
        "properties": {"applicability": proposed.applicability.value},
    }


def _region(span: Span) -> Json:
    """Half open and counted from 1, like a span; an end before the start, which no consumer takes, is moved to it."""
    start = (max(span.start.line, 1), max(span.start.column, 1))
    end = max((span.end.line, max(span.end.column, 1)), start)
    return {"startLine": start[0], "startColumn": start[1], "endLine": end[0], "endColumn": end[1]}
