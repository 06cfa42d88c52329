"""How a scalar is written in the file: which of its characters made which of its value's.

Follows libyaml's scanner, and is held to it: what it would read is compared with what was read.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

__all__ = ["Written", "replacement", "written"]

_MOST_CHARACTERS = 20_000
"""Of a value: each takes a microsecond, and a file may have many that are asked about."""
_BREAK = re.compile(r"\r\n|\n|\r")
_HEADER = re.compile(r"[|>][-+0-9]*[ \t]*(?:#[^\r\n]*)?")
_FIRST_LINE = re.compile(r"(?:^|(?<=[\r\n]))( *)[^ \r\n]")
_BLANKS = re.compile(r"[ \t]*")
_ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[^xuU\r\n])")
_ESCAPED = {"0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r",
            "e": "\x1b", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029"}  # fmt: skip


class _Made(NamedTuple):
    """A character of a value, and the half-open range that made it."""

    character: str
    start: int
    end: int


class Written:
    """Places of a value's characters, as offsets in the file and as lines and columns from its beginning."""

    def __init__(self, source: str, start: int, made: list[_Made], end: int) -> None:
        self._made = made
        self._end = end
        last = max(made[-1].end, end) if made else end
        self._lines = [start, *(found.end() for found in _BREAK.finditer(source, start, last))]

    def offsets(self, start: int, end: int) -> tuple[int, int]:
        """The range of the file that made the half-open range of the value; an empty one is where it would begin."""
        first = self._made[start].start if start < len(self._made) else self._end
        return first, max(first, self._made[end - 1].end) if end > start else first

    def position(self, offset: int) -> tuple[int, int]:
        """The line and the column of an offset, counted from where the value begins: both from 0."""
        line = bisect_right(self._lines, offset) - 1
        return line, offset - self._lines[line]


@lru_cache(maxsize=16)
def written(source: str, start: int, end: int, value: str) -> Written | None:
    """How the scalar at `source[start:end]` writes `value`; None where that cannot be told, or takes too long."""
    if len(value) > _MOST_CHARACTERS:
        return None
    style = source[start : start + 1]
    if style in ("|", ">"):
        made = list(_block(source, start, value, style == "|"))[: len(value)]
    else:
        quote = style if style in ("'", '"') else ""
        made = list(_flow(source, start + len(quote), end - len(quote), quote))
    if "".join(one.character for one in made) != value:
        return None
    return Written(source, start, made, made[-1].end if made else end - (style in ("'", '"')))


def replacement(source: str, start: int, end: int, value: str, part: tuple[int, int], text: str) -> str | None:
    """What to write in the place of a part of a value, so that `text` stands there and all else as it did.

    None where that cannot be done: a break in a folded text, say, would be another one.
    """
    known, put = written(source, start, end, value), _escaped(text, source[start : start + 1])
    if known is None or put is None:
        return None
    first, last = known.offsets(*part)
    changed = source[:first] + put + source[last:]
    meant = value[: part[0]] + text + value[part[1] :]
    return put if written(changed, start, end + len(put) - (last - first), meant) is not None else None


def _escaped(text: str, style: str) -> str | None:
    """`text` inside quotes or in a block; None for what cannot stand there as it is."""
    if "\n" in text or "\r" in text:
        return None
    if style == "'":
        return text.replace("'", "''")
    if style == '"':
        return text.replace("\\", "\\\\").replace('"', '\\"')
    return text


def _flow(source: str, at: int, end: int, quote: str) -> Iterator[_Made]:
    """In quotes, or plain over several lines: breaks are folded, and blanks around them belong to nobody."""
    while at < end:
        blanks = _BLANKS.match(source, at, end)
        after = blanks.end() if blanks is not None else at
        if after == end or source[after] not in "\r\n":
            yield from (_Made(source[index], index, index + 1) for index in range(at, after))
            at = after
        else:
            breaks, at = _breaks(source, after, end)
            yield from _folded(breaks)
        while at < end and source[at] not in " \t\r\n":
            if quote == '"' and source[at] == "\\" and source[at + 1 : at + 2] in ("\r", "\n"):
                breaks, at = _breaks(source, at + 1, end)
                yield from (_Made("\n", *one) for one in breaks[1:])
            else:
                made = _character(source, at, quote)
                yield made
                at = made.end


def _character(source: str, at: int, quote: str) -> _Made:
    character = source[at]
    if quote == "'" and source.startswith("''", at):
        return _Made("'", at, at + 2)
    found = _ESCAPE.match(source, at) if quote == '"' and character == "\\" else None
    if found is None:
        return _Made(character, at, at + 1)
    name = found[0][1:]
    meant = chr(int(name[1:], 16)) if name[0] in "xuU" else _ESCAPED.get(name, name)
    return _Made(meant, at, found.end())


def _breaks(source: str, at: int, end: int) -> tuple[list[tuple[int, int]], int]:
    """The breaks from `at` on, with nothing but blanks between them, and where the next line's text begins."""
    breaks: list[tuple[int, int]] = []
    while (found := _BREAK.match(source, at, end)) is not None:
        breaks.append(found.span())
        blanks = _BLANKS.match(source, found.end(), end)
        at = blanks.end() if blanks is not None else found.end()
    return breaks, at


def _folded(breaks: list[tuple[int, int]]) -> Iterator[_Made]:
    """A single break is a space; of several the first is nothing."""
    if len(breaks) == 1:
        yield _Made(" ", *breaks[0])
    else:
        yield from (_Made("\n", *one) for one in breaks[1:])


def _block(source: str, start: int, value: str, literal: bool) -> Iterator[_Made]:
    """A block of text, with all breaks at its end, of which the value may have fewer."""
    header = _HEADER.match(source, start)
    first = _BREAK.match(source, header.end()) if header is not None else None
    if header is None or first is None:
        return
    indent = _indent(source, first.end(), value, any(sign.isdigit() for sign in header[0].partition("#")[0]))
    if indent is None:
        return
    before: list[tuple[int, int]] = []
    last: tuple[int, int] | None = None
    was_blank = False
    at = first.end()
    while at < len(source):
        text, found = at, _BREAK.search(source, at)
        while text < at + indent and source.startswith(" ", text):
            text += 1
        end = found.start() if found is not None else len(source)
        if text == end and found is not None:
            before.append(found.span())
        elif text < at + indent or text == end:
            break
        else:
            is_blank = source[text] in " \t"
            if last is not None and (literal or was_blank or is_blank):
                yield _Made("\n", *last)
            elif last is not None and not before:
                yield _Made(" ", *last)
            yield from (_Made("\n", *one) for one in before)
            yield from (_Made(source[index], index, index + 1) for index in range(text, end))
            before, was_blank, last = [], is_blank, found.span() if found is not None else None
        at = found.end() if found is not None else len(source)
    yield from (_Made("\n", *one) for one in ([last] if last is not None else []) + before)


def _indent(source: str, at: int, value: str, is_declared: bool) -> int | None:
    """How far a block is indented: as its first line with text, which has more in the value only where that is said."""
    there, here = _FIRST_LINE.search(source, at), _FIRST_LINE.search(value)
    if there is None or here is None:
        return None
    return len(there[1]) - (len(here[1]) if is_declared else 0)
