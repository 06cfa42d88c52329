"""Text → tokens with the comments between them.

libyaml finds the tokens. All that stands between two of them is white space and comments, so no comment is missed and
nothing inside a scalar is taken for one.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from comb_compiler.source.formatting.blocktext import read_block_text
from comb_compiler.source.formatting.tree import Above, Alias, BlockText, Comment, Text

__all__ = ["Gap", "Lexeme", "comments_of", "read_lexemes"]


class Gap:
    """What stands between two tokens: a comment on the line of the first, then lines of comments and blank lines.

    Whoever finds the place of a comment takes it out. Tokens without extent share the gap of the one they announce.
    """

    __slots__ = ("lines", "trailing")

    def __init__(self, trailing: Comment | None, lines: list[Comment | None]) -> None:
        self.trailing = trailing
        self.lines = lines

    @property
    def has_comments(self) -> bool:
        return self.trailing is not None or any(self.lines)

    def take_trailing(self) -> Comment | None:
        taken, self.trailing = self.trailing, None
        return taken

    def take_lines(self) -> Above:
        taken, self.lines = self.lines, []
        return tuple(taken)

    def take_deeper(self, column: int) -> Above:
        """The lines up to the last comment before any that stands left of `column`."""
        count = 0
        for number, line in enumerate(self.lines, start=1):
            if line is not None and line.column < column:
                break
            count = number if line is not None else count
        taken, self.lines = self.lines[:count], self.lines[count:]
        return tuple(taken)


class Lexeme(NamedTuple):
    """A token. `kind` is PyYAML's id for it: the indicator itself, or a name such as `<scalar>`.

    `content` is there for scalars and aliases; `header` is the comment in the header of a block scalar.
    """

    kind: str
    source: str
    start: int
    line: int
    column: int
    last_line: int
    gap: Gap
    content: Text | Alias | BlockText | None = None
    header: Comment | None = None


def read_lexemes(source: str) -> list[Lexeme]:
    """The tokens of a text that parses, has no byte order mark, and ends its lines with `\\n`."""
    return list(_Reader(source).lexemes())


def comments_of(source: str) -> Iterator[str]:
    """The comments of such a text in order, as this package spells them."""
    earlier: Gap | None = None
    for lexeme in read_lexemes(source):
        found = [lexeme.gap.trailing, *lexeme.gap.lines] if lexeme.gap is not earlier else []
        earlier = lexeme.gap
        yield from (one.text for one in (*found, lexeme.header) if one is not None)


class _Reader:
    def __init__(self, source: str) -> None:
        self._source = source
        self._end = 0
        self._gap = Gap(None, [])
        self._gap_end = -1
        self._columns = [-1]

    def lexemes(self) -> Iterator[Lexeme]:
        for token in yaml.scan(self._source, Loader=yaml.CLoader):
            start = token.start_mark.index
            self._advance_to(start)
            yield self._lexeme(token, start, token.end_mark.index)

    def _advance_to(self, start: int) -> None:
        if start != self._gap_end:
            self._gap, self._gap_end = _read_gap(self._source, self._end, start), start

    def _lexeme(self, token: Any, start: int, end: int) -> Lexeme:
        self._follow_columns(token)
        content: Text | Alias | BlockText | None = None
        header: Comment | None = None
        if token.id == "<scalar>" and token.style in ("|", ">"):
            found = read_block_text(self._source, start, self._columns[-1])
            content, end = found.text, found.end
            at = found.header.start("comment")
            line_start = self._source.rfind("\n", 0, start) + 1
            header = _comment(found.header["comment"] or "", at - line_start, len(found.header["blanks"]))
        elif token.id == "<scalar>":
            content = Text(self._source[start:end], token.value, token.style or "")
        elif token.id == "<alias>":
            content = Alias(self._source[start:end])
        self._end = max(end, self._end)
        mark, written = token.start_mark, self._source[start:end]
        return Lexeme(
            token.id,
            written,
            start,
            mark.line,
            mark.column,
            mark.line + written.count("\n"),
            self._gap,
            content,
            header,
        )

    def _follow_columns(self, token: Any) -> None:
        if token.id in ("<block mapping start>", "<block sequence start>"):
            self._columns.append(token.start_mark.column)
        elif token.id == "<block end>":
            self._columns.pop()


def _read_gap(source: str, start: int, end: int) -> Gap:
    first, *others = source[start:end].split("\n")
    lines = [_whole_line(line) for line in others[:-1]]
    line_start = source.rfind("\n", 0, start) + 1
    if line_start == start and (others or first.strip()):
        return Gap(None, [_whole_line(first), *lines, *_open_end(others)])
    trailing = _comment(first.lstrip(" \t"), start - line_start + _blanks(first), _blanks(first))
    return Gap(trailing, [*lines, *_open_end(others)])


def _open_end(others: list[str]) -> list[Comment | None]:
    """The comment of a last line that ends with the file."""
    last = _whole_line(others[-1]) if others else None
    return [last] if last else []


def _whole_line(line: str) -> Comment | None:
    return _comment(line.lstrip(" \t"), _blanks(line), _blanks(line))


def _blanks(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


_CROWDED = re.compile(r"#(?=\w)")


def _comment(text: str, column: int, blanks: int) -> Comment | None:
    """`#text` gets its blank; `#!`, `##`, `#:` and other signs of somebody else's stay as they are."""
    return Comment(_CROWDED.sub("# ", text.rstrip(" \t"), count=1), column, blanks) if text.startswith("#") else None
