"""`Picture` → a list of its steps by layers, for graphs that are too large to draw."""

import sys
from collections.abc import Iterator
from textwrap import wrap

from comb_compiler.diagnostics.render.printable import width as cells
from comb_compiler.graph.drawing.canvas import Paint
from comb_compiler.graph.drawing.layers import Layers
from comb_compiler.graph.drawing.model import Arrow, Box, Kind, Picture
from comb_compiler.graph.drawing.wording import CRITICAL, CYCLIC, box_lines, one_line, short

__all__ = ["call_text", "list_layers"]


def list_layers(picture: Picture, layers: Layers, width: int, reason: str, *, colour: bool) -> list[str]:
    """Every step once, below the number of its layer: those of one layer run at the same time."""
    into: dict[str, list[Arrow]] = {}
    for arrow in picture.arrows:
        into.setdefault(arrow.target, []).append(arrow)
    lines = wrap(f"{one_line(picture.title)} ({reason}: layer by layer)", width)
    for number, row in enumerate(layers.rows):
        lines.append("")
        boxes = [picture.boxes[name] for name in row]
        if any(box.kind in (Kind.STEP, Kind.UNKNOWN) for box in boxes):
            lines.append(f"layer {number}")
        for box in boxes:
            lines += _entry(box, into.get(box.name, []), width, colour=colour)
    return lines


def call_text(box: Box, arrows: list[Arrow]) -> str:
    """A step as its call is written; the request and the answer in their own words."""
    if box.kind is Kind.STEP:
        ports = (
            f"{arrow.port}={'.'.join((arrow.source, *arrow.fields))}" for arrow in arrows if not arrow.is_condition
        )
        return one_line(f"{box.name}: {box.operator}({', '.join(ports)})")
    given = f": {arrows[0].source}" if arrows else f": {short(box.type)}" if box.type else ""
    return one_line(f"{box.kind.value if box.kind is not Kind.UNKNOWN else box.name}{given}")


def _entry(box: Box, arrows: list[Arrow], width: int, *, colour: bool) -> Iterator[str]:
    mark = CRITICAL if box.is_critical else CYCLIC if box.is_cyclic else " "
    head, *others = box_lines(box, sys.maxsize)
    said = [head.right, *(line.text for line in others if line.text not in (box.operator, short(box.type)))]
    words = [call_text(box, arrows), *(text for text in said if text)]
    for number, line in enumerate(_filled(words, width - 4)):
        text = f"{mark if number == 0 else ' '} {'  ' if number else ''}{line}"
        paint = _paint(box)
        yield f"\x1b[{paint.value}m{text}\x1b[0m" if colour and paint.value else text


def _filled(words: list[str], width: int) -> Iterator[str]:
    """Words with blanks between them, in lines of `width` cells; a word that is longer is broken."""
    line = ""
    for whole in words:
        word = whole
        while cells(word) > width:
            widest = width if word.isascii() else width // 2
            cut = max(word.rfind(sign, 0, widest) + 1 for sign in (",", "(", ":")) or widest
            if line:
                yield line
            line, word = word[:cut].rstrip(), word[cut:].lstrip()
        if line and cells(line) + 2 + cells(word) > width:
            yield line
            line = ""
        line = f"{line}  {word}" if line else word
    if line:
        yield line


def _paint(box: Box) -> Paint:
    if box.is_cyclic or box.kind is Kind.UNKNOWN:
        return Paint.WRONG
    return Paint.MARKED if box.is_critical else Paint.FAINT if box.is_unused else Paint.PLAIN
