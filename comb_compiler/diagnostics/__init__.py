"""What Comb says about a user's files: values, their codes, and how they are shown.

A mistake in a file is a `Diagnostic`, never an exception. This package imports nothing else of Comb,
so that every stage, and the cached verdict of `comb check`, can use it without paying for a parser.
"""

from comb_compiler.diagnostics.codes import CODES, Code, Severity, find_code
from comb_compiler.diagnostics.model import (
    Applicability,
    Diagnostic,
    Edit,
    Fix,
    Label,
    Position,
    Span,
    diagnose,
    has_errors,
    in_reading_order,
)

__all__ = [
    "CODES",
    "Applicability",
    "Code",
    "Diagnostic",
    "Edit",
    "Fix",
    "Label",
    "Position",
    "Severity",
    "Span",
    "diagnose",
    "find_code",
    "has_errors",
    "in_reading_order",
]
