"""Boxes → layers: each as far down as its longest way from the request.

The first step of the layered drawing of Sugiyama, Tagawa and Toda (1981); cycles are broken before, by turning back
edges around, as Gansner, Koutsofios, North and Vo (1993) do.
"""

from collections.abc import Mapping
from typing import NamedTuple

from comb_compiler.graph.drawing.cycles import backward_pairs
from comb_compiler.graph.drawing.model import ANSWER, Arrow, Kind, Picture

__all__ = ["Layers", "assign_layers"]


class Layers(NamedTuple):
    """The layer of each box, from 0 (the request) down without a gap, and the arrows that lead up: (source, target)."""

    depth: Mapping[str, int]
    backward: frozenset[tuple[str, str]]

    @property
    def rows(self) -> list[list[str]]:
        """The names by layer, in the picture's order."""
        rows: list[list[str]] = [[] for _ in range(max(self.depth.values()) + 1)]
        for name, depth in self.depth.items():
            rows[depth].append(name)
        return rows


def assign_layers(picture: Picture) -> Layers:
    """Every box below all that it waits for; the request alone at the top, the answer alone at the bottom."""
    following: dict[str, list[str]] = {name: [] for name in picture.boxes}
    for arrow in picture.arrows:
        following[arrow.source].append(arrow.target)
    backward = backward_pairs(following)
    depth = _longest(picture, _downward(picture.arrows, backward))
    if ANSWER in depth:
        depth[ANSWER] = 1 + max(other for name, other in depth.items() if name != ANSWER)
    return Layers(depth, backward)


def _downward(arrows: tuple[Arrow, ...], backward: frozenset[tuple[str, str]]) -> dict[str, list[str]]:
    """What lies below each box, back edges turned around."""
    below: dict[str, list[str]] = {}
    for arrow in arrows:
        is_backward = (arrow.source, arrow.target) in backward
        upper, lower = (arrow.target, arrow.source) if is_backward else (arrow.source, arrow.target)
        if upper != lower:
            below.setdefault(upper, []).append(lower)
    return below


def _longest(picture: Picture, below: Mapping[str, list[str]]) -> dict[str, int]:
    waiting = dict.fromkeys(picture.boxes, 0)
    for lowers in below.values():
        for lower in lowers:
            waiting[lower] += 1
    depth = {name: 0 if box.kind is Kind.REQUEST else 1 for name, box in picture.boxes.items()}
    ready = [name for name, count in waiting.items() if count == 0]
    while ready:
        name = ready.pop()
        for lower in below.get(name, ()):
            depth[lower] = max(depth[lower], depth[name] + 1)
            waiting[lower] -= 1
            if waiting[lower] == 0:
                ready.append(lower)
    return depth
