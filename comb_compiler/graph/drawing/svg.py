"""`Picture` → SVG: the layout of the terminal's drawing, with larger cells.

One file that needs no other: no script, no font, no image. Text is set in a monospace font, whose letters are as wide
as a cell, so that it stays in its box. Colours follow the reader's light or dark mode.
"""

import textwrap
from collections.abc import Iterator
from itertools import pairwise

from comb_compiler.graph.drawing.curves import draw_wires
from comb_compiler.graph.drawing.geometry import Head, Layout, Placed
from comb_compiler.graph.drawing.layers import Layers, assign_layers
from comb_compiler.graph.drawing.layout import Style, lay_out
from comb_compiler.graph.drawing.markup import CELL, STYLE, escaped, middle, text_at
from comb_compiler.graph.drawing.model import ANSWER, Arrow, Box, Kind, Picture
from comb_compiler.graph.drawing.network import network_size
from comb_compiler.graph.drawing.wording import conditions, one_line, summary
from comb_compiler.graph.model import REQUEST

__all__ = ["MOST_STEPS", "draw_svg"]

MOST_STEPS = 300
"""Of a graph with more steps, or with too many wires, only the layers are drawn."""

_LARGEST = 2_000
_MOST_TOLD = 60
"""Of a graph with more steps the conditions that are too long for a box are not told below."""
_MOST_LAYERS = 40
_MARGIN = 2
_LEAST_WIDTH = 60


def draw_svg(picture: Picture, *, types: bool = False) -> str:
    """A picture of every step, or of the layers alone where there are more than can be looked at."""
    layers = assign_layers(picture)
    steps = sum(box.kind is Kind.STEP for box in picture.boxes.values())
    captions = list(summary(picture.path))
    if steps <= _MOST_TOLD:
        captions += conditions(picture.boxes.values())
    if steps > MOST_STEPS or network_size(picture, layers) > _LARGEST:
        captions.append(f"{steps} steps are too many to draw each: these are the layers from the request down")
        picture = _by_layers(picture, layers)
        layers = assign_layers(picture)
    layout = lay_out(picture, layers, Style(has_types=types))
    return "\n".join((*_document(picture.title, layout, captions), ""))


def _by_layers(picture: Picture, layers: Layers) -> Picture:
    """A picture of the layers; where these are too many too, of some at a time."""
    rows = [row for row in layers.rows if row not in ([REQUEST], [ANSWER])]
    together = -(-len(rows) // _MOST_LAYERS)
    boxes = [picture.boxes[REQUEST]]
    for start in range(0, len(rows), together):
        some = rows[start : start + together]
        boxes.append(_summed_up(start + 1, start + len(some), [name for row in some for name in row]))
    boxes += [picture.boxes[ANSWER]] if ANSWER in picture.boxes else []
    arrows = tuple(Arrow(upper.name, lower.name) for upper, lower in pairwise(boxes))
    return picture._replace(boxes={box.name: box for box in boxes}, arrows=arrows)


def _summed_up(first: int, last: int, names: list[str]) -> Box:
    title = f"layer {first}" if first == last else f"layers {first} to {last}"
    count = f"{len(names)} step{'s' if len(names) != 1 else ''}"
    return Box(title, operator=count, model=", ".join(names[:3]) + (", …" if len(names) > 3 else ""))


def _document(title: str, layout: Layout, captions: list[str]) -> Iterator[str]:
    columns = max(layout.width, _LEAST_WIDTH, len(title))
    lines = [line for caption in captions for line in textwrap.wrap(one_line(caption), columns, subsequent_indent="  ")]
    width, height = (columns + 2 * _MARGIN) * CELL[0], (layout.height + len(lines) + 5) * CELL[1]
    steps = sum(placed.box.kind is Kind.STEP for placed in layout.boxes)
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    yield '  role="img" aria-labelledby="title description">'
    yield f'<title id="title">{escaped(one_line(title))}</title>'
    said = " ".join((f"A graph of {steps} box{'es' if steps != 1 else ''}.", *map(str.strip, lines)))
    yield f'<desc id="description">{escaped(said)}</desc>'
    yield f"<style>{STYLE}</style>"
    yield '<rect class="paper" width="100%" height="100%"/>'
    yield text_at(_MARGIN, 1, title, "heading")
    shift = (_MARGIN + (columns - layout.width) // 2) * CELL[0], 3 * CELL[1]
    yield f'<g transform="translate({shift[0]} {shift[1]})">'
    wrong = any(placed.box.is_cyclic for placed in layout.boxes)
    yield from draw_wires(layout.segments, "wrong" if wrong else "critical")
    for head in layout.heads:
        yield from _head(head, "wrong" if wrong else "critical")
    for placed in layout.boxes:
        yield from _box(placed)
    yield "</g>"
    for number, line in enumerate(lines):
        yield text_at(_MARGIN, layout.height + 4 + number, line, "caption")
    yield "</svg>"


def _head(head: Head, marked: str) -> Iterator[str]:
    x, y = middle(head.column, head.row)
    tip = y - CELL[1] if head.is_up else y + CELL[1]
    back = tip + 9 if head.is_up else tip - 9
    name = f"head {marked}" if head.is_marked else "head"
    yield f'<path class="{name.replace("head", "wire")}" d="M{x} {y} V{back}"/>'
    yield f'<path class="{name}" d="M{x} {tip} L{x - 4} {back} H{x + 4} Z"/>'
    if head.label:
        yield text_at(head.column + 1.5, head.row, head.label, "label")


def _box(placed: Placed) -> Iterator[str]:
    box = placed.box
    (x, y), (right, bottom) = middle(placed.left, placed.top), middle(placed.right, placed.bottom)
    radius = 14 if box.kind in (Kind.REQUEST, Kind.ANSWER) else 4
    yield f'<g class="{" ".join(_classes(box))}">'
    if box.kind is Kind.STEP:
        yield f"<title>{escaped(one_line(_told(box)))}</title>"
    yield f'<rect x="{x}" y="{y}" width="{right - x}" height="{bottom - y}" rx="{radius}"/>'
    for number, line in enumerate(placed.lines, 1):
        yield text_at(placed.left + 2, placed.top + number, line.text, line.role.value)
        if line.right:
            yield text_at(placed.right - 1, placed.top + number, line.right, "timeout")
    yield "</g>"


def _told(box: Box) -> str:
    """What is said of a step where the pointer rests: what the box has no room for."""
    parts = [f"calls {box.operator}", f"gives {box.type}" if box.type else "", f"when {box.when}" if box.when else ""]
    return "; ".join(part for part in parts if part)


def _classes(box: Box) -> list[str]:
    is_wrong = box.is_cyclic or box.kind is Kind.UNKNOWN
    is_missing = box.may_be_missing or box.kind is Kind.UNKNOWN
    holds = {"critical": box.is_critical, "wrong": is_wrong, "missing": is_missing, "unused": box.is_unused}
    return ["box", *(word for word, is_so in holds.items() if is_so)]
