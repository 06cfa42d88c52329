"""What holds for every layout: layers go down, boxes and wires keep apart, and the same graph has the same drawing."""

from collections.abc import Iterable
from itertools import combinations

import pytest
from hypothesis import given

from comb_compiler.graph.drawing import Picture
from comb_compiler.graph.drawing.geometry import Layout, Placed, Segment
from comb_compiler.graph.drawing.layers import assign_layers
from comb_compiler.graph.drawing.layout import Style, lay_out
from comb_compiler.graph.drawing.model import ANSWER
from comb_compiler.graph.drawing.network import build_network, network_size
from comb_compiler.graph.model import REQUEST
from tests.graph.drawing.pictures import chain, fan, large, pictures

ALL = Style(has_types=True)


def drawn(picture: Picture, style: Style = ALL) -> Layout:
    return lay_out(picture, assign_layers(picture), style)


@given(pictures())
def test_layers_are_longest_ways_from_the_request(picture: Picture) -> None:
    longest: dict[str, int] = {}
    for name in picture.boxes:  # each stands after all that it waits for
        depths = [longest[arrow.source] + 1 for arrow in picture.arrows if arrow.target == name]
        longest[name] = max(depths, default=0 if name == REQUEST else 1)
    layers = assign_layers(picture)
    assert {name: depth for name, depth in layers.depth.items() if name != ANSWER} == {
        name: depth for name, depth in longest.items() if name != ANSWER
    }
    assert layers.depth[ANSWER] == len(layers.rows) - 1
    assert layers.rows[0] == [REQUEST]
    assert layers.rows[-1] == [ANSWER]
    assert layers.backward == frozenset()


@given(pictures(cycles=True))
def test_what_leads_up_closes_a_cycle_and_the_rest_leads_down(picture: Picture) -> None:
    layers = assign_layers(picture)
    for arrow in picture.arrows:
        if (arrow.source, arrow.target) in layers.backward:
            assert arrow.is_cyclic
        else:
            assert layers.depth[arrow.source] < layers.depth[arrow.target]


@given(pictures(cycles=True))
def test_every_box_is_there_once_and_none_on_another(picture: Picture) -> None:
    layout = drawn(picture)
    assert [placed.box.name for placed in layout.boxes] == list(picture.boxes)
    assert [(a, b) for a, b in combinations(layout.boxes, 2) if overlap(a, b)] == []
    assert all(one.left >= 0 and one.right < layout.width and one.bottom < layout.height for one in layout.boxes)


def overlap(one: Placed, other: Placed) -> bool:
    """Whether the boxes have less than two blank columns or a blank row between them."""
    beside = one.right + 2 < other.left or other.right + 2 < one.left
    return not beside and not (one.bottom + 1 < other.top or other.bottom + 1 < one.top)


@given(pictures(cycles=True))
def test_no_wire_runs_through_a_box_or_on_another_wire(picture: Picture) -> None:
    layout = drawn(picture)
    for placed in layout.boxes:
        assert [segment for segment in layout.segments if runs_through(segment, placed)] == []
    assert [(a, b) for a, b in combinations(layout.segments, 2) if a.net != b.net and lie_on(a, b)] == []


def runs_through(segment: Segment, placed: Placed) -> bool:
    columns = placed.left <= segment.end_column and segment.column <= placed.right
    return columns and segment.row < placed.bottom and placed.top < segment.end_row


def lie_on(one: Segment, other: Segment) -> bool:
    """Whether two pieces share more than the point at which they cross."""
    columns = min(one.end_column, other.end_column) - max(one.column, other.column)
    rows = min(one.end_row, other.end_row) - max(one.row, other.row)
    if columns < 0 or rows < 0:
        return False
    ends = {(one.column, one.row), (one.end_column, one.end_row)}
    others = {(other.column, other.row), (other.end_column, other.end_row)}
    corner = (max(one.column, other.column), max(one.row, other.row))
    return columns > 0 or rows > 0 or (corner in ends and corner in others)


@given(pictures(cycles=True))
def test_every_arrow_has_a_wire_from_its_source_to_its_head(picture: Picture) -> None:
    layout = drawn(picture, Style(has_labels=False))
    boxes = {placed.box.name: placed for placed in layout.boxes}
    heads = {(head.column, head.row) for head in layout.heads}
    groups = joined(layout.segments)
    for arrow in picture.arrows:
        source, target = boxes[arrow.source], boxes[arrow.target]
        if arrow.source != arrow.target:
            assert any(touches(group, source) and touches(group, target) for group in groups), arrow
            assert any(beside((0, *head), target) for head in heads)


Point = tuple[int, int, int]


def joined(segments: Iterable[Segment]) -> list[set[Point]]:
    """The ends of pieces, in groups of those that hang together."""
    groups: list[set[Point]] = []
    for one in segments:
        ends = {(one.net, one.column, one.row), (one.net, one.end_column, one.end_row)}
        met = [group for group in groups if group & ends]
        groups = [group for group in groups if group not in met] + [ends.union(*met)]
    return groups


def touches(group: set[Point], placed: Placed) -> bool:
    return any(beside(cell, placed) for cell in group)


def beside(cell: Point, placed: Placed) -> bool:
    """Whether a cell touches the upper or lower border of a box."""
    _, column, row = cell
    return placed.left < column < placed.right and placed.top - 1 <= row <= placed.bottom + 1


@given(pictures(cycles=True))
def test_labels_do_not_meet(picture: Picture) -> None:
    layout = drawn(picture)
    for head in layout.heads:
        end = head.column + 1 + len(head.label) if head.label else head.column
        taken = {other.column for other in layout.heads if other.row == head.row and other is not head}
        taken |= {one.column for one in layout.segments if one.row <= head.row <= one.end_row} - {head.column}
        assert not taken & set(range(head.column + 1, end + 1))


@given(pictures(cycles=True))
def test_the_size_is_known_before(picture: Picture) -> None:
    layers = assign_layers(picture)
    own = sum(arrow.source == arrow.target for arrow in picture.arrows)
    nodes = len(build_network(picture, layers).nodes)
    assert nodes <= network_size(picture, layers) - len(picture.arrows) + own


def test_a_chain_is_a_straight_line() -> None:
    assert {segment.column == segment.end_column for segment in drawn(chain(30)).segments} == {True}
    assert len({segment.column for segment in drawn(chain(30)).segments}) == 1


def test_a_fan_has_no_crossing() -> None:
    layout = drawn(fan(20))
    crossed = [
        (one, other)
        for one in layout.segments
        for other in layout.segments
        if one.net != other.net
        and one.row == one.end_row
        and one.column < other.column < one.end_column
        and other.row < one.row < other.end_row
    ]
    assert crossed == []


@pytest.mark.parametrize("count", [30, 70])
def test_a_large_graph_keeps_its_promises(count: int) -> None:
    layout = drawn(large(count))
    assert [(a, b) for a, b in combinations(layout.boxes, 2) if overlap(a, b)] == []
    assert [(a, b) for a, b in combinations(layout.segments, 2) if a.net != b.net and lie_on(a, b)] == []
