"""`Document` → lines: two columns a level, what hangs on a key or a dash, and comments where they belong."""

from typing import NamedTuple

from comb_compiler.source.formatting.columns import Cell, blanks_before_values
from comb_compiler.source.formatting.inline import bracket_lines, key_source, text_source
from comb_compiler.source.formatting.lines import STEP, Line, above_lines, glued, remarked, wrapped_lines
from comb_compiler.source.formatting.tree import (
    Above,
    Alias,
    BlockText,
    Brackets,
    Comment,
    Document,
    Entry,
    Mapping,
    Node,
    Sequence,
    Text,
)

__all__ = ["lay_out"]


def lay_out(document: Document) -> list[Line]:
    """All lines of a file."""
    above = above_lines(document.above, 0, begins=True, ends=True)
    if document.root is None:
        body = [Line("---")] if document.is_marked else []
    else:
        body = _root_lines(document.root)
        above += [Line("")] if above else []
    tail = above_lines(document.tail, 0, begins=not (above or body), ends=True)
    return [*above, *body, *tail]


def _root_lines(root: Node) -> list[Line]:
    hung = _hang(root, -STEP)
    first, *others = hung.lines
    lines = hung.lines if first.text or first.remark else others
    return [*above_lines(hung.above, 0, begins=True), *lines]


class _Hung(NamedTuple):
    """A value: comments that have to stand above what it hangs on, and lines, the first behind the `:` or `-`."""

    above: Above
    lines: list[Line]


def _hang(node: Node, column: int) -> _Hung:
    """A value of a block at `column`.

    A comment between a key and its value stays there if the value begins below it, else it moves above the key.
    """
    inner = column + STEP
    content, between = node.content, above_lines(node.above, inner)
    begin = [Line(" ".join(node.properties), node.head)]
    if isinstance(content, (Mapping, Sequence)):
        return _Hung((), [*begin, *between, *_block_lines(content, inner)])
    if isinstance(content, Text) and content.is_wrapped and node.on_next_line:
        indented = glued([Line(" " * _text_column(column))], _leaf_lines(node, column))
        return _Hung((), [*begin, *between, *remarked(indented, node.remark)])
    hoisted = (*((node.head,) if node.head else ()), *node.above)
    lines = _leaf_lines(node, column)
    if content is not None:
        lines = glued([Line("".join(f"{one} " for one in node.properties))], lines)
    return _Hung(hoisted, [*lines, *above_lines(node.below, inner, begins=True)])


def _leaf_lines(node: Node, column: int) -> list[Line]:
    content = node.content
    if isinstance(content, BlockText):
        return _block_text_lines(content, node.remark, _text_column(column))
    if isinstance(content, Text):
        lines = wrapped_lines(text_source(node, content), _text_column(column))
    elif isinstance(content, Brackets):
        lines = bracket_lines(content, column + STEP)
    else:
        lines = [Line(content.source if isinstance(content, Alias) else " ".join(node.properties))]
    return remarked(lines, node.remark)


def _text_column(column: int) -> int:
    """Where further lines of a scalar stand: never at the left edge, where `---` and `...` are no text."""
    return max(column, 0) + STEP


def _block_text_lines(text: BlockText, remark: Comment | None, column: int) -> list[Line]:
    header = f"{text.style}{STEP if text.indented else ''}{text.chomping}"
    return [Line(header, remark), *(Line(" " * column + line if line else "") for line in text.body)]


def _block_lines(content: Mapping | Sequence, column: int) -> list[Line]:
    lines = _mapping_lines(content, column) if isinstance(content, Mapping) else _sequence_lines(content, column)
    return [*lines, *above_lines(content.tail, column)]


def _mapping_lines(mapping: Mapping, column: int) -> list[Line]:
    keys = [f"{key_source(entry.key)}:" for entry in mapping.entries]
    values = [_hang(entry.value, column) for entry in mapping.entries]
    cells = [_cell(*parts) for parts in zip(mapping.entries, keys, values, strict=True)]
    lines: list[Line] = []
    for entry, key, value, blanks in zip(mapping.entries, keys, values, blanks_before_values(cells), strict=True):
        begin = " " * column + key + (" " * blanks if value.lines[0].text else "")
        lines += above_lines((*entry.above, *value.above), column, begins=not lines)
        lines += glued([Line(begin)], value.lines)
    return lines


def _cell(entry: Entry, key: str, value: _Hung) -> Cell:
    goes_over_lines = len(value.lines) > 1 or not value.lines[0].text
    begins_paragraph = any(line is None for line in entry.above)
    return Cell(len(key), entry.offset, entry.gap, goes_over_lines, begins_paragraph)


def _sequence_lines(sequence: Sequence, column: int) -> list[Line]:
    lines: list[Line] = []
    for piece in sequence.pieces:
        value = _hang(piece.node, column)
        lines += above_lines((*piece.above, *value.above), column, begins=not lines)
        lines += _behind_dash(value.lines, column)
    return lines


def _behind_dash(value: list[Line], column: int) -> list[Line]:
    """`- ` with the first line of the value, which may be the first entry of a collection, unless that is a comment."""
    dash = " " * column + "-"
    first = value[0]
    if first.text:
        return glued([Line(f"{dash} ")], value)
    follows = value[1].text.lstrip(" ") if len(value) > 1 and first.remark is None else "#"
    if follows.startswith("#"):
        return [first._replace(text=dash), *value[1:]]
    return [value[1]._replace(text=f"{dash} {follows}"), *value[2:]]
