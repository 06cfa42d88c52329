"""A place in the row of tokens, which goes forward and leaves no comment behind."""

from comb_compiler.diagnostics import codes
from comb_compiler.diagnostics.codes import Code
from comb_compiler.source.formatting.lexemes import Gap, Lexeme
from comb_compiler.source.formatting.tree import Above, Comment

__all__ = ["Cursor", "NotFormattable", "all_comments", "joined"]


class NotFormattable(Exception):
    """The file uses what the formatter leaves alone; never leaves this package."""

    def __init__(self, where: Lexeme, message: str, hint: str, code: Code = codes.UNSUPPORTED_YAML) -> None:
        super().__init__(message)
        self.where = where
        self.message = message
        self.hint = hint
        self.code = code


class Cursor:
    """The tokens of one file, of which `parse` found nothing to complain."""

    def __init__(self, lexemes: list[Lexeme]) -> None:
        self._lexemes = lexemes
        self._index = 0

    @property
    def current(self) -> Lexeme:
        return self._lexemes[self._index]

    @property
    def kind(self) -> str:
        return self.current.kind

    @property
    def last_line(self) -> int:
        """The line on which the token before the current one ends."""
        return self._lexemes[self._index - 1].last_line

    @property
    def gap(self) -> Gap:
        """What stands before the current token and has not been taken yet."""
        return self.current.gap

    def advance(self) -> Lexeme:
        """The current token, which is left behind."""
        lexeme = self.current
        assert not (lexeme.source and lexeme.gap.has_comments), f"no place for a comment before {lexeme.kind}"
        self._index += 1
        return lexeme

    def expect(self, kind: str) -> Lexeme:
        """The current token, which is of that kind, and is left behind."""
        assert self.kind == kind, f"{self.kind} where {kind} should be"
        return self.advance()

    def begin_key(self) -> None:
        """Leave the mark of a key behind: one without extent, for a `?` in the text is left alone."""
        if self.current.source:
            raise NotFormattable(self.current, "a key is marked by `?`", "write `key: value`")
        self.advance()


def all_comments(gap: Gap) -> tuple[Comment | None, Above]:
    """All comments of a gap, blank lines left out: the trailing one, and those on lines of their own."""
    return gap.take_trailing(), tuple(line for line in gap.take_lines() if line)


def joined(head: Comment | None, above: Above, more: tuple[Comment | None, Above]) -> tuple[Comment | None, Above]:
    """Two gaps as one: only the first comment can stand on the first line."""
    more_head, more_above = more
    if head is None and not above:
        return more
    return head, (*above, *((more_head,) if more_head else ()), *more_above)
