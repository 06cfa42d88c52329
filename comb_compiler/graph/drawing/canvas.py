"""Cells of a terminal: lines that meet, cross and join, and text, each with its paint."""

from enum import Enum
from itertools import groupby
from typing import NamedTuple

from comb_compiler.diagnostics.render.printable import show

__all__ = ["ASCII", "Canvas", "Paint", "Pen"]

_JOINTS = " ╴╸╷┐┑╻┒┓╶─╾┌┬┭┎┰┱╺╼━┍┮┯┏┲┳╵┘┙│┤┥╽┧┪└┴┵├┼┽┟╁╅┕┶┷┝┾┿┢╆╈╹┚┛╿┦┩┃┨┫┖┸┹┞╀╃┠╂╉┗┺┻┡╄╇┣╊╋"
"""What is drawn by the weights (0, 1 light, 2 heavy) of the lines up, right, down and left, as a number in base 3."""

_DASHED = {"─": "┄", "━": "┅", "│": "┆", "┃": "┇"}
_ROUND = {"┌": "╭", "┐": "╮", "└": "╰", "┘": "╯"}
_LIGHT = "╴╷┐╶┌┬╵┘┤└┴├┼╭╮╰╯"

ASCII = str.maketrans(_JOINTS.strip(), "#" * (len(_JOINTS) - 1))
ASCII |= str.maketrans(_LIGHT, "+" * len(_LIGHT))
ASCII |= str.maketrans("─│━┃┄┆┅┇▼▲●↻→…", "-|=#.:=#v^*@>~")
"""The drawing's characters where there is only ASCII."""


class Paint(Enum):
    """What colours say; the value is the terminal's code."""

    PLAIN = ""
    NAME = "1"
    FAINT = "2"
    MARKED = "1;33"
    WRONG = "1;31"
    LABEL = "36"


class Pen(NamedTuple):
    """How a line is drawn."""

    is_heavy: bool = False
    is_dashed: bool = False
    paint: Paint = Paint.PLAIN


class _Lines(NamedTuple):
    """What one wire draws in a cell: the weights up, right, down and left."""

    weights: tuple[int, int, int, int]
    is_dashed: bool
    paint: Paint

    def joined(self, other: "_Lines") -> "_Lines":
        weights = tuple(max(pair) for pair in zip(self.weights, other.weights, strict=True))
        heavier = other if max(other.weights) > max(self.weights) else self
        return _Lines(weights, self.is_dashed and other.is_dashed, heavier.paint)  # type: ignore[arg-type]


_UP, _RIGHT, _DOWN, _LEFT = range(4)
_FRAME = -1


class Canvas:
    """A sheet on which wires are drawn by their number, frames around boxes, and text over both."""

    def __init__(self, height: int) -> None:
        self._lines: list[dict[int, dict[int, _Lines]]] = [{} for _ in range(height)]
        self._texts: list[dict[int, tuple[str, Paint]]] = [{} for _ in range(height)]
        self._round: set[tuple[int, int]] = set()

    def line(self, wire: int, at: tuple[int, int], to: tuple[int, int], pen: Pen) -> None:
        """Draw from the middle of one cell (column, row) to that of another, to the right or down."""
        (column, row), (end_column, end_row) = at, to
        for one in range(column, end_column):
            self._add(wire, one, row, _RIGHT, pen)
            self._add(wire, one + 1, row, _LEFT, pen)
        for one in range(row, end_row):
            self._add(wire, column, one, _DOWN, pen)
            self._add(wire, column, one + 1, _UP, pen)

    def frame(self, at: tuple[int, int], to: tuple[int, int], pen: Pen, *, is_round: bool = False) -> None:
        """Draw a frame; a line that begins on it is joined to it."""
        (left, top), (right, bottom) = at, to
        for row in (top, bottom):
            self.line(_FRAME, (left, row), (right, row), pen)
        for column in (left, right):
            self.line(_FRAME, (column, top), (column, bottom), pen)
        if is_round:
            self._round |= {(column, row) for column in (left, right) for row in (top, bottom)}

    def write(self, at: tuple[int, int], text: str, paint: Paint = Paint.PLAIN) -> None:
        """Write a text that is safe to print."""
        column, row = at
        shown = show(text)
        for piece, start in zip(shown.pieces, shown.columns, strict=False):
            self._texts[row][column + start] = (piece, paint)

    def rows(self, *, colour: bool) -> list[str]:
        """The sheet, row by row."""
        return [_painted(self._cells(row), colour=colour) for row in range(len(self._lines))]

    def _add(self, wire: int, column: int, row: int, direction: int, pen: Pen) -> None:
        cell = self._lines[row].setdefault(column, {})
        weight = 2 if pen.is_heavy else 1
        weights = tuple(weight if one == direction else 0 for one in range(4))
        added = _Lines(weights, pen.is_dashed, pen.paint)  # type: ignore[arg-type]
        cell[wire] = cell[wire].joined(added) if wire in cell else added

    def _cells(self, row: int) -> list[tuple[str, Paint]]:
        lines, texts = self._lines[row], self._texts[row]
        cells: list[tuple[str, Paint]] = []
        column, end = 0, max((*lines, *texts), default=-1)
        while column <= end:
            text, paint = texts.get(column) or self._drawn(lines.get(column), (column, row))
            cells.append((text, paint))
            column += max(1, show(text).columns[-1])
        return cells

    def _drawn(self, cell: dict[int, _Lines] | None, at: tuple[int, int]) -> tuple[str, Paint]:
        if not cell:
            return " ", Paint.PLAIN
        lines = _on_top(cell)
        number = 0
        for weight in lines.weights:
            number = number * 3 + weight
        character = _JOINTS[number]
        if lines.is_dashed:
            character = _DASHED.get(character, character)
        return _ROUND.get(character, character) if at in self._round else character, lines.paint


def _on_top(cell: dict[int, _Lines]) -> _Lines:
    """What is seen of wires that share a cell: what touches a frame joins it, and of two that cross, one is below."""
    if _FRAME in cell:
        first, *others = cell.values()
        for other in others:
            first = first.joined(other)
        return first
    return max(cell.values(), key=lambda lines: (max(lines.weights), lines.weights[_UP]))


def _painted(cells: list[tuple[str, Paint]], *, colour: bool) -> str:
    if not colour:
        return "".join(text for text, _ in cells).rstrip()
    parts: list[str] = []
    for paint, run in groupby(cells, key=lambda cell: cell[1]):
        text = "".join(character for character, _ in run)
        parts.append(f"\x1b[{paint.value}m{text}\x1b[0m" if paint.value and text.strip() else text)
    return "".join(parts).rstrip()
