"""How far to the right YAML 1.2 wants the lines of a value, where libyaml does not mind."""

import re
from typing import Any

from comb_compiler.diagnostics import Diagnostic, Edit, Fix, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source.strictness.gate import CONTINUATION
from comb_compiler.source.strictness.scan import FLOW_ENDS, Scan, is_block

__all__ = ["block_at_its_key", "value_too_far_left"]

_BLANKS = re.compile(r"[ \t]*")
_STEP = 2
"""By how much a fix indents a value's lines below its key."""
_MANY = 1000
"""Lines that nobody wants to see in one fix."""


def value_too_far_left(scan: Scan, token: Any) -> Diagnostic | None:
    """Lines of a quoted text, or between brackets, that do not stand to the right of the key or dash they belong to.

    A closing bracket alone may stand below its key: everybody writes it so, and nobody misreads it.
    """
    scan.left.extend(_lines_too_far_left(scan, token))
    last = isinstance(token, FLOW_ENDS) and scan.depth == 1
    if not scan.left or (scan.depth and not last):
        return None
    lines, scan.left = scan.left, []
    start = (scan.outermost if last else token).start_mark.index
    return _tell(scan, start, lines)


def _lines_too_far_left(scan: Scan, token: Any) -> list[int]:
    """Where those lines of `token` begin."""
    start, end = token.start_mark, token.end_mark
    found = []
    if scan.depth and start.index < end.index and _begins_line(scan, token):
        line = start.index - start.column
        blanks = _spaces(scan, line)
        enough = scan.held_at + (not (isinstance(token, FLOW_ENDS) and blanks == start.column))
        found += [line] if blanks < enough else []
    if start.line < end.line and not is_block(token):
        lines = CONTINUATION.finditer(scan.text, start.index, end.index)
        found += [line.start(1) for line in lines if len(line[1]) <= scan.held_at]
    return found


def _begins_line(scan: Scan, token: Any) -> bool:
    """Whether only blanks stand before it."""
    start = token.start_mark
    return not scan.text[start.index - start.column : start.index].strip(" \t")


def _spaces(scan: Scan, line: int) -> int:
    end = line
    while scan.text[end : end + 1] == " ":
        end += 1
    return end - line


def _tell(scan: Scan, start: int, lines: list[int]) -> Diagnostic:
    first = lines[0]
    blanks = _BLANKS.match(scan.text, first)
    content = blanks.end() if blanks else first
    related = (Label(scan.span(start, start + 1), "the value begins here"),)
    column = scan.held_at + 1 + _STEP
    fix = _indent(scan, lines, column - 1) if len(lines) <= _MANY else None
    if "\t" in scan.text[first:content]:
        message, hint = "a tab cannot indent YAML", "indent by spaces"
        return diagnose(
            codes.TAB_INDENTATION, message, scan.span(content - 1, content), related=related, hints=(hint,), fix=fix
        )
    return diagnose(
        codes.BAD_INDENTATION,
        "this line belongs to a value, and is not indented below its key or dash",
        scan.span(content, content + 1),
        related=related,
        hints=(f"begin it in column {column}, or end the value on the line before",),
        fix=fix,
    )


def _indent(scan: Scan, lines: list[int], blanks: int) -> Fix:
    """The data stay as they are: what a line of such a value begins with is no part of it."""
    edits = tuple(Edit(scan.span(line, line), " " * (blanks - _spaces(scan, line))) for line in lines)
    return Fix("indent the value's lines", edits)


def block_at_its_key(scan: Scan, token: Any) -> Diagnostic | None:
    """A `|` or `>` on a line of its own that is indented no further than the key it belongs to."""
    start = token.start_mark
    if not is_block(token) or start.column > scan.held_at or not _begins_line(scan, token):
        return None
    character = scan.text[start.index]
    return diagnose(
        codes.BAD_INDENTATION,
        f"this `{character}` is not indented below the key or dash it belongs to",
        scan.span(start.index, start.index + 1),
        hints=(f"write `{character}` on the line of its key",),
    )
