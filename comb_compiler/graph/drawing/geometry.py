"""What a layout says: boxes, wires and arrow heads, in cells of a terminal. SVG draws the same with larger cells."""

from typing import NamedTuple

from comb_compiler.graph.drawing.model import Box
from comb_compiler.graph.drawing.wording import Line

__all__ = ["Head", "Layout", "Placed", "Segment"]


class Placed(NamedTuple):
    """A box with its lines; the border is part of it: the text has `width - 4` by `height - 2` cells."""

    box: Box
    lines: tuple[Line, ...]
    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The column of its right border."""
        return self.left + self.width - 1

    @property
    def bottom(self) -> int:
        """The row of its lower border."""
        return self.top + self.height - 1


class Segment(NamedTuple):
    """A straight piece of the wire `net`, from the middle of one cell to that of another, to the right or down."""

    net: int
    column: int
    row: int
    end_column: int
    end_row: int
    is_marked: bool = False
    is_dashed: bool = False


class Head(NamedTuple):
    """An arrow head, and what is written to the right of it."""

    column: int
    row: int
    label: str
    is_up: bool = False
    is_marked: bool = False


class Layout(NamedTuple):
    """A drawing: every box once, none on another, no two wires on one another."""

    boxes: tuple[Placed, ...]
    segments: tuple[Segment, ...]
    heads: tuple[Head, ...]
    width: int
    height: int
