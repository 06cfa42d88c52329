"""Extents of several lines are drawn as a line down the left margin; here each gets its column."""

from collections.abc import Sequence

from comb_compiler.diagnostics.render._extent import Extent

__all__ = ["slots"]

_SLOTS = 4


def slots(extents: Sequence[Extent]) -> list[int | None]:
    """For each extent its column, the outermost leftmost; two that share a line never share a column.

    None for an extent of one line, and for those that would be the fifth beside each other.
    """
    busy: list[int] = []
    found: dict[Extent, int | None] = {}
    for item in sorted({item for item in extents if not item.one_line}, key=lambda item: (item.first, -item.last)):
        free = next((slot for slot, last in enumerate(busy) if last < item.first), len(busy))
        if free == _SLOTS:
            continue
        busy[free : free + 1] = [item.last]
        found[item] = free
    return [found.get(item) for item in extents]
