"""The values that every stage of the compiler hands on beside its result."""

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from comb_compiler.diagnostics.codes import Code, Severity
from comb_compiler.diagnostics.secrets import masked

__all__ = [
    "Applicability",
    "Diagnostic",
    "Edit",
    "Fix",
    "Label",
    "Position",
    "Span",
    "diagnose",
    "has_errors",
    "in_reading_order",
]


class Position(NamedTuple):
    """A place between two characters: line and column count from 1, columns in code points.

    A byte order mark is not part of its line. `\\n`, `\\r\\n` and a lone `\\r` end a line; nothing else does.
    """

    line: int
    column: int


class Span(NamedTuple):
    """A half-open range of one file; `file` is its POSIX path from the root of the checkout."""

    file: str
    start: Position
    end: Position

    @classmethod
    def whole_file(cls, file: str) -> "Span":
        """The empty span at the top of `file`, for what is true of the file and of no place in it."""
        return cls(file, Position(1, 1), Position(1, 1))


class Label(NamedTuple):
    """A place and, where it helps, what is to be seen there."""

    span: Span
    text: str = ""


class Edit(NamedTuple):
    """Replace what `span` covers by `text`."""

    span: Span
    text: str


class Applicability(Enum):
    """How far a fix may be trusted.

    SAFE keeps what the author meant, for certain. UNSAFE is probably what was meant. DISPLAY is only shown.
    """

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY = "display"


class Fix(NamedTuple):
    """A mechanical repair: edits that are applied together or not at all; their spans do not overlap."""

    title: str
    edits: tuple[Edit, ...]
    applicability: Applicability = Applicability.SAFE


class Diagnostic(NamedTuple):
    """One finding. `message` is one sentence without position or advice; advice is in `hints`.

    `path` is the place in the data, such as `operators.straighten.timeout`, or empty.
    `primary` is None only where no file is concerned.
    """

    code: Code
    severity: Severity
    message: str
    primary: Label | None
    related: tuple[Label, ...] = ()
    path: str = ""
    hints: tuple[str, ...] = ()
    fix: Fix | None = None


def diagnose(
    code: Code,
    message: str,
    span: Span | None,
    *,
    label: str = "",
    related: tuple[Label, ...] = (),
    path: str = "",
    hints: tuple[str, ...] = (),
    fix: Fix | None = None,
) -> Diagnostic:
    """A diagnostic of `code`'s own severity at `span`; what is quoted gives no access to anything."""
    primary = Label(span, label) if span else None
    said = tuple(masked(hint) for hint in hints)
    return Diagnostic(code, code.severity, masked(message), primary, related, path, said, fix)


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any of them is an error."""
    return any(d.severity is Severity.ERROR for d in diagnostics)


def in_reading_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """By file and position, duplicates removed: the order in which every renderer shows them."""
    unique = dict.fromkeys(diagnostics)
    return tuple(sorted(unique, key=_place))


def _place(diagnostic: Diagnostic) -> tuple[str, Position, Position, str, str]:
    if diagnostic.primary is None:
        return ("", Position(0, 0), Position(0, 0), diagnostic.code.id, diagnostic.message)
    span = diagnostic.primary.span
    return (span.file, span.start, span.end, diagnostic.code.id, diagnostic.message)
