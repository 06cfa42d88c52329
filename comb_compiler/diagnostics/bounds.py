"""How many mistakes are told: past a hundred of one sort nobody reads on, and working them out takes its time."""

from collections.abc import Iterable, Iterator

from comb_compiler.diagnostics import codes
from comb_compiler.diagnostics.model import Diagnostic, Span, diagnose

__all__ = ["MOST", "bounded", "too_many"]

MOST = 100


def bounded(found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The first `MOST` of `found`, and that there are more where the next one is; the rest is not worked out."""
    for count, finding in enumerate(found):
        if count == MOST:
            yield too_many(finding.primary.span if finding.primary else None)
            return
        yield finding


def too_many(span: Span | None) -> Diagnostic:
    """That mistakes from `span` on are not told."""
    return diagnose(
        codes.TOO_MANY_MISTAKES,
        f"there are more than {MOST} mistakes of this sort, of which the first are told",
        span,
        label="more from here on",
        hints=("mend those first, and check again: mistakes in such numbers mostly have one cause",),
    )
