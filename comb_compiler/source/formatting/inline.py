"""What stands within a line: spelled scalars, and `[…]` or `{…}`, which may be broken over several.

A collection in brackets keeps the breaks between its items. If it has any, the first item begins a line too, and the
closing bracket: by YAML's grammar it may not stand left of the block that the brackets are in, though libyaml lets it.
"""

from comb_compiler.source.formatting.lines import STEP, Line, above_lines, glued, remarked, wrapped_lines
from comb_compiler.source.formatting.quoting import spell
from comb_compiler.source.formatting.tree import Alias, Brackets, Item, Node, Text

__all__ = ["bracket_lines", "key_source", "text_source"]

_CLOSING = {"[": "]", "{": "}"}


def text_source(node: Node, text: Text, *, in_brackets: bool = False, is_key: bool = False) -> str:
    """The spelling of a node's scalar; a tag may depend on the quotes."""
    is_tagged = any(one.startswith("!") for one in node.properties)
    return text.source if is_tagged else spell(text, in_brackets=in_brackets, is_key=is_key)


def key_source(key: Node, *, in_brackets: bool = False) -> str:
    """A key up to its colon, with the blank before it that an alias, a bare tag and a bare anchor need."""
    properties = "".join(f"{one} " for one in key.properties)
    if isinstance(key.content, Text):
        return properties + text_source(key, key.content, in_brackets=in_brackets, is_key=True)
    return f"{properties}{key.content.source} " if isinstance(key.content, Alias) else properties


def bracket_lines(brackets: Brackets, column: int) -> list[Line]:
    """The collection; if it is broken, its closing bracket is at `column`. The first line has no indentation."""
    closing = _CLOSING[brackets.opening]
    if brackets.is_broken:
        return [*_broken(brackets, column), Line(" " * column + closing)]
    lines = [Line(brackets.opening)]
    for number, item in enumerate(brackets.items):
        lines = glued(lines, [Line(", ")]) if number else lines
        lines = glued(lines, _before_sign(item, _item_lines(item, column)))
    return glued(lines, [Line(closing)])


def _broken(brackets: Brackets, column: int) -> list[Line]:
    lines = [Line(brackets.opening, brackets.head)]
    inner = column + STEP
    last = len(brackets.items) - 1
    for number, item in enumerate(brackets.items):
        text = _item_lines(item, inner)
        text = text if number == last else glued(_before_sign(item, text), [Line(",")])
        if number == 0 or item.breaks or lines[-1].remark or any(item.above):
            lines += [*above_lines(item.above, inner, begins=number == 0), *glued([Line(" " * inner)], text)]
        else:
            lines = glued(lines, glued([Line(" ")], text))
        lines = remarked(lines, item.remark)
    return [*lines, *above_lines(brackets.tail, inner, begins=last < 0, ends=True)]


def _item_lines(item: Item, column: int) -> list[Line]:
    key = key_source(item.key, in_brackets=True) if item.key else ""
    if not item.has_colon:
        return _node_lines(item.value, column) if item.value else [Line(key.rstrip(" "))]
    return glued([Line(f"{key}: ")], _node_lines(item.value, column)) if item.value else [Line(f"{key}:")]


def _node_lines(node: Node, column: int) -> list[Line]:
    begin = [Line("".join(f"{one} " for one in node.properties))]
    if isinstance(node.content, Text):
        return glued(begin, wrapped_lines(text_source(node, node.content, in_brackets=True), column + STEP))
    if isinstance(node.content, Brackets):
        return glued(begin, bracket_lines(node.content, column))
    if isinstance(node.content, Alias):
        return glued(begin, [Line(node.content.source)])
    return [Line(" ".join(node.properties))]


def _before_sign(item: Item, lines: list[Line]) -> list[Line]:
    """With a blank where the sign behind it could be taken for a part of it: after a bare colon, tag or anchor."""
    node = item.value or item.key
    is_bare = (item.has_colon and item.value is None) or (node is not None and node.content is None)
    return glued(lines, [Line(" ")]) if is_bare else lines
