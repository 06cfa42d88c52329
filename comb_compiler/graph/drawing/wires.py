"""The wires of one channel as segments: down from their tops, along their tracks, down to their ends."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from comb_compiler.graph.drawing.channels import Trunk, assign_tracks
from comb_compiler.graph.drawing.geometry import Segment

__all__ = ["Branch", "Channel", "Stroke", "draw_channel"]


class Stroke(NamedTuple):
    """How a piece of a wire is drawn."""

    is_marked: bool
    is_dashed: bool


class Branch(NamedTuple):
    """An end of a wire: its column, the row in which it ends, and how it is drawn."""

    column: int
    row: int
    stroke: Stroke


class Channel(NamedTuple):
    """The wires between two layers; `starts` are the rows at which they leave, by net."""

    starts: Mapping[int, int]
    tops: Mapping[int, int]
    branches: Mapping[int, Sequence[Branch]]

    def trunks(self) -> list[Trunk]:
        """The wires with their tracks, which are counted from 0."""
        wires = [Trunk(net, self.tops[net], tuple(one.column for one in ends)) for net, ends in self.branches.items()]
        return assign_tracks(wires)


def draw_channel(channel: Channel, trunks: Sequence[Trunk], first_row: int) -> Iterator[Segment]:
    """The segments of all wires, track 0 being in `first_row`."""
    continued = {trunk.wire: first_row + (trunk.track or 0) for trunk in trunks if trunk.continued}
    for trunk in trunks:
        ends = channel.branches[trunk.wire]
        if trunk.continues:
            ends = [Branch(trunk.bottoms[0], continued[trunk.wire], _joined([end.stroke for end in ends]))]
        start = channel.starts[trunk.wire]
        row = start if trunk.track is None else first_row + trunk.track
        stroke = _joined([end.stroke for end in ends])
        if not trunk.continued and row > start:
            yield Segment(trunk.wire, trunk.top, start, trunk.top, row, *stroke)
        yield from _along(trunk, ends, row)
        yield from (Segment(trunk.wire, end.column, row, end.column, end.row, *end.stroke) for end in ends)


def _along(trunk: Trunk, ends: Sequence[Branch], row: int) -> Iterator[Segment]:
    """The track, in pieces from column to column: each is drawn as what runs through it."""
    columns = sorted({trunk.top, *trunk.bottoms})
    for left, right in pairwise(columns):
        beyond = [end.stroke for end in ends if (end.column >= right if left >= trunk.top else end.column <= left)]
        yield Segment(trunk.wire, left, row, right, row, *_joined(beyond))


def _joined(strokes: Sequence[Stroke]) -> Stroke:
    """Marked if one is, dashed if all are."""
    return Stroke(any(one.is_marked for one in strokes), all(one.is_dashed for one in strokes))
