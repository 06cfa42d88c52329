"""Columns that the author lined up: values beside each other, and the comments behind them.

What is aligned is seen from blanks that nobody types by chance. Both rules find, in what they have aligned, the same
columns again.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from comb_compiler.source.formatting.lines import Line

__all__ = ["Cell", "blanks_before_values", "with_remarks"]

_REMARK_GAP = 2
_TOLERANCE = 2
"""Comments whose columns differ by no more are meant to stand in one: one made by hand slips when a line is edited."""


class Cell(NamedTuple):
    """An entry of a mapping: the width of its key, and where the author began the value, counted from the key.

    `gap` is how many blanks stood before the value; `is_alone` says that the entry goes over several lines.
    """

    width: int
    offset: int
    gap: int
    is_alone: bool
    begins_paragraph: bool


def blanks_before_values(cells: Sequence[Cell]) -> list[int]:
    """How many blanks stand between each colon and its value.

    Consecutive entries of one line each are a table, all values in one column, if most keys that are shorter than the
    longest were padded that far. Within other entries, neighbours whose values shared a column keep doing so.
    """
    return [blanks for run in _runs(cells) for blanks in _blanks_of_run(run)]


def _runs(cells: Sequence[Cell]) -> Iterator[list[Cell]]:
    run: list[Cell] = []
    for cell in cells:
        if run and (cell.is_alone or cell.begins_paragraph or run[-1].is_alone):
            yield run
            run = []
        run.append(cell)
    if run:
        yield run


def _blanks_of_run(run: list[Cell]) -> list[int]:
    longest = max(cell.width for cell in run)
    shorter = [cell for cell in run if cell.width < longest]
    padded = [cell for cell in shorter if cell.offset >= longest + 2]
    if len(padded) * 2 > len(shorter):
        return _aligned(run)
    groups = (list(group) for _, group in groupby(run, key=lambda cell: cell.offset))
    return [blanks for group in groups for blanks in _blanks_of_neighbours(group)]


def _blanks_of_neighbours(group: list[Cell]) -> list[int]:
    return _aligned(group) if any(cell.gap > 1 for cell in group) else [1] * len(group)


def _aligned(cells: list[Cell]) -> list[int]:
    longest = max(cell.width for cell in cells)
    return [longest - cell.width + 1 for cell in cells]


def with_remarks(lines: Sequence[Line]) -> Iterator[str]:
    """The lines as text. A remark stands two blanks behind its line, or in one column with others of its paragraph."""
    for is_blank, group in groupby(lines, key=lambda line: not line.text):
        paragraph = list(group)
        columns = {} if is_blank else _remark_columns(paragraph)
        for line in paragraph:
            yield line.text if line.remark is None else _with_remark(line, columns.get(line.remark.column, 0))


def _with_remark(line: Line, column: int) -> str:
    assert line.remark is not None
    return line.text.ljust(max(column, len(line.text) + _REMARK_GAP)) + line.remark.text


def _remark_columns(paragraph: Sequence[Line]) -> dict[int, int]:
    """Where remarks come to stand, by where they stood; those that nothing aligns are left out."""
    remarks = [(line.remark, len(line.text)) for line in paragraph if line.remark is not None]
    padded = sorted({remark.column for remark, _ in remarks if remark.blanks > _REMARK_GAP})
    clusters: list[tuple[int, list[int]]] = []
    for cluster in _close_together(padded):
        ends = [end for remark, end in remarks if remark.column in cluster]
        if len(ends) > 1:
            clusters.append((max(ends) + _REMARK_GAP, cluster))
    return _united(sorted(clusters))


def _close_together(columns: list[int]) -> Iterator[list[int]]:
    cluster = columns[:1]
    for earlier, later in pairwise(columns):
        if later - earlier > _TOLERANCE:
            yield cluster
            cluster = []
        cluster.append(later)
    if cluster:
        yield cluster


def _united(clusters: list[tuple[int, list[int]]]) -> dict[int, int]:
    """Clusters that would stand too close together are one, in the column of the rightmost."""
    columns: dict[int, int] = {}
    rightmost: int | None = None
    for column, cluster in reversed(clusters):
        rightmost = column if rightmost is None or rightmost - column > _TOLERANCE else rightmost
        columns |= dict.fromkeys(cluster, rightmost)
    return columns
