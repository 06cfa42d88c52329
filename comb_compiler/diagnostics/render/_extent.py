"""Spans, which may be anything, → extents, which lie in the text and are worth drawing."""

from typing import NamedTuple

from comb_compiler.diagnostics.lines import Lines
from comb_compiler.diagnostics.model import Label, Position, Span

__all__ = ["Extent", "Labelled", "extent"]


class Extent(NamedTuple):
    """From code point `start` of line `first` to `end` of line `last`; lines count from 1, code points from 0."""

    first: int
    start: int
    last: int
    end: int

    @property
    def one_line(self) -> bool:
        """Whether carets on one line can show it."""
        return self.first == self.last


class Labelled(NamedTuple):
    """A label of a diagnostic, and whether it is the primary one."""

    label: Label
    primary: bool


def extent(lines: Lines, span: Span) -> Extent:
    """The nearest extent of the text; the blanks and line breaks that a block ends with are left out of it."""
    start = lines.nearest(span.start)
    end = max(lines.nearest(span.end), start)
    line, index = end.line, end.column - 1
    while line > start.line and not lines[line][:index].strip():
        line -= 1
        index = len(lines[line])
    if line > start.line:
        index = len(lines[line][:index].rstrip())
    return Extent(start.line, start.column - 1, line, _not_before(start, line, index))


def _not_before(start: Position, line: int, index: int) -> int:
    return max(index, start.column - 1) if line == start.line else index
