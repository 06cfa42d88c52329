"""A line that is outdented among its siblings, over which libyaml stumbles one line later."""

import re

from comb_compiler.diagnostics import Diagnostic, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source.mishap import ENTRY, Mishap

__all__ = ["outdented"]


def outdented(mishap: Mishap) -> Diagnostic | None:
    """A `key: value` that ends the mapping which the line before it and the line after it are in."""
    number = mishap.line_before(mishap.at.line)
    above = mishap.line_before(number) if number else 0
    entries = [ENTRY.match(mishap.lines[one]) if one else None for one in (above, number, mishap.at.line)]
    before, this, after = entries
    if before is None or this is None or after is None or this["value"] is None:
        return None
    column = _column(before)
    if column != _column(after) or not _owner(mishap, above, column) <= _column(this) < column:
        return None
    around = (Label(mishap.span(line, column, one.end("key")), f"begins in column {column + 1}")
              for line, one in ((above, before), (mishap.at.line, after)))  # fmt: skip
    return diagnose(
        codes.BAD_INDENTATION,
        f"`{this['key']}` is outdented, which ends the mapping that `{after['key']}` goes on with",
        mishap.span(number, this.start("key"), this.end("key")),
        label=f"begins in column {_column(this) + 1}",
        related=tuple(around),
        hints=(f"indent it to column {column + 1}, as `{before['key']}` and `{after['key']}` are",),
        fix=mishap.rewrite("indent it", mishap.span(number, 0, _column(this)), " " * column),
    )


def _column(entry: re.Match[str]) -> int:
    """Where a key begins, counted from 0; that of an item's first key is another line's."""
    return entry.start("key")


def _owner(mishap: Mishap, number: int, column: int) -> int:
    """The column of the nearest line above that what stands in `column` is below; `column` where there is none."""
    while number := mishap.line_before(number):
        line = mishap.lines[number]
        indent = len(line) - len(line.lstrip(" "))
        if indent < column:
            return indent
    return column
