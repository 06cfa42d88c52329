"""The extent and the lines of a `|` or `>` scalar, which tokens do not tell: they end it late, and hold it folded."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from comb_compiler.source.formatting.tree import BlockText

__all__ = ["Found", "read_block_text"]

_HEADER = re.compile(r"(?P<style>[|>])(?P<indicators>[-+0-9]*)(?P<blanks>[ \t]*)(?P<comment>#[^\n]*)?\n?")


class Found(NamedTuple):
    """The scalar, the match of its header, and the offset behind it: where a line begins, or where the file ends."""

    text: BlockText
    header: re.Match[str]
    end: int


class _Line(NamedTuple):
    start: int
    end: int
    blanks: int

    @property
    def is_blank(self) -> bool:
        return self.blanks == self.end - self.start


def read_block_text(source: str, start: int, parent: int) -> Found:
    """The scalar at `start`, in a collection at column `parent` (-1 where there is none)."""
    header = _HEADER.match(source, start)
    assert header is not None
    digit = "".join(one for one in header["indicators"] if one.isdigit())
    indent = max(parent, 0) + int(digit) if digit else _detect(source, header.end(), parent)
    lines = list(_body(source, header.end(), indent))
    chomping = "".join(one for one in header["indicators"] if one in "-+")
    if chomping != "+":
        while lines and not _content(source, lines[-1], indent):
            del lines[-1]
    body = tuple(_content(source, line, indent) for line in lines)
    end = lines[-1].end + 1 if lines else header.end()
    if end > len(source) and any(body):
        chomping = "-"  # the file ends within the scalar: the final line break that it will get is not part of it
    return Found(BlockText(header["style"], bool(digit), chomping, body), header, min(end, len(source)))


def _content(source: str, line: _Line, indent: int) -> str:
    return source[min(line.start + indent, line.end) : line.end]


def _detect(source: str, start: int, parent: int) -> int:
    """libyaml's rule: as the longest of the blank lines at the top and the first other, but past the parent."""
    indent = max(parent + 1, 1)
    for line in _lines(source, start):
        indent = max(indent, line.blanks)
        if not line.is_blank:
            break
    return indent


def _body(source: str, start: int, indent: int) -> Iterator[_Line]:
    for line in _lines(source, start):
        if not line.is_blank and line.blanks < indent:
            return
        if line.end == len(source) and line.blanks <= indent and line.is_blank:
            return  # what is left of a file that ends with blanks, or nothing
        yield line


def _lines(source: str, start: int) -> Iterator[_Line]:
    while start <= len(source):
        end = source.find("\n", start)
        end = len(source) if end < 0 else end
        stop = start
        while stop < end and source[stop] == " ":
            stop += 1
        yield _Line(start, end, stop - start)
        start = end + 1
