"""The lines of one file that labels point at, with what points at them."""

from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple

from comb_compiler.diagnostics.lines import Lines
from comb_compiler.diagnostics.render._extent import Extent, Labelled, extent
from comb_compiler.diagnostics.render._margin import slots
from comb_compiler.diagnostics.render._marks import Canvas, Mark, rows_below
from comb_compiler.diagnostics.render._paint import Paint, Style
from comb_compiler.diagnostics.render._window import Focus, View, view
from comb_compiler.diagnostics.render.printable import printable, width

__all__ = ["ELISION", "Row", "excerpt"]

ELISION = "..."
_CONTEXT = 1
"""Unmarked lines that are shown before and after a marked one."""
_ONE_LINE_LABEL = 200
_LEAST_ROOM = 20


class Row(NamedTuple):
    """One printed row: what stands left of the bar (a line number, nothing, or an elision), and what right of it."""

    number: str
    body: str
    sign: str = "|"


class _Placed(NamedTuple):
    extent: Extent
    slot: int | None
    label: str
    primary: bool
    style: Style

    @property
    def tall(self) -> bool:
        """Whether it runs down the margin."""
        return self.slot is not None


def excerpt(lines: Lines, labelled: Sequence[Labelled], style: Style, room: int, paint: Paint) -> list[Row]:
    """Rows for all of `labelled`, which are in this one file; `style` is the primary label's. Never raises."""
    placed = _place(lines, tuple(dict.fromkeys(labelled)), style)
    drawing = _Drawing(lines, placed, room, paint)
    rows: list[Row] = []
    previous = 0
    for number in _numbers(lines, placed):
        if previous and number > previous + 1:
            rows.append(Row(ELISION, drawing.margin_between(previous, number), ""))
        rows.extend(drawing.line(number))
        previous = number
    return rows


def _place(lines: Lines, labelled: Sequence[Labelled], style: Style) -> list[_Placed]:
    extents = [extent(lines, item.label.span) for item in labelled]
    placed = []
    for item, found, slot in zip(labelled, extents, slots(extents), strict=True):
        shown = found if slot is not None or found.one_line else _first_line(lines, found)
        text = printable(item.label.text[:_ONE_LINE_LABEL]).replace("\n", " ")
        placed.append(_Placed(shown, slot, text, item.primary, style if item.primary else Style.FRAME))
    return placed


def _first_line(lines: Lines, tall: Extent) -> Extent:
    return Extent(tall.first, tall.start, tall.first, len(lines[tall.first]))


def _numbers(lines: Lines, placed: Sequence[_Placed]) -> list[int]:
    """The lines that are shown: the marked ones with their context; a gap of a single line is filled."""
    marked: set[int] = set()
    for item in placed:
        first, last = item.extent.first, item.extent.last
        marked.update((first, last) if item.extent.one_line else (first, first + 1, last))
    shown = set(marked)
    for number in marked:
        shown.update(_context(lines, number, marked))
    return sorted(shown | {number + 1 for number in shown if number + 2 in shown})


def _context(lines: Lines, number: int, marked: set[int]) -> Iterator[int]:
    near = (number + step for step in range(-_CONTEXT, _CONTEXT + 1) if step)
    for other in near:
        if 1 <= other <= len(lines) and other not in marked and lines[other].strip():
            yield other


class _Drawing:
    """Draws the lines of one excerpt."""

    def __init__(self, lines: Lines, placed: Sequence[_Placed], room: int, paint: Paint) -> None:
        self._lines = lines
        self._paint = paint
        self._short = [item for item in placed if not item.tall]
        self._tall = sorted((item for item in placed if item.tall), key=_slot)
        self._margin_width = 2 * (1 + max(map(_slot, self._tall), default=-1))
        self._room = max(room - self._margin_width, _LEAST_ROOM)

    def line(self, number: int) -> list[Row]:
        """The source line and all that points at it."""
        marked = [item for item in self._short if item.extent.first == number]
        seen = view(self._lines[number], self._focus(number, marked), self._room)
        running = [item for item in self._tall if self._runs_on(item, number)]
        pointed = marked or any(number in (item.extent.first, item.extent.last) for item in self._tall)
        source = seen.text if pointed else self._paint(Style.FAINT, seen.text)
        rows = [Row(str(number), self._source_margin(number, running) + source)]
        if marked:
            margin = self._margin(running)
            canvases = rows_below([_mark(item, seen) for item in marked], self._room)
            rows.extend(Row("", margin + canvas.painted(self._paint)) for canvas in canvases)
        rows.extend(self._ends(number, running, seen))
        rows.extend(self._beginnings(number, running, seen))
        return rows

    def margin_between(self, above: int, below: int) -> str:
        """The margin of an elision."""
        return self._margin([item for item in self._tall if item.extent.first <= above and below <= item.extent.last])

    def _runs_on(self, item: _Placed, number: int) -> bool:
        """Whether the margin of this source line has the item's line in it."""
        first = item.extent.first
        return first < number <= item.extent.last or (number == first and self._is_fresh(item))

    def _is_fresh(self, item: _Placed) -> bool:
        """Whether nothing stands before the item on its first line, so that `/` can begin it."""
        return not self._lines[item.extent.first][: item.extent.start].strip()

    def _source_margin(self, number: int, running: Sequence[_Placed]) -> str:
        return self._margin(running, {_slot(item) for item in running if item.extent.first == number})

    def _margin(self, running: Sequence[_Placed], beginning: Container[int] = ()) -> str:
        canvas = self._canvas(running)
        for item in running:
            if _slot(item) in beginning:
                canvas.draw(2 * _slot(item), "/", item.style)
        return canvas.painted(self._paint)

    def _canvas(self, running: Sequence[_Placed]) -> Canvas:
        canvas = Canvas()
        canvas.draw(0, " " * self._margin_width, Style.PLAIN)
        for item in running:
            canvas.draw(2 * _slot(item), "|", item.style)
        return canvas

    def _ends(self, number: int, running: list[_Placed], seen: View) -> Iterator[Row]:
        """A row for each tall item that ends here, the innermost first; they leave `running`."""
        for item in [item for item in reversed(running) if item.extent.last == number]:
            running.remove(item)
            yield self._hook(item, "|", running, max(seen.cell(item.extent.end) - 1, 0), item.label)

    def _beginnings(self, number: int, running: list[_Placed], seen: View) -> Iterator[Row]:
        """A row for each tall item that begins in the middle of this line; they join `running`."""
        for item in self._tall:
            if item.extent.first == number and item not in running:
                yield self._hook(item, " ", running, seen.cell(item.extent.start), "")
                running.append(item)

    def _hook(self, item: _Placed, edge: str, running: Sequence[_Placed], cell: int, label: str) -> Row:
        """The row that ties the item's margin to the cell where it begins or ends."""
        canvas = self._canvas(running)
        column = self._margin_width + cell
        begin = 2 * _slot(item)
        canvas.draw(begin, edge + "_" * (column - begin - 1), item.style)
        canvas.draw(column, f"{'^' if item.primary else '-'} {label}".rstrip(), item.style)
        return Row("", canvas.painted(self._paint))

    def _focus(self, number: int, marked: Sequence[_Placed]) -> list[Focus]:
        """What must be seen of a line, with room for the label that will stand beside what ends last."""
        last = max((item.extent.end for item in marked), default=0)
        focus = [_focus_of(item, beside=item.extent.end == last) for item in marked]
        for item in self._tall:
            if item.extent.first == number:
                focus.append(Focus(item.extent.start, item.extent.start + 1))
            if item.extent.last == number:
                focus.append(Focus(item.extent.end, item.extent.end, 1 + width(item.label)))
        return focus


def _slot(item: _Placed) -> int:
    return item.slot or 0


def _focus_of(item: _Placed, *, beside: bool) -> Focus:
    return Focus(item.extent.start, item.extent.end, 1 + width(item.label) if beside else 1)


def _mark(item: _Placed, seen: View) -> Mark:
    start, end = seen.cell(item.extent.start), seen.cell(item.extent.end)
    return Mark(start, max(end, start + 1), item.label, item.primary, item.style)
