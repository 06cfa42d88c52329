"""`Picture` → text for a terminal: boxes and wires, or a list where these do not fit."""

from textwrap import wrap
from typing import NamedTuple

from comb_compiler.graph.drawing.canvas import ASCII, Canvas, Paint, Pen
from comb_compiler.graph.drawing.geometry import Head, Layout, Placed, Segment
from comb_compiler.graph.drawing.layers import Layers, assign_layers
from comb_compiler.graph.drawing.layout import Style, lay_out
from comb_compiler.graph.drawing.legend import legend
from comb_compiler.graph.drawing.listing import list_layers
from comb_compiler.graph.drawing.model import Box, Kind, Picture
from comb_compiler.graph.drawing.network import network_size
from comb_compiler.graph.drawing.wording import MOST, Role, conditions, one_line

__all__ = ["MOST_STEPS", "Terminal", "draw_text"]

MOST_STEPS = 60
"""More steps are listed, not drawn: they would fill screens."""

_LARGEST = 600
_CUTS = (MOST, 24, 16)
"""Where lines in boxes are cut, so that the drawing fits."""


class Terminal(NamedTuple):
    """What the text is for: `width` in cells, whether it shows colour, and other characters than ASCII."""

    width: int = 80
    colour: bool = False
    unicode: bool = True


def draw_text(picture: Picture, terminal: Terminal, *, types: bool = False) -> str:
    """A drawing that fits, with the critical path and a legend below; a list by layers where none fits."""
    layers = assign_layers(picture)
    body, hidden = _drawn(picture, layers, terminal, types=types)
    lines = [*body, "", *legend(picture, terminal.width, hidden, colour=terminal.colour)]
    text = "\n".join(lines).rstrip("\n") + "\n"
    return text if terminal.unicode else text.translate(ASCII)


def _drawn(picture: Picture, layers: Layers, terminal: Terminal, *, types: bool) -> tuple[list[str], list[str]]:
    """The drawing or the list, and the conditions that it does not show whole."""
    steps = sum(box.kind is Kind.STEP for box in picture.boxes.values())
    if steps > MOST_STEPS or network_size(picture, layers) > _LARGEST:
        reason = f"more than {MOST_STEPS} steps are listed" if steps > MOST_STEPS else "too many wires to draw"
        return list_layers(picture, layers, terminal.width, reason, colour=terminal.colour), []
    for style, note in (
        *((Style(most, has_types=types), "") for most in _CUTS),
        (Style(is_brief=True, has_types=types), "names only"),
        (Style(is_brief=True, has_labels=False), "names only, without ports"),
    ):
        layout = lay_out(picture, layers, style)
        if layout.width <= terminal.width:
            said = f" ({note}: all does not fit {terminal.width} columns)" if note else ""
            title = wrap(one_line(picture.title) + said, terminal.width)
            hidden = conditions(picture.boxes.values(), 0 if style.is_brief else style.most)
            return [*title, "", *_paint(layout, terminal)], list(hidden)
    reason = f"a drawing does not fit {terminal.width} columns"
    return list_layers(picture, layers, terminal.width, reason, colour=terminal.colour), []


def _paint(layout: Layout, terminal: Terminal) -> list[str]:
    canvas = Canvas(layout.height)
    wrong = any(placed.box.is_cyclic for placed in layout.boxes)
    marked = Paint.WRONG if wrong else Paint.MARKED
    for segment in layout.segments:
        _draw_segment(canvas, segment, marked)
    for placed in layout.boxes:
        _draw_box(canvas, placed)
    for head in layout.heads:
        _draw_head(canvas, head, marked)

    return canvas.rows(colour=terminal.colour)


def _draw_segment(canvas: Canvas, segment: Segment, marked: Paint) -> None:
    pen = Pen(segment.is_marked, segment.is_dashed, marked if segment.is_marked else Paint.PLAIN)
    canvas.line(segment.net, (segment.column, segment.row), (segment.end_column, segment.end_row), pen)


def _draw_head(canvas: Canvas, head: Head, marked: Paint) -> None:
    canvas.write((head.column, head.row), "▲" if head.is_up else "▼", marked if head.is_marked else Paint.PLAIN)
    canvas.write((head.column + 2, head.row), head.label, Paint.LABEL)


def _draw_box(canvas: Canvas, placed: Placed) -> None:
    box = placed.box
    paint = _paint_of(box)
    pen = Pen(box.is_critical or box.is_cyclic, box.may_be_missing or box.kind is Kind.UNKNOWN, paint)
    is_round = box.kind in (Kind.REQUEST, Kind.ANSWER)
    canvas.frame((placed.left, placed.top), (placed.right, placed.bottom), pen, is_round=is_round)
    for number, line in enumerate(placed.lines, 1):
        row = placed.top + number
        words = Paint.NAME if line.role is Role.NAME and paint is Paint.PLAIN else paint
        canvas.write((placed.left + 2, row), line.text, Paint.LABEL if line.role is Role.NOTE else words)
        if line.right:
            canvas.write((placed.right - 1 - len(line.right), row), line.right, paint)


def _paint_of(box: Box) -> Paint:
    if box.is_cyclic or box.kind is Kind.UNKNOWN:
        return Paint.WRONG
    if box.is_critical:
        return Paint.MARKED
    return Paint.FAINT if box.is_unused else Paint.PLAIN
