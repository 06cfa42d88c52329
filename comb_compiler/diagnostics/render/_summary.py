"""The last line of a report: how many, and what can be mended at once."""

from collections import Counter
from collections.abc import Sequence

from comb_compiler.diagnostics.codes import Severity
from comb_compiler.diagnostics.model import Applicability, Diagnostic, Fix
from comb_compiler.diagnostics.render._paint import Style, painter

__all__ = ["how_to_apply", "summary"]

_COMMANDS = {Applicability.SAFE: "`comb fix`", Applicability.UNSAFE: "`comb fix --unsafe`"}


def how_to_apply(fix: Fix) -> str:
    """Who does it: the command, or the reader."""
    command = _COMMANDS.get(fix.applicability)
    return f"fixable with {command}" if command else "by hand"


def summary(diagnostics: Sequence[Diagnostic], *, color: bool = False) -> str:
    """``2 errors, 1 warning; 1 fixable with `comb fix` ``; the empty text when there are none."""
    paint = painter(color)
    found = Counter(diagnostic.severity for diagnostic in diagnostics)
    counts = [
        paint(Style.of(severity), _counted(found[severity], severity)) for severity in Severity if found[severity]
    ]
    fixes = Counter(diagnostic.fix.applicability for diagnostic in diagnostics if diagnostic.fix)
    offers = [
        f"{fixes[kind]} {'more' if more else 'fixable'} with {command}"
        for more, (kind, command) in enumerate((kind, command) for kind, command in _COMMANDS.items() if fixes[kind])
    ]
    return "; ".join(", ".join(part) for part in (counts, offers) if part)


def _counted(number: int, severity: Severity) -> str:
    return f"{number} {severity.value}{'s' if number != 1 else ''}"
