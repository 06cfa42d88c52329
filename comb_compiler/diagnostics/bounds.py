"""How many mistakes are told: past a hundred of one sort nobody reads on, and working them out takes its time."""

from collections.abc import Iterable, Iterator

from comb_compiler.diagnostics import codes
from comb_compiler.diagnostics.codes import Severity
from comb_compiler.diagnostics.model import Diagnostic, Span, diagnose

__all__ = ["MOST", "bounded", "too_many"]

MOST = 100


def bounded(found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The first `MOST` of `found` of each gravity, and where the next one is, that there are more, no graver than they.

    Past so many errors the rest is not worked out; warnings, however many, hide no error.
    """
    told: dict[Severity, int] = {}
    for finding in found:
        count = told[finding.severity] = told.get(finding.severity, 0) + 1
        if count <= MOST:
            yield finding
        elif count == MOST + 1:
            span = finding.primary.span if finding.primary else None
            yield too_many(span)._replace(severity=finding.severity)
            if finding.severity is Severity.ERROR:
                return


def too_many(span: Span | None) -> Diagnostic:
    """That mistakes from `span` on are not told."""
    return diagnose(
        codes.TOO_MANY_MISTAKES,
        f"there are more than {MOST} mistakes of this sort, of which the first are told",
        span,
        label="more from here on",
        hints=("mend those first, and check again: mistakes in such numbers mostly have one cause",),
    )
