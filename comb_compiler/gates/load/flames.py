"""Stacks that were seen while a service was loaded → a flame graph: where its time goes, function by function.

The picture is Brendan Gregg's ("The Flame Graph", Communications of the ACM 2016): a box is as wide as it was
often seen, and stands on who called it.
"""

from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Box", "Flame", "flame_of"]

_NARROWEST = 0.002
_DEEPEST = 60
_LONGEST = 120


class Box(NamedTuple):
    """A function on a stack: its name, how deep, and from where to where as shares of all that was seen."""

    name: str
    depth: int
    start: float
    width: float


class Flame(NamedTuple):
    """Boxes of so many stacks, those that are too narrow to be seen left out; or `why` there are none."""

    samples: int = 0
    boxes: tuple[Box, ...] = ()
    why: str = ""


class _Node:
    def __init__(self) -> None:
        self.count = 0
        self.below: dict[str, _Node] = {}


def flame_of(folded: str) -> Flame:
    """Of stacks, one a line, as `main;work;spin 12`: callers first, then how often. Other lines are none."""
    root = _Node()
    for line in folded.split("\n"):
        stack, _, count = line.rpartition(" ")
        if not stack or not count.isdecimal():
            continue
        node = root
        node.count += int(count)
        for name in stack.split(";")[:_DEEPEST]:
            node = node.below.setdefault(name[:_LONGEST], _Node())
            node.count += int(count)
    if not root.count:
        return Flame(why="nothing was seen of it")
    return Flame(root.count, tuple(_boxes(root, 0, 0.0, root.count)))


def _boxes(node: _Node, depth: int, start: float, of: int) -> Iterator[Box]:
    for name, below in sorted(node.below.items()):
        width = below.count / of
        if width >= _NARROWEST:
            yield Box(name, depth, round(start, 5), round(width, 5))
            yield from _boxes(below, depth + 1, start, of)
        start += width
