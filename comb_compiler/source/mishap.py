"""What libyaml said, where, and what a reading of it needs to look at."""

import re
from typing import NamedTuple

from comb_compiler.diagnostics import Applicability, Edit, Fix, Position, Span
from comb_compiler.diagnostics.lines import Lines

__all__ = ["ENTRY", "ITEM", "Mishap", "content_of"]

ENTRY = re.compile(
    r"(?P<indent> *(?:- +)*)(?P<key>[^\s#:][^#:]*?) *:(?: +(?P<value>[^\s#].*?))?(?P<rest>[ \t]*(?: #.*)?)$"
)
"""A line `key: value`, whose value and comment may be missing."""

ITEM = re.compile(r"(?P<indent> *)- +(?P<value>[^\s#].*?)(?P<rest>[ \t]*(?: #.*)?)$")
"""A line `- value`."""

_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$")


class Mishap(NamedTuple):
    """One refusal of libyaml: its sentence, the place at which it could go no further, and where the construct began.

    libyaml reports the first character that fits nothing; a person made the mistake a little earlier.
    """

    file: str
    lines: Lines
    sentence: str
    at: Position
    begun: Position | None = None

    @property
    def line(self) -> str:
        """The line of the error."""
        return self.lines[self.at.line]

    @property
    def character(self) -> str:
        """What stands at the error; empty at the end of a line or of the file."""
        return self.line[self.at.column - 1 : self.at.column]

    @property
    def is_first_on_line(self) -> bool:
        """Whether only blanks stand before the error on its line."""
        return not self.line[: self.at.column - 1].strip()

    def line_before(self, number: int) -> int:
        """The nearest line above that holds more than a comment; 0 when there is none near by."""
        for before in range(number - 1, max(number - 200, 0), -1):
            if self.lines[before].strip() and not self.lines[before].lstrip().startswith("#"):
                return before
        return 0

    def span(self, line: int, start: int, end: int) -> Span:
        """A part of a line, by offsets in it that count from 0."""
        return Span(self.file, Position(line, start + 1), Position(line, end + 1))

    def one_character(self, start: Position) -> Span:
        """From `start` over one character, or nothing where the line or the file ends there."""
        return Span(self.file, start, self.lines.nearest(Position(start.line, start.column + 1)))

    def rewrite(self, title: str, span: Span, text: str) -> Fix:
        """Probably what was meant: never more than that, since the file cannot be read."""
        return Fix(title, (Edit(span, text),), Applicability.UNSAFE)


def content_of(line: str) -> str:
    """A line without its comment and the blanks before that; a `#` inside quotes is taken for a comment too."""
    return _COMMENT.sub("", line).rstrip()
