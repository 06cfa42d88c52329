"""Where in its layer each node stands: near its neighbours, and not on another.

For one layer, with the others fixed, the places nearest (in the sum of weighted squares) to where each node would like
to be, in the given order and with the given distances, are an isotonic regression, which pooling adjacent violators
(Ayer et al. 1955) solves exactly. Sweeps down and up repeat that until the drawing has settled.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

__all__ = ["Wire", "place_nodes", "spread"]

_SWEEPS, _LAST, _NUDGES = 13, 4, 4
_BEND = 4
"""What a bend costs, in cells that a wire runs aside."""

_RAIL, _HALF_RAIL, _BOX = 8, 3, 1
"""How straight a wire should be: between rails more than between boxes (Gansner et al. 1993)."""


class Wire(NamedTuple):
    """A wire between neighbouring layers: how far from the left ends of its nodes it leaves, and may enter."""

    upper: int
    lower: int
    leaves: int
    least: int
    most: int


class _Pull(NamedTuple):
    """A wire to `node` is straight where one stands from `least` to `most` cells further right than that."""

    node: int
    least: int
    most: int
    weight: int


class _Wish(NamedTuple):
    at: float
    weight: float


_Pulls = Mapping[int, Sequence[_Pull]]


def spread(wishes: Sequence[float], distances: Sequence[int], weights: Sequence[float]) -> list[int]:
    """Whole numbers near `wishes` of which each is at least its distance beyond the one before it.

    `distances` is one shorter than `wishes`.
    """
    offsets = [0]
    for distance in distances:
        offsets.append(offsets[-1] + distance)
    pools: list[tuple[float, float, int]] = []
    for wish, offset, weight in zip(wishes, offsets, weights, strict=True):
        total, mass, count = (wish - offset) * weight, weight, 1
        while pools and pools[-1][0] * mass >= total * pools[-1][1]:
            earlier = pools.pop()
            total, mass, count = total + earlier[0], mass + earlier[1], count + earlier[2]
        pools.append((total, mass, count))
    bases = [round(total / mass) for total, mass, count in pools for _ in range(count)]
    return [base + offset for base, offset in zip(bases, offsets, strict=True)]


def place_nodes(
    rows: Sequence[Sequence[int]], widths: Sequence[int], wires: Sequence[Wire], start: Sequence[int] = ()
) -> list[int]:
    """The left end of each node, the smallest being 0; a node of width 1 is a rail. `start` is where they stand now."""
    above: dict[int, list[_Pull]] = {}
    below: dict[int, list[_Pull]] = {}
    for wire in wires:
        weight = (_BOX, _HALF_RAIL, _RAIL)[(widths[wire.upper] == 1) + (widths[wire.lower] == 1)]
        least, most = wire.least - wire.leaves, wire.most - wire.leaves
        below.setdefault(wire.upper, []).append(_Pull(wire.lower, least, most, weight))
        above.setdefault(wire.lower, []).append(_Pull(wire.upper, -most, -least, weight))
    distances = [[_distance(widths[one], widths[next_one]) for one, next_one in pairwise(row)] for row in rows]
    lefts = list(start) or _packed(rows, distances, len(widths))
    for sweep in range(_SWEEPS):
        is_down = sweep % 2 == 0
        both = bool(start) or sweep >= _SWEEPS - _LAST
        sides = (above, below) if both else (above,) if is_down else (below,)
        for number in range(len(rows)) if is_down else range(len(rows) - 1, -1, -1):
            _place_row(rows[number], distances[number], lefts, sides)
    for sweep in range(_NUDGES):
        for number in range(len(rows)) if sweep % 2 else range(len(rows) - 1, -1, -1):
            _nudge(rows[number], distances[number], lefts, (above, below))
    least = min(lefts, default=0)
    return [left - least for left in lefts]


def _distance(width: int, next_width: int) -> int:
    """From the left end of a node to that of the next: two cells are between them, one between rails."""
    return width + (1 if width == next_width == 1 else 2)


def _packed(rows: Sequence[Sequence[int]], distances: Sequence[Sequence[int]], count: int) -> list[int]:
    lefts = [0] * count
    for row, apart in zip(rows, distances, strict=True):
        for node, left in zip(row, spread([0.0] * len(row), apart, [1.0] * len(row)), strict=True):
            lefts[node] = left
    return lefts


def _place_row(row: Sequence[int], distances: Sequence[int], lefts: list[int], sides: Sequence[_Pulls]) -> None:
    wishes = [_wish(node, lefts, sides) for node in row]
    placed = spread([wish.at for wish in wishes], distances, [wish.weight for wish in wishes])
    for node, left in zip(row, placed, strict=True):
        lefts[node] = left


def _wish(node: int, lefts: list[int], sides: Sequence[_Pulls]) -> _Wish:
    """Where the bends of its wires are least in sum: at a weighted median, which makes some of them straight.

    Where many places are as good, it is the middle of them.
    """
    pulls = [pull for side in sides for pull in side.get(node, ())]
    if not pulls:
        return _Wish(float(lefts[node]), 0.1)
    ends = sorted((lefts[pull.node] + end, pull.weight) for pull in pulls for end in (pull.least, pull.most))
    mass = sum(weight for _, weight in ends)
    passed = 0
    for number, (at, weight) in enumerate(ends):
        passed += weight
        if 2 * passed >= mass:
            following = ends[number + 1][0] if 2 * passed == mass else at
            return _Wish((at + following) / 2, mass / 2)
    raise AssertionError


def _nudge(row: Sequence[int], distances: Sequence[int], lefts: list[int], sides: Sequence[_Pulls]) -> None:
    """Move each node alone, where that saves bends and there is room beside it."""
    for place, node in enumerate(row):
        pulls = [pull for side in sides for pull in side.get(node, ())]
        ends = {lefts[pull.node] + end for pull in pulls for end in (pull.least, pull.most)}
        least = lefts[row[place - 1]] + distances[place - 1] if place > 0 else min((lefts[node], *ends))
        most = lefts[row[place + 1]] - distances[place] if place + 1 < len(row) else max((lefts[node], *ends))
        possible = {lefts[node]} | {end for end in ends if least <= end <= most}
        lefts[node] = min(possible, key=lambda at: (_cost(at, pulls, lefts), abs(at - lefts[node]), at))


def _cost(left: int, pulls: Sequence[_Pull], lefts: Sequence[int]) -> int:
    total = 0
    for pull in pulls:
        aside = max(lefts[pull.node] + pull.least - left, left - lefts[pull.node] - pull.most, 0)
        total += (aside + _BEND) * pull.weight if aside else 0
    return total
