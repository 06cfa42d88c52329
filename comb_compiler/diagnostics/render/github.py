"""GitHub's workflow commands: annotations beside the changed lines, and the full text in the log.

What comes from files is a stranger's. A runner obeys every log line that begins with `::`, and `##[…]` anywhere, so
annotations are escaped, and the text stands where the runner has been told to obey nothing, until it reads a token that
the text cannot hold: the digest of that text.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from comb_compiler.diagnostics.codes import Severity
from comb_compiler.diagnostics.model import Diagnostic, Span, in_reading_order
from comb_compiler.diagnostics.render import text
from comb_compiler.diagnostics.render._prose import clipped
from comb_compiler.diagnostics.render._summary import how_to_apply, summary
from comb_compiler.diagnostics.render.printable import printable

__all__ = ["render"]

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_MOST = 10
"""Annotations of each command that GitHub shows for one step; it drops the others and does not say so."""
_MOST_RELATED = 5
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def render(diagnostics: Iterable[Diagnostic], texts: Mapping[str, str]) -> str:
    """The gravest annotations first, as many as GitHub shows, a count of the others, then everything as text."""
    found = in_reading_order(diagnostics)
    if not found:
        return ""
    shown = _shown(found)
    lines = [_annotation(diagnostic) for diagnostic in shown]
    if len(shown) < len(found):
        hidden = len(found) - len(shown)
        lines.append(f"::notice title=Comb::{hidden} more in the log of this step; in all {summary(found)}")
    return "\n".join([*lines, *_log(text.render(found, texts))]) + "\n"


def _shown(found: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The first of each severity; the notice that counts the rest takes the place of one."""
    by_severity = [[item for item in found if item.severity is severity] for severity in Severity]
    shown = [item for group in by_severity for item in group[:_MOST]]
    notices = [item for item in shown if item.severity is Severity.INFO]
    if len(shown) < len(found) and len(notices) == _MOST:
        shown.remove(notices[-1])
    return shown


def _annotation(diagnostic: Diagnostic) -> str:
    properties = {"title": f"{diagnostic.code.id} {diagnostic.code.name}"}
    if diagnostic.primary:
        properties = {**_place(diagnostic.primary.span), **properties}
    written = ",".join(f"{name}={printable(value).translate(_PROPERTY)}" for name, value in properties.items())
    said = "\n".join(map(clipped, _sentences(diagnostic)))
    return f"::{_COMMANDS[diagnostic.severity]} {written}::{said.translate(_DATA)}"


def _place(span: Span) -> dict[str, str]:
    """GitHub refuses columns where the lines differ."""
    line, end_line = max(span.start.line, 1), max(span.end.line, span.start.line, 1)
    place = {"file": span.file, "line": str(line), "endLine": str(end_line)}
    if line == end_line:
        column = max(span.start.column, 1)
        place |= {"col": str(column), "endColumn": str(max(span.end.column, column))}
    return place


def _sentences(diagnostic: Diagnostic) -> Iterator[str]:
    yield diagnostic.message
    if diagnostic.primary and diagnostic.primary.text:
        yield diagnostic.primary.text
    for label in diagnostic.related[:_MOST_RELATED]:  # an annotation shows one place: the others are named
        yield f"{label.span.file}:{max(label.span.start.line, 1)}: {label.text or 'see here'}"
    for hint in diagnostic.hints:
        yield f"help: {hint}"
    if diagnostic.fix:
        yield f"fix: {diagnostic.fix.title} ({how_to_apply(diagnostic.fix)})"


def _log(report: str) -> Iterator[str]:
    token = hashlib.sha256(report.encode("utf-8", "surrogatepass")).hexdigest()
    yield "::group::Comb: all findings"
    yield f"::stop-commands::{token}"
    yield report.rstrip("\n")
    yield f"::{token}::"
    yield "::endgroup::"
