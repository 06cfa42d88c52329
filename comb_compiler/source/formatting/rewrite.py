"""A text → the same text in canonical form."""

import re
from typing import NamedTuple

from comb_compiler.diagnostics import Diagnostic, Position, Span, codes
from comb_compiler.diagnostics.lines import Lines
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source.compose import Parsed, parse
from comb_compiler.source.formatting.building import read_document
from comb_compiler.source.formatting.columns import with_remarks
from comb_compiler.source.formatting.cursor import NotFormattable
from comb_compiler.source.formatting.layout import lay_out
from comb_compiler.source.formatting.lexemes import read_lexemes
from comb_compiler.source.formatting.order import in_order
from comb_compiler.source.formatting.sameness import difference
from comb_compiler.source.text import SourceFile

__all__ = ["FormatResult", "FormatterBug", "format_text"]

_BYTE_ORDER_MARK = "\ufeff"
_BESIDE_MARKER = re.compile(r"^---(?=[ \t]+[^\s#])", re.MULTILINE)
_UNREADABLE = frozenset(
    (codes.TOO_DEEP, codes.TOO_MANY_NODES, codes.TOO_MANY_MISTAKES, codes.ALIAS_BOMB, codes.COMPLEX_KEY)
)
"""Findings after which a file is left alone, though some of it could be read."""


class FormatResult(NamedTuple):
    """The text in canonical form, or None and the reasons why the file is left as it is."""

    text: str | None
    diagnostics: tuple[Diagnostic, ...] = ()


class FormatterBug(AssertionError):
    """What was about to be written does not say what the file says. Nothing was written."""


def format_text(text: str, path: str = "") -> FormatResult:
    """The canonical form of a YAML file; `path` only names it in findings.

    Line ends become `\\n`, and a byte order mark goes. A file that does not parse is left as it is, and so is one with
    several documents, a directive, a key marked by `?` or a key that is left out: what Comb refuses anyway. Raises
    nothing but FormatterBug.
    """
    source = text.removeprefix(_BYTE_ORDER_MARK).replace("\r\n", "\n").replace("\r", "\n")
    parsed = parse(SourceFile(path, source))
    refused = _refused(path, source, parsed)
    if refused:
        return FormatResult(None, refused)
    try:
        document = read_document(read_lexemes(source))
    except NotFormattable as problem:
        return FormatResult(None, (_left_alone(path, problem),))
    lines = with_remarks(lay_out(in_order(document)))
    formatted = "".join(f"{line}\n" for line in lines)
    lost = difference(source, formatted, parsed, parse(SourceFile(path, formatted)))
    if lost:
        raise FormatterBug(f"{path or 'a text'}: formatting would change its {lost}")
    return FormatResult(formatted)


def _refused(path: str, source: str, parsed: Parsed) -> tuple[Diagnostic, ...]:
    if _BYTE_ORDER_MARK in source:
        at = Lines(source).position(source.index(_BYTE_ORDER_MARK))
        message = "a byte order mark (U+FEFF) stands inside the file"
        return (diagnose(codes.UNSUPPORTED_YAML, message, Span(path, at, at), hints=("delete it",)),)
    beside = _BESIDE_MARKER.search(source)
    if beside:
        lines = Lines(source)
        span = Span(path, lines.position(beside.start()), lines.position(beside.end()))
        message = "a value stands on the line of the `---` before it"
        return (diagnose(codes.UNSUPPORTED_YAML, message, span, hints=("delete the `---`",)),)
    if not parsed.documents:
        return parsed.diagnostics
    return tuple(finding for finding in parsed.diagnostics if finding.code in _UNREADABLE)


def _left_alone(path: str, problem: NotFormattable) -> Diagnostic:
    start = Position(problem.where.line + 1, problem.where.column + 1)
    end = start._replace(column=start.column + len(problem.where.source.partition("\n")[0]))
    return diagnose(problem.code, problem.message, Span(path, start, end), hints=(problem.hint,))
