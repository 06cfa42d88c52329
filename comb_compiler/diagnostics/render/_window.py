"""One source line → the part of it that fits: whole where it can be, else around what is pointed at."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from comb_compiler.diagnostics.render.printable import Shown, show

__all__ = ["Focus", "View", "view"]

_CUT = "…"
_BEFORE = 8
"""Cells that are kept to the left of a focus that is itself too wide."""


class Focus(NamedTuple):
    """What must be seen of a line: code points `start` to `end`, from 0, and room for `beside` cells after them."""

    start: int
    end: int
    beside: int = 0


class View(NamedTuple):
    """The visible part of a line, and the cell where each of its code points is found."""

    text: str
    columns: Sequence[int]
    origin: int
    first: int
    limit: int

    def cell(self, index: int) -> int:
        """The cell of the line's code point `index`; what was cut off on a side is found at that side's edge."""
        inside = min(max(index - self.origin, 0), len(self.columns) - 1)
        return min(max(self.columns[inside] - self.first, 0), self.limit)


def view(line: str, focus: Sequence[Focus], room: int) -> View:
    """`line` in at most `room` cells; costs time by `room`, not by the line's length."""
    origin, part = _neighbourhood(line, focus, room)
    shown = show(part)
    whole = len(part) == len(line)
    total = shown.columns[-1]
    begin, end = _wanted(shown, origin, focus)
    if whole and max(total, end) <= room:
        return View(shown.text, shown.columns, 0, 0, total)
    ends_here = origin + len(part) == len(line)
    left = _left(begin, end, max(total, end) if ends_here else None, room)
    if origin:
        left = max(left, 1)
    more = not ends_here or total > left + room
    return _cut(shown, origin, left, left + room, more)


def _neighbourhood(line: str, focus: Sequence[Focus], room: int) -> tuple[int, str]:
    """Where the part of `line` begins that could be seen, and that part."""
    reach = 4 * room
    if len(line) <= 2 * reach:
        return 0, line
    middle = min((place.start for place in focus), default=0)
    origin = max(middle - reach, 0)
    return origin, line[origin : middle + reach]


def _wanted(shown: Shown, origin: int, focus: Sequence[Focus]) -> tuple[int, int]:
    """The cells between which everything lies that is pointed at, its labels included."""
    if not focus:
        return 0, 0
    columns = shown.columns
    last = len(columns) - 1
    begin = min(columns[min(max(place.start - origin, 0), last)] for place in focus)
    end = max(columns[min(max(place.end - origin, 0), last)] + place.beside for place in focus)
    return begin, end


def _left(begin: int, end: int, last: int | None, room: int) -> int:
    """The first cell that is seen: 0 where the focus fits from there, else such that the focus is in the middle.

    `last` is where all that could be seen ends, if it is known: nothing is cut on the left to show blanks on the right.
    """
    if end < room:
        return 0
    spare = max(room - (end - begin), 2 * _BEFORE)
    middle = max(begin - spare // 2, 0)
    return middle if last is None else min(middle, max(last - room, 0))


def _cut(shown: Shown, origin: int, left: int, right: int, more: bool) -> View:
    """Cells `left` to `right` of `shown`, with an ellipsis for what is missing on each side."""
    columns = shown.columns
    first = left + 1 if left else 0
    stop = right - 1 if more else right
    pieces = [_CUT] if left else []
    at = 1 if left else 0
    for piece, (begin, end) in zip(shown.pieces, pairwise(columns), strict=True):
        if begin >= first and end <= stop:
            pieces.append(" " * (begin - left - at) + piece)
            at = end - left
    if more:
        pieces.append(" " * (stop - left - at) + _CUT)
    return View("".join(pieces), columns, origin, left, right - left - (1 if more else 0))
