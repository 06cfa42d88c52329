"""Lines and places of a text, by Comb's one rule: `\\n`, `\\r\\n` and a lone `\\r` end a line, nothing else does."""

import re
from bisect import bisect_right

from comb_compiler.diagnostics.model import Position

__all__ = ["Lines"]

_BREAK = re.compile(r"\r\n|\n|\r")
_BYTE_ORDER_MARK = "\ufeff"


class Lines:
    """The lines of `text`, numbered from 1, and its offsets (in code points, from 0) by position.

    A text that ends with a line break has an empty last line, so that the end of the text is a place too. A byte order
    mark counts as an offset, since it is in the text, and belongs to no line.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        first = len(_BYTE_ORDER_MARK) if text.startswith(_BYTE_ORDER_MARK) else 0
        self._starts = [first]
        self._ends: list[int] = []
        for found in _BREAK.finditer(text):
            self._ends.append(found.start())
            self._starts.append(found.end())
        self._ends.append(len(text))

    def __len__(self) -> int:
        """How many lines there are: at least one."""
        return len(self._starts)

    def __getitem__(self, number: int) -> str:
        """Line `number` without its line break; IndexError when there is none."""
        if not 1 <= number <= len(self):
            raise IndexError(number)
        return self.text[self._starts[number - 1] : self._ends[number - 1]]

    def bounds(self, number: int) -> tuple[int, int]:
        """The offsets between which line `number` stands, its line break left out."""
        return self._starts[number - 1], self._ends[number - 1]

    def offset(self, position: Position) -> int | None:
        """The offset of `position`, or None when the text has no such place."""
        if not 1 <= position.line <= len(self):
            return None
        start, end = self.bounds(position.line)
        offset = start + position.column - 1
        return offset if start <= offset <= end else None

    def nearest(self, position: Position) -> Position:
        """`position`, or the place of the text that comes closest to it."""
        if position.line < 1:
            return Position(1, 1)
        if position.line > len(self):
            start, end = self.bounds(len(self))
            return Position(len(self), end - start + 1)
        start, end = self.bounds(position.line)
        return Position(position.line, min(max(position.column, 1), end - start + 1))

    def position(self, offset: int) -> Position:
        """The position of an offset; one inside a line break is the end of the line before it."""
        line = max(bisect_right(self._starts, offset), 1)
        start, end = self.bounds(line)
        return Position(line, min(max(offset, start), end) - start + 1)
