"""The order of nodes within their layers, so that few wires cross.

Layer by layer, down and up again, nodes are sorted by the median of their neighbours in the layer before (Eades and
Wormald 1994), and neighbours are swapped where that helps, as in Gansner, Koutsofios, North and Vo (1993); the best
order that was met is kept. Ties keep the order there was, so that the same graph has the same drawing.
"""

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from itertools import pairwise

__all__ = ["Neighbours", "count_crossings", "order_rows"]

Neighbours = Mapping[int, Sequence[int]]
"""The nodes of the next layer that each node has a wire to; a node without is not there."""

Rows = list[list[int]]

_SWEEPS = 8
_SWAPS = 4


def order_rows(rows: Rows, above: Neighbours, below: Neighbours) -> Rows:
    """The rows, each sorted anew; `above` and `below` are the wires of each node, by its direction."""
    rows = [list(row) for row in rows]
    best, fewest = [list(row) for row in rows], count_crossings(rows, below)
    for sweep in range(_SWEEPS):
        if fewest == 0:
            break
        down = sweep % 2 == 0
        for number in range(1, len(rows)) if down else range(len(rows) - 2, -1, -1):
            fixed = rows[number - 1] if down else rows[number + 1]
            rows[number] = _sorted_by_median(rows[number], fixed, above if down else below)
        _swap(rows, above, below)
        crossings = count_crossings(rows, below)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return best


def count_crossings(rows: Rows, below: Neighbours) -> int:
    """How many pairs of wires cross between the layers, each wire taken as a straight line."""
    crossings = 0
    for upper, lower in pairwise(rows):
        position = {node: number for number, node in enumerate(lower)}
        seen: list[int] = []
        for node in upper:
            ends = sorted(position[other] for other in below.get(node, ()))
            crossings += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return crossings


def _sorted_by_median(row: list[int], fixed: list[int], neighbours: Neighbours) -> list[int]:
    """Sorted by the medians; nodes without neighbours stay where they are."""
    position = {node: number for number, node in enumerate(fixed)}
    medians = {node: _median(sorted(position[one] for one in neighbours[node])) for node in row if node in neighbours}
    movable = iter(sorted(medians, key=lambda node: medians[node]))
    return [next(movable) if node in medians else node for node in row]


def _median(positions: list[int]) -> float:
    middle = len(positions) // 2
    return positions[middle] if len(positions) % 2 else (positions[middle - 1] + positions[middle]) / 2


def _swap(rows: Rows, above: Neighbours, below: Neighbours) -> None:
    """Swap neighbours as long as crossings vanish by it."""
    for _ in range(_SWAPS):
        swapped = False
        for number, row in enumerate(rows):
            ranks = []
            if number > 0:
                ranks.append(_ranks(row, rows[number - 1], above))
            if number + 1 < len(rows):
                ranks.append(_ranks(row, rows[number + 1], below))
            for place in range(len(row) - 1):
                left, right = row[place], row[place + 1]
                before = sum(_crossed(one[left], one[right]) for one in ranks)
                if before and sum(_crossed(one[right], one[left]) for one in ranks) < before:
                    row[place], row[place + 1] = right, left
                    swapped = True
        if not swapped:
            return


def _ranks(row: list[int], other: list[int], neighbours: Neighbours) -> dict[int, list[int]]:
    """Where in the row `other` each node's wires end."""
    position = {node: number for number, node in enumerate(other)}
    return {node: sorted(position[end] for end in neighbours.get(node, ())) for node in row}


def _crossed(left: Sequence[int], right: Sequence[int]) -> int:
    """How many wires of two neighbours cross: those that end further right than one of the right neighbour's."""
    return sum(len(left) - bisect_right(left, end) for end in right)
