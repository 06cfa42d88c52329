"""The tokens of a `[…]` or `{…}` → `Brackets`.

A comment between two items belongs to the first if it is on its line, else to the second. One within an item, such as
between a key and its value, moves above the item.
"""

from comb_compiler.source.formatting.cursor import Cursor, all_comments
from comb_compiler.source.formatting.tree import Above, Brackets, Comment, Item, Node

__all__ = ["read_brackets"]

_CLOSING = {"[": "]", "{": "}"}
_NO_VALUE = frozenset((",", ":", "]", "}"))


def read_brackets(cursor: Cursor) -> Brackets:
    """The collection at the cursor, which moves behind it; its recursion is bounded as the file's depth is."""
    opening = cursor.advance()
    line = opening.last_line
    head = cursor.gap.take_trailing()
    above = cursor.gap.take_lines()
    items: list[Item] = []
    while cursor.kind != _CLOSING[opening.kind]:
        breaks = cursor.current.line > line
        item, line = _item(cursor, opening.kind, above, breaks)
        remark, above = _behind_item(cursor)
        items.append(item._replace(remark=remark))
    cursor.advance()
    return Brackets(opening.kind, head, tuple(items), above)


def _behind_item(cursor: Cursor) -> tuple[Comment | None, Above]:
    """The comment on the line of an item, before its comma or after, and the lines that follow."""
    remark, above = cursor.gap.take_trailing(), cursor.gap.take_lines()
    if cursor.kind != ",":
        return remark, above
    cursor.advance()
    second, more = cursor.gap.take_trailing(), cursor.gap.take_lines()
    if remark is None and not any(above):
        return second, more
    return remark, (*above, *((second,) if second else ()), *more)


def _item(cursor: Cursor, opening: str, above: Above, breaks: bool) -> tuple[Item, int]:
    """The item and the line that it ends on."""
    hoisted: list[Comment] = []
    if cursor.kind == "?":
        cursor.begin_key()
    first = None if cursor.kind == ":" else _node(cursor, hoisted)
    line = cursor.last_line
    if not _is_pair(cursor, hoisted):
        key, value = (first, None) if opening == "{" else (None, first)
        return Item((*above, *hoisted), breaks, key, False, value, None), line
    cursor.expect(":")
    value = None if cursor.kind in _NO_VALUE else _node(cursor, hoisted)
    return Item((*above, *hoisted), breaks, first, True, value, None), cursor.last_line


def _is_pair(cursor: Cursor, hoisted: list[Comment]) -> bool:
    """Whether a `:` follows, perhaps on another line."""
    if cursor.kind == ":":
        _hoist(cursor, hoisted)
    return cursor.kind == ":"


def _node(cursor: Cursor, hoisted: list[Comment]) -> Node:
    properties: list[str] = []
    while cursor.kind in ("<anchor>", "<tag>"):
        _hoist(cursor, hoisted)
        properties.append(cursor.advance().source)
    if cursor.kind in _NO_VALUE:
        return Node(tuple(properties))
    _hoist(cursor, hoisted)
    content = read_brackets(cursor) if cursor.kind in _CLOSING else cursor.advance().content
    return Node(tuple(properties), content)


def _hoist(cursor: Cursor, hoisted: list[Comment]) -> None:
    trailing, lines = all_comments(cursor.gap)
    hoisted += [comment for comment in (trailing, *lines) if comment]
