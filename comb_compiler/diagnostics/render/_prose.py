"""Sentences of a diagnostic, made safe to print and laid out."""

from comb_compiler.diagnostics.render.printable import printable, width

__all__ = ["clipped", "paragraph"]

_LONGEST = 2000
"""Code points of one sentence; what quotes a megabyte of the user's file is cut."""
_LEAST_ROOM = 30


def clipped(text: str) -> str:
    """`text` safe to print, without blank ends, and of a bounded length."""
    text = text.strip()
    return printable(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


def paragraph(text: str, indent: int, room: int | None, before: int = 0) -> str:
    """`text` safe to print, its lines after the first indented; wrapped at spaces where `room` cells are known.

    `before` cells of the first line are taken, `indent` unless said otherwise. A word wider than the room is left
    whole, so that what is to be copied can be.
    """
    lines = clipped(text).split("\n")
    if room is not None:
        least = max(room - indent, _LEAST_ROOM)
        first = _wrap(lines[0], least, (before or indent) - indent)
        lines = [*first, *(part for line in lines[1:] for part in _wrap(line, least, 0))]
    return ("\n" + " " * indent).join(lines)


def _wrap(line: str, room: int, taken: int) -> list[str]:
    """`line` in lines of `room` cells, `taken` of the first being gone."""
    lines: list[str] = []
    current = ""
    for word in line.split(" "):
        candidate = f"{current} {word}" if current else word
        if current and width(candidate) + (0 if lines else taken) > room:
            lines.append(current)
            candidate = word
        current = candidate
    return [*lines, current]
