"""The rows below a source line: carets and dashes under what is meant, and their labels.

As rustc lays them out: the label of what ends last stands beside it, the others hang below on a line of their own.

    {a: 1, a: 2}
     -     ^ given again here
     |
     first given here
"""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from comb_compiler.diagnostics.render._paint import Paint, Style
from comb_compiler.diagnostics.render.printable import width

__all__ = ["Canvas", "Mark", "rows_below"]


class Mark(NamedTuple):
    """Cells `start` to `end` of one line, at least one of them, what to say of them, and how it looks."""

    start: int
    end: int
    label: str
    primary: bool
    style: Style

    @property
    def pointer(self) -> str:
        """What is drawn below each cell."""
        return "^" if self.primary else "-"


class Canvas:
    """One row of cells; what is drawn later covers what was there."""

    def __init__(self) -> None:
        self._cells: list[tuple[Style, str]] = []

    def draw(self, column: int, text: str, style: Style) -> None:
        """Put `text` at `column`; only the last text of a row may hold characters that are not one cell wide."""
        missing = column + len(text) - len(self._cells)
        self._cells.extend([(Style.PLAIN, " ")] * missing)
        self._cells[column : column + len(text)] = [(style, character) for character in text]

    def painted(self, paint: Paint) -> str:
        """The row as text."""
        runs = groupby(self._cells, key=lambda cell: cell[0])
        return "".join(paint(style, "".join(text for _, text in run)) for style, run in runs)


def rows_below(marks: Sequence[Mark], room: int) -> list[Canvas]:
    """The rows that point at `marks`, from top to bottom; a label that would leave the `room` hangs too."""
    pointers = Canvas()
    for mark in sorted(marks, key=lambda mark: (mark.start - mark.end, mark.primary)):
        pointers.draw(mark.start, mark.pointer * (mark.end - mark.start), mark.style)
    labelled = [mark for mark in marks if mark.label]
    if not labelled:
        return [pointers]
    beside = _beside(marks, room)
    if beside is not None:
        pointers.draw(beside.end + 1, beside.label, beside.style)
        labelled.remove(beside)
    return [pointers, *_hanging(labelled)]


def _beside(marks: Sequence[Mark], room: int) -> Mark | None:
    """The mark whose label has nothing to its right: of those that end last the one that starts last."""
    last = max(marks, key=lambda mark: (mark.end, mark.start, bool(mark.label), mark.primary))
    return last if last.label and last.end + 1 + width(last.label) <= room else None


def _hanging(marks: Sequence[Mark]) -> list[Canvas]:
    """One row for each label, the rightmost first, tied to its place by bars; equal places share their bar."""
    ordered = sorted(marks, key=lambda mark: mark.start)
    rows = [_bars(ordered)] if ordered else []
    while ordered:
        lowest = ordered.pop()
        row = _bars([mark for mark in ordered if mark.start < lowest.start])
        row.draw(lowest.start, lowest.label, lowest.style)
        rows.append(row)
    return rows


def _bars(marks: Sequence[Mark]) -> Canvas:
    row = Canvas()
    for mark in marks:
        row.draw(mark.start, "|", mark.style)
    return row
