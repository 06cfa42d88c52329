"""Where wires leave and enter boxes."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from comb_compiler.diagnostics.render.printable import width
from comb_compiler.graph.drawing.coordinates import spread
from comb_compiler.graph.drawing.network import Network

__all__ = ["Labels", "Pins", "find_pins", "room_for"]

Labels = Mapping[tuple[int, int], str]
"""What stands beside the arrow head of a net at a node; only where there is something."""


class Pins(NamedTuple):
    """The columns in which nets leave nodes, and in which they enter them, by node and net.

    `room`: from where to where they could enter, counted from the node's left end.
    """

    leaving: dict[tuple[int, int], int]
    entering: dict[tuple[int, int], int]
    room: dict[tuple[int, int], tuple[int, int]]


def room_for(labels: Sequence[str]) -> int:
    """The width of a box on whose border wires with these labels stand side by side."""
    return sum(_slots(labels)) + 1


def find_pins(network: Network, lefts: Sequence[int], widths: Sequence[int], labels: Labels) -> Pins:
    """The pins of all nodes: a wire enters as near as possible to the column that it comes from."""
    pins = Pins({}, {}, {})
    for threads in network.gaps:
        by_upper: dict[int, list[int]] = {}
        by_lower: dict[int, list[int]] = {}
        for thread in threads:
            by_upper.setdefault(thread.upper, []).append(thread.net)
            for lower in thread.lowers:
                by_lower.setdefault(lower.node, []).append(thread.net)
        source: dict[int, int] = {}
        for node, nets in by_upper.items():
            for net, column in zip(nets, _out_columns(node, nets, lefts, widths, labels), strict=True):
                pins.leaving[node, net] = source[net] = column
        for node, nets in by_lower.items():
            nets.sort(key=lambda net: source[net])
            room = _room(widths[node], [labels.get((node, net), "") for net in nets])
            columns = _in_columns(lefts[node], room, [source[net] for net in nets])
            for net, column, ends in zip(nets, columns, room, strict=True):
                pins.entering[node, net] = column
                pins.room[node, net] = ends
    return pins


def _slots(labels: Sequence[str]) -> list[int]:
    """The cells that each wire takes, with its label and a blank."""
    return [2 + (width(label) + 1 if label else 0) for label in labels]


def _out_columns(
    node: int, nets: Sequence[int], lefts: Sequence[int], widths: Sequence[int], labels: Labels
) -> list[int]:
    if len(nets) == 1:
        return [lefts[node] + (widths[node] - 1) // 2]
    columns, column = [], lefts[node] + 1
    for slot in _slots([labels.get((node, net), "") for net in nets]):
        columns.append(column)
        column += slot
    return columns


def _room(wide: int, labels: Sequence[str]) -> list[tuple[int, int]]:
    """From where to where each wire may enter, so that there is room for the labels before and after it."""
    if wide == 1:
        return [(0, 0)]
    slots = _slots(labels)
    return [(1 + sum(slots[:number]), wide - sum(slots[number:])) for number in range(len(slots))]


def _in_columns(left: int, room: Sequence[tuple[int, int]], wanted: Sequence[int]) -> list[int]:
    """As near to the wanted columns as there is room; those wanted go up from the left."""
    distances = [following[0] - one[0] for one, following in pairwise(room)]
    columns = spread([float(column) for column in wanted], distances, [1.0] * len(wanted))
    return [min(max(column, left + least), left + most) for column, (least, most) in zip(columns, room, strict=True)]
