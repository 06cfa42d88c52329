"""`Picture` → `Layout`: a layered drawing.

The method of Sugiyama, Tagawa and Toda (1981) with the improvements of Gansner, Koutsofios, North and Vo (1993):
layers, an order within them with few crossings, coordinates; then wires along tracks between the layers. Nothing in it
depends on the order of sets or on chance.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from comb_compiler.diagnostics.render.printable import width
from comb_compiler.graph.drawing.coordinates import Wire, place_nodes
from comb_compiler.graph.drawing.geometry import Head, Layout, Placed, Segment
from comb_compiler.graph.drawing.layers import Layers
from comb_compiler.graph.drawing.model import Arrow, Picture
from comb_compiler.graph.drawing.network import Lower, Network, build_network
from comb_compiler.graph.drawing.ordering import order_rows
from comb_compiler.graph.drawing.pins import Labels, Pins, find_pins, room_for
from comb_compiler.graph.drawing.wires import Branch, Channel, Stroke, draw_channel
from comb_compiler.graph.drawing.wording import MOST, Line, arrow_label, box_lines

__all__ = ["Style", "lay_out"]

_ROUNDS = 3


class Style(NamedTuple):
    """How much is said: all lines of a box, cut at `most` cells, or only its name and timeout; labels on arrows, with
    types or without.
    """

    most: int = MOST
    is_brief: bool = False
    has_labels: bool = True
    has_types: bool = False


def lay_out(picture: Picture, layers: Layers, style: Style) -> Layout:
    """Place every box and wire of a picture."""
    network = build_network(picture, layers)
    above, below = _neighbours(network)
    rows = order_rows(network.rows, above, below)
    lines = [_lines(picture, name, style) for name in network.nodes]
    labels = _labels(network, style) if style.has_labels else {}
    widths = _widths(network, lines, labels)
    lefts = place_nodes(rows, widths, _wires(network, None, lefts=(), widths=widths))
    for _ in range(_ROUNDS):
        pins = find_pins(network, lefts, widths, labels)
        lefts = place_nodes(rows, widths, _wires(network, pins, lefts, widths), lefts)
    pins = find_pins(network, lefts, widths, labels)
    return _Sheet(picture, network, rows, lines, labels, lefts, widths, pins).drawn()


def _neighbours(network: Network) -> tuple[Mapping[int, list[int]], Mapping[int, list[int]]]:
    above: dict[int, list[int]] = {}
    below: dict[int, list[int]] = {}
    for threads in network.gaps:
        for thread in threads:
            for lower in thread.lowers:
                below.setdefault(thread.upper, []).append(lower.node)
                above.setdefault(lower.node, []).append(thread.upper)
    return above, below


def _wires(network: Network, pins: Pins | None, lefts: Sequence[int], widths: Sequence[int]) -> list[Wire]:
    """Between neighbouring nodes, from pin to pin; from middle to middle, as long as there are no pins."""
    found = []
    for threads in network.gaps:
        for thread in threads:
            for lower in thread.lowers:
                upper, node = thread.upper, lower.node
                leaves = (widths[upper] - 1) // 2
                least = most = (widths[node] - 1) // 2
                if pins is not None:
                    leaves = pins.leaving[upper, thread.net] - lefts[upper]
                    least, most = pins.room[node, thread.net]
                found.append(Wire(upper, node, leaves, least, most))
    return found


def _lines(picture: Picture, name: str | None, style: Style) -> tuple[Line, ...]:
    if name is None:
        return ()
    lines = box_lines(picture.boxes[name], style.most)
    return lines[:1] if style.is_brief else lines


def _labels(network: Network, style: Style) -> Labels:
    """The labels of arrow heads, by the node at which they are and the net."""
    found: dict[tuple[int, int], str] = {}
    for threads in network.gaps:
        for thread in threads:
            is_backward = network.nets[thread.net].is_backward
            for lower in thread.lowers:
                node = thread.upper if is_backward else lower.node
                text = arrow_label(lower.arrows, types=style.has_types, always=len(lower.arrows) > 1)
                if network.nodes[node] is not None and text:
                    found[node, thread.net] = text
    return found


def _widths(network: Network, lines: Sequence[tuple[Line, ...]], labels: Labels) -> list[int]:
    """The width of each node: a box has room for its lines and for the labels of all arrows at its borders."""
    entering: dict[int, list[str]] = {}
    leaving: dict[int, list[str]] = {}
    for threads in network.gaps:
        for thread in threads:
            leaving.setdefault(thread.upper, []).append(labels.get((thread.upper, thread.net), ""))
            for lower in thread.lowers:
                entering.setdefault(lower.node, []).append(labels.get((lower.node, thread.net), ""))
    return [
        max(_content(lines[node]) + 4, room_for(entering.get(node, ())), room_for(leaving.get(node, ())))
        if name is not None
        else 1
        for node, name in enumerate(network.nodes)
    ]


def _content(lines: tuple[Line, ...]) -> int:
    return max(width(line.text) + (2 + width(line.right) if line.right else 0) for line in lines)


class _Sheet:
    """Rows are given from the top down: a layer, then the channel below it."""

    def __init__(
        self,
        picture: Picture,
        network: Network,
        rows: Sequence[Sequence[int]],
        lines: Sequence[tuple[Line, ...]],
        labels: Labels,
        lefts: Sequence[int],
        widths: Sequence[int],
        pins: Pins,
    ) -> None:
        self._picture = picture
        self._network = network
        self._rows = rows
        self._lines = lines
        self._labels = labels
        self._lefts = lefts
        self._widths = widths
        self._pins = pins
        self._boxes: dict[int, Placed] = {}
        self._segments: list[Segment] = []
        self._heads: list[Head] = []

    def drawn(self) -> Layout:
        top = 0
        for number, row in enumerate(self._rows):
            height = 2 + max((len(self._lines[node]) for node in row), default=0)
            self._place(row, top)
            bottom = top + height - 1
            self._draw_rails(number, top, bottom)
            top = self._draw_gap(number, bottom) if number + 1 < len(self._rows) else bottom
        boxes = tuple(self._boxes[node] for node in sorted(self._boxes))
        ends = [box.right for box in boxes] + [segment.end_column for segment in self._segments]
        return Layout(boxes, tuple(self._segments), tuple(self._heads), max(ends) + 1, top + 1)

    def _place(self, row: Sequence[int], top: int) -> None:
        for node in row:
            name = self._network.nodes[node]
            if name is not None:
                lines = self._lines[node]
                box = self._picture.boxes[name]
                self._boxes[node] = Placed(box, lines, self._lefts[node], top, self._widths[node], 2 + len(lines))

    def _draw_rails(self, number: int, top: int, bottom: int) -> None:
        """The rails of a layer run beside its boxes."""
        for thread in self._network.gaps[number - 1] if number else ():
            for lower in thread.lowers:
                if self._network.nodes[lower.node] is None:
                    column, stroke = self._lefts[lower.node], self._stroke(lower)
                    self._segments.append(Segment(thread.net, column, top, column, bottom, *stroke))

    def _draw_gap(self, number: int, bottom: int) -> int:
        """Draw the channel below a layer; the row where the next layer begins."""
        threads = self._network.gaps[number]
        starts = {one.net: self._boxes[one.upper].bottom if one.upper in self._boxes else bottom for one in threads}
        has_heads_up = any(self._network.nets[one.net].is_backward and one.upper in self._boxes for one in threads)
        tops = {one.net: self._pins.leaving[one.upper, one.net] for one in threads}
        channel = Channel(starts, tops, {one.net: self._branches(one.lowers, one.net, 0) for one in threads})
        trunks = channel.trunks()
        first = bottom + 1 + has_heads_up
        following = first + 1 + max((trunk.track + 1 for trunk in trunks if trunk.track is not None), default=0)
        branches = {one.net: self._branches(one.lowers, one.net, following) for one in threads}
        self._segments += draw_channel(channel._replace(branches=branches), trunks, first)
        for thread in threads:
            self._draw_heads(thread.net, thread.upper, thread.lowers, following)
        return following

    def _branches(self, lowers: Sequence[Lower], net: int, row: int) -> list[Branch]:
        """Ends of a net in the channel above `row`: an arrow head takes the last cell."""
        short = 0 if self._network.nets[net].is_backward else 1
        return [
            Branch(
                self._pins.entering[one.node, net],
                row if self._network.nodes[one.node] is None else row - short,
                self._stroke(one),
            )
            for one in lowers
        ]

    def _draw_heads(self, net: int, upper: int, lowers: Sequence[Lower], following: int) -> None:
        if not self._network.nets[net].is_backward:
            for lower in lowers:
                if self._network.nodes[lower.node] is not None:
                    column, label = self._pins.entering[lower.node, net], self._labels.get((lower.node, net), "")
                    self._heads.append(Head(column, following - 1, label, is_marked=self._stroke(lower).is_marked))
        elif upper in self._boxes:
            column, label = self._pins.leaving[upper, net], self._labels.get((upper, net), "")
            self._heads.append(Head(column, self._boxes[upper].bottom + 1, label, is_up=True, is_marked=True))

    def _stroke(self, lower: Lower) -> Stroke:
        return Stroke(
            any(arrow.is_critical or arrow.is_cyclic for arrow in lower.arrows),
            all(self._may_be_missing(arrow) for arrow in lower.arrows),
        )

    def _may_be_missing(self, arrow: Arrow) -> bool:
        return arrow.is_condition or self._picture.boxes[arrow.source].may_be_missing
