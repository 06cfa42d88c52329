"""Tokens → `Document`: where in the structure each comment belongs.

A comment on a line of its own belongs to what follows it, unless what follows is outdented and the comment is not:
then it ends the block it is indented like, as an entry does that somebody commented out.
"""

from comb_compiler.diagnostics import codes
from comb_compiler.source.formatting.bracketing import read_brackets
from comb_compiler.source.formatting.cursor import Cursor, NotFormattable, all_comments, joined
from comb_compiler.source.formatting.lexemes import Lexeme
from comb_compiler.source.formatting.tree import (
    Above,
    Comment,
    Content,
    Document,
    Entry,
    Mapping,
    Node,
    Piece,
    Sequence,
)

__all__ = ["read_document"]

_LEAVES = frozenset(("<scalar>", "<alias>", "[", "{"))
_COLLECTIONS = frozenset(("<block mapping start>", "<block sequence start>"))
_NO_CONTENT = frozenset(("<document end>", "<document start>", "<directive>", "<stream end>"))


def read_document(lexemes: list[Lexeme]) -> Document:
    """The one document of a file; raises NotFormattable. Recursion is as deep as the file, which `parse` bounds."""
    cursor = Cursor(lexemes)
    cursor.expect("<stream start>")
    above, is_marked = _beginning(cursor)
    root = None if cursor.kind in _NO_CONTENT else _value(cursor, -1, cursor.current.line)
    tail = cursor.gap.take_lines()
    while cursor.kind == "<document end>":
        cursor.advance()
        tail += _rest_of_marker(cursor) + cursor.gap.take_lines()
    if cursor.kind != "<stream end>":
        message, hint = "the file holds several documents", "put each into a file of its own"
        raise NotFormattable(cursor.current, message, hint, codes.SEVERAL_DOCUMENTS)
    cursor.advance()
    return Document(above, root, tail, is_marked)


def _beginning(cursor: Cursor) -> tuple[Above, bool]:
    """What stands above the `---`, and whether there is one; without it, comments belong to the first entry."""
    if cursor.kind == "<directive>":
        raise NotFormattable(cursor.current, "a directive changes how the file is read", "leave it out")
    if cursor.kind != "<document start>":
        return (), False
    above = cursor.gap.take_lines()
    cursor.advance()
    return above + _rest_of_marker(cursor), True


def _rest_of_marker(cursor: Cursor) -> Above:
    remark = cursor.gap.take_trailing()
    return (remark,) if remark else ()


def _value(cursor: Cursor, column: int, line: int, *, of_key: bool = False) -> Node:
    """What follows a `:` or `-` on `line` in a block at `column`."""
    head, above, properties = _properties(cursor)
    on_next_line = cursor.current.line > line
    if cursor.kind in _COLLECTIONS or (cursor.kind == "-" and of_key):
        head, above = joined(head, above, (cursor.gap.take_trailing(), ()))
        return Node(properties, _collection(cursor), head, above, on_next_line=on_next_line)
    if cursor.kind in _LEAVES:
        head, above = joined(head, above, all_comments(cursor.gap))
        content, remark = _leaf(cursor)
        return Node(properties, content, head, above, remark, on_next_line=on_next_line)
    remark = cursor.gap.take_trailing()
    return Node(properties, None, head, above, remark, cursor.gap.take_deeper(column + 1))


def _properties(cursor: Cursor) -> tuple[Comment | None, Above, tuple[str, ...]]:
    head: Comment | None = None
    above: Above = ()
    properties: list[str] = []
    while cursor.kind in ("<anchor>", "<tag>"):
        head, above = joined(head, above, all_comments(cursor.gap))
        properties.append(cursor.advance().source)
    return head, above, tuple(properties)


def _leaf(cursor: Cursor) -> tuple[Content, Comment | None]:
    if cursor.kind in ("[", "{"):
        return read_brackets(cursor), cursor.gap.take_trailing()
    lexeme = cursor.advance()
    assert lexeme.content is not None
    return lexeme.content, lexeme.header or cursor.gap.take_trailing()


def _collection(cursor: Cursor) -> Content:
    if cursor.kind == "-":  # beneath a key, in the key's own column
        return _sequence(cursor, cursor.current.column, cursor.current.column + 1)
    start = cursor.advance()
    of_keys = start.kind == "<block mapping start>"
    content = _mapping(cursor, start.column) if of_keys else _sequence(cursor, start.column, start.column)
    cursor.expect("<block end>")
    return content


def _sequence(cursor: Cursor, column: int, tail_column: int) -> Sequence:
    pieces: list[Piece] = []
    while cursor.kind == "-":
        above = cursor.gap.take_lines()
        dash = cursor.advance()
        pieces.append(Piece(above, _value(cursor, column, dash.line)))
    return Sequence(tuple(pieces), cursor.gap.take_deeper(tail_column))


def _mapping(cursor: Cursor, column: int) -> Mapping:
    entries: list[Entry] = []
    while cursor.kind != "<block end>":
        entries.append(_entry(cursor, column))
    return Mapping(tuple(entries), cursor.gap.take_deeper(column))


def _entry(cursor: Cursor, column: int) -> Entry:
    if cursor.kind == ":":
        raise NotFormattable(cursor.current, "a key is missing before this `:`", "write `key: value`")
    above = cursor.gap.take_lines()
    cursor.begin_key()
    start = cursor.current
    key = _key(cursor)
    colon = cursor.expect(":")
    first = cursor.current
    value = _value(cursor, column, colon.line, of_key=True)
    if first.line > colon.line or not first.source:
        return Entry(above, key, value, 0, 0)
    return Entry(above, key, value, first.start - start.start, first.start - colon.start - 1)


def _key(cursor: Cursor) -> Node:
    _, _, properties = _properties(cursor)
    content = cursor.advance().content if cursor.kind != ":" else None
    return Node(properties, content)
