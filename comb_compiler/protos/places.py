"""protoc's places → ours.

It counts bytes, takes a tab for the blanks to the next multiple of eight, and a lone carriage return for no end of a
line.
"""

import re
from collections.abc import Mapping

from comb_compiler.diagnostics import Position, Span
from comb_compiler.diagnostics.lines import Lines

__all__ = ["ProtoTexts"]

_TAB = 8
_WORD = r"\w+|\"[^\"\n]*\"|'[^'\n]*'|\S"


class ProtoTexts:
    """The texts of .proto files by import name, each with its path from the checkout's root."""

    def __init__(self, texts: Mapping[str, tuple[str, str]]) -> None:
        self.all = texts
        self._lines: dict[str, Lines] = {}
        self._ends: dict[str, list[int]] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ProtoTexts) and self.all == other.all

    __hash__ = None  # type: ignore[assignment]

    def span(self, name: str, place: tuple[int, ...]) -> Span | None:
        """The place of a `SourceCodeInfo` span; None in a file that is none of the checkout's."""
        if name not in self.all:
            return None
        line, column, *rest = place
        end_line, end_column = (line, rest[0]) if len(rest) == 1 else rest
        path = self.all[name][0]
        return Span(path, self._position(name, line, column), self._position(name, end_line, end_column))

    def token(self, name: str, line: int, column: int) -> Span | None:
        """The token that stands at a line and column of protoc's, counted from 0."""
        if name not in self.all:
            return None
        start = self._position(name, line, column)
        found = re.compile(_WORD).match(self._of(name)[start.line], start.column - 1)
        end = start if found is None else Position(start.line, found.end() + 1)
        return Span(self.all[name][0], start, end)

    def line(self, name: str, line: int, column: int) -> tuple[str, int]:
        """The text of a line of protoc's, and what its column is there, both counted from 0."""
        if name not in self.all:
            return "", 0
        start = self._position(name, line, column)
        return self._of(name)[start.line], start.column - 1

    def range(self, name: str, start: int, end: int) -> Span:
        """A half-open range of a file's text."""
        lines = self._of(name)
        return Span(self.all[name][0], lines.position(start), lines.position(end))

    def _position(self, name: str, line: int, column: int) -> Position:
        lines = self._of(name)
        start, end = self._bounds(name, line)
        text = lines.text[start:end]
        if text.isascii() and "\t" not in text:
            return lines.position(start + min(column, len(text)))
        reached = 0
        for index, character in enumerate(text):
            if reached >= column:
                return lines.position(start + index)
            reached += _TAB - reached % _TAB if character == "\t" else len(character.encode("utf-8", "surrogatepass"))
        return lines.position(end)

    def _bounds(self, name: str, line: int) -> tuple[int, int]:
        """The offsets between which a line of protoc's stands; the end of the text where it has no such line."""
        lines = self._of(name)
        if name not in self._ends:
            self._ends[name] = [found.start() for found in re.finditer(r"\n", lines.text)]
        ends = self._ends[name]
        length = len(lines.text)
        start = lines.bounds(1)[0] if line == 0 else ends[line - 1] + 1 if line <= len(ends) else length
        return start, ends[line] if line < len(ends) else length

    def _of(self, name: str) -> Lines:
        if name not in self._lines:
            self._lines[name] = Lines(self.all[name][1])
        return self._lines[name]
