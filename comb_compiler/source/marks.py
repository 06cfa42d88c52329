"""Where libyaml's events begin and end, and where the values do that they tell of."""

import re
from typing import Any

from comb_compiler.source.nodes import Mark

__all__ = ["Marks"]

_PROPERTIES = re.compile(r"(?:(?:!<[^>]*+>|[&!][^\s,\[\]{}]*+)(?:\s|(?<=\s)#[^\r\n]*+)*+)++")
"""An anchor and a tag, and what stands between them and the value."""
_LINE_BREAK = r"\r\n|\n|\r"


class _Place:
    """A mark of our own."""

    __slots__ = ("column", "index", "line")

    def __init__(self, index: int, line: int, column: int) -> None:
        self.index = index
        self.line = line
        self.column = column


class Marks:
    """The places of values in one text."""

    def __init__(self, text: str) -> None:
        self.are_exact = not text or text.endswith(("\n", "\r"))
        """Whether libyaml's marks stand inside the text, all of them."""
        self._text = text

    def start(self, event: Any) -> Mark:
        """Where the value itself begins: behind its anchor and its tag, which libyaml counts in."""
        mark = self._inside(event.start_mark)
        if event.anchor is None and event.tag is None:
            return mark
        properties = _PROPERTIES.match(self._text, mark.index, event.end_mark.index)
        return self._behind(mark, properties.end()) if properties else mark

    def end(self, event: Any) -> Mark:
        """Where a scalar ends: a block of text with its last line, not at the next token, as libyaml says."""
        mark = self._inside(event.end_mark)
        if event.style not in ("|", ">"):
            return mark
        start: Mark = event.start_mark
        return self._behind(start, start.index + len(self._text[start.index : mark.index].rstrip()))

    def _inside(self, mark: Mark) -> Mark:
        """`mark`, or the end of the text: where the last line has no end, libyaml counts on to a line after it."""
        length = len(self._text)
        if self.are_exact or mark.index < length or mark.column:
            return mark
        start = max(self._text.rfind("\n"), self._text.rfind("\r")) + 1
        return _Place(length, mark.line - 1, length - start)

    def _behind(self, mark: Mark, index: int) -> Mark:
        """The mark at `index`, counted on from one before it."""
        lines = re.split(_LINE_BREAK, self._text[mark.index : index])
        column = len(lines[-1]) + (mark.column if len(lines) == 1 else 0)
        return _Place(index, mark.line + len(lines) - 1, column)
