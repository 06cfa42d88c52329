"""Lines to be written, each with the comment behind it."""

import re
from typing import NamedTuple

from comb_compiler.source.formatting.tree import Above, Comment

__all__ = ["STEP", "Line", "above_lines", "glued", "remarked", "wrapped_lines"]

STEP = 2
"""How many columns each level is indented."""


class Line(NamedTuple):
    """A line without its break; `remark` still stands where the author had it, and gets its column at the end."""

    text: str
    remark: Comment | None = None


_INSIGNIFICANT = re.compile(r"(?<!\\)[ \t]+\Z")
"""Blanks before a line break within a scalar: never content, unless a backslash makes them so."""


def above_lines(above: Above, column: int, *, begins: bool = False, ends: bool = False) -> list[Line]:
    """Comments at `column`, with one blank line where there were any, but none where a block `begins` or `ends`."""
    lines: list[Line] = []
    for comment in above:
        if comment is not None:
            lines.append(Line(" " * column + comment.text))
        elif (lines and lines[-1].text) or not (lines or begins):
            lines.append(Line(""))
    return lines[:-1] if ends and lines and not lines[-1].text else lines


def wrapped_lines(spelling: str, column: int) -> list[Line]:
    """A plain or quoted scalar that may go over several lines, the further ones at `column`."""
    first, *others = spelling.split("\n")
    if not others:
        return [Line(first)]
    lines = [first, *(" " * column + line.lstrip(" \t") if line.strip(" \t") else "" for line in others)]
    return [*(Line(_INSIGNIFICANT.sub("", line)) for line in lines[:-1]), Line(lines[-1])]


def glued(left: list[Line], right: list[Line]) -> list[Line]:
    """`right` goes on where `left` ends."""
    seam = Line(left[-1].text + right[0].text, left[-1].remark or right[0].remark)
    return [*left[:-1], seam, *right[1:]]


def remarked(lines: list[Line], remark: Comment | None) -> list[Line]:
    """`remark` behind the last of the lines."""
    return [*lines[:-1], lines[-1]._replace(remark=remark)] if remark else lines
