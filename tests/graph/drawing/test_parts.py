"""The parts of a layout, against what they promise: cycles, order, coordinates and tracks."""

from collections.abc import Iterable
from itertools import combinations, permutations

from hypothesis import given, strategies as st

from comb_compiler.graph.drawing.channels import Trunk, assign_tracks
from comb_compiler.graph.drawing.coordinates import spread
from comb_compiler.graph.drawing.cycles import backward_pairs, cyclic_groups
from comb_compiler.graph.drawing.ordering import count_crossings, order_rows

graphs = st.integers(1, 8).flatmap(
    lambda size: st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=20).map(
        lambda pairs: {str(one): [str(b) for a, b in pairs if a == one] for one in range(size)}
    )
)


@given(graphs)
def test_groups_are_the_strongly_connected_components(graph: dict[str, list[str]]) -> None:
    reach = reachable((one, other) for one, others in graph.items() for other in others)
    cyclic = {one: {other for other in graph if {(one, other), (other, one)} <= reach} for one in graph}
    expected = {tuple(sorted(group)) for group in cyclic.values() if group}
    assert sorted(tuple(sorted(group)) for group in cyclic_groups(graph)) == sorted(expected)


def reachable(pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """The transitive closure, by definition."""
    found = set(pairs)
    while further := {(a, d) for a, b in found for c, d in found if b == c} - found:
        found |= further
    return found


@given(graphs)
def test_without_the_backward_pairs_there_is_no_cycle(graph: dict[str, list[str]]) -> None:
    backward = backward_pairs(graph)
    pairs = [(one, other) for one, others in graph.items() for other in others]
    assert not has_cycle(set(pairs) - backward)
    assert [pair for pair in backward if not has_cycle({*(set(pairs) - backward), pair})] == []


def has_cycle(pairs: Iterable[tuple[str, str]]) -> bool:
    return any(one == other for one, other in reachable(pairs))


layered = st.tuples(st.integers(1, 5), st.integers(1, 5)).flatmap(
    lambda size: st.sets(st.tuples(st.integers(0, size[0] - 1), st.integers(10, 9 + size[1])), max_size=12).map(
        lambda wires: ([list(range(size[0])), list(range(10, 10 + size[1]))], sorted(wires))
    )
)


def neighbours(wires: list[tuple[int, int]]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    above: dict[int, list[int]] = {}
    below: dict[int, list[int]] = {}
    for upper, lower in wires:
        below.setdefault(upper, []).append(lower)
        above.setdefault(lower, []).append(upper)
    return above, below


def crossings(rows: list[list[int]], wires: list[tuple[int, int]]) -> int:
    """By definition: the pairs of wires of which one is left of the other above, and right of it below."""
    at = {node: number for row in rows for number, node in enumerate(row)}
    return sum((at[a] - at[c]) * (at[b] - at[d]) < 0 for (a, b), (c, d) in combinations(wires, 2))


@given(layered)
def test_crossings_are_counted(graph: tuple[list[list[int]], list[tuple[int, int]]]) -> None:
    rows, wires = graph
    assert count_crossings(rows, neighbours(wires)[1]) == crossings(rows, wires)


@given(layered)
def test_an_order_is_never_worse_and_seldom_far_from_the_best(
    graph: tuple[list[list[int]], list[tuple[int, int]]],
) -> None:
    rows, wires = graph
    above, below = neighbours(wires)
    ordered = order_rows(rows, above, below)
    assert [sorted(row) for row in ordered] == rows
    found = crossings(ordered, wires)
    best = min(crossings([list(a), list(b)], wires) for a in permutations(rows[0]) for b in permutations(rows[1]))
    assert best <= found <= crossings(rows, wires)
    assert found <= 3 * best + 2


@given(st.lists(st.tuples(st.integers(-20, 20), st.integers(1, 5), st.integers(1, 3)), min_size=1, max_size=4))
def test_nodes_are_spread_as_near_to_their_wishes_as_can_be(nodes: list[tuple[int, int, int]]) -> None:
    wishes = [float(wish) for wish, _, _ in nodes]
    distances = [distance for _, distance, _ in nodes[1:]]
    weights = [float(weight) for _, _, weight in nodes]
    placed = spread(wishes, distances, weights)
    assert all(b - a >= distance for a, b, distance in zip(placed, placed[1:], distances, strict=False))

    def cost(places: list[int]) -> float:
        return sum(weight * (at - wish) ** 2 for at, wish, weight in zip(places, wishes, weights, strict=True))

    for number in range(len(placed)):
        for step in (-1, 1):
            for block in (placed[:number], placed[number:], [placed[number]]):
                moved = [at + step if at in block else at for at in placed]
                if all(b - a >= distance for a, b, distance in zip(moved, moved[1:], distances, strict=False)):
                    assert cost(moved) >= cost(placed)


@st.composite
def channels(draw: st.DrawFn) -> list[Trunk]:
    """Wires whose tops differ, and whose bottoms differ, in so little room that many ask for each other's columns."""
    room = st.integers(0, 11)
    tops = draw(st.lists(room, min_size=1, max_size=6, unique=True))
    bottoms = draw(st.lists(room, min_size=len(tops), max_size=12, unique=True))
    owners = [draw(st.integers(0, len(tops) - 1)) for _ in bottoms[len(tops) :]]
    ends: dict[int, tuple[int, ...]] = {wire: (bottoms[wire],) for wire in range(len(tops))}
    for column, wire in zip(bottoms[len(tops) :], owners, strict=True):
        ends[wire] = (*ends[wire], column)
    return [Trunk(wire, top, ends[wire]) for wire, top in enumerate(tops)]


@given(channels())
def test_tracks_keep_wires_apart(trunks: list[Trunk]) -> None:
    placed = assign_tracks(trunks)
    lowest = 1 + max((one.track for one in placed if one.track is not None), default=0)
    strokes = [(one.wire, *stroke) for one in placed for stroke in strokes_of(one, placed, lowest)]
    for one, other in combinations(strokes, 2):
        assert one[0] == other[0] or not on_one_another(one, other), (one, other)
    for trunk in trunks:
        parts = [one for one in placed if one.wire == trunk.wire]
        assert sorted(end for one in parts if not one.continues for end in one.bottoms) == sorted(trunk.bottoms)
        assert trunk.top in {one.top for one in parts if not one.continued}


Stroke = tuple[int, int, int, int]


def strokes_of(trunk: Trunk, placed: list[Trunk], lowest: int) -> list[Stroke]:
    """Lines from (column, row) to (column, row); the channel reaches from row -1 to `lowest`."""
    row = -1 if trunk.track is None else trunk.track
    next_part = next((one for one in placed if one.wire == trunk.wire and one.continued), None)
    end = next_part.track if trunk.continues and next_part and next_part.track is not None else lowest
    lines = [] if trunk.continued else [(trunk.top, -1, trunk.top, row)]
    if trunk.track is not None:
        lines.append((trunk.extent[0], row, trunk.extent[1], row))
    return lines + [(bottom, row, bottom, end) for bottom in trunk.bottoms]


def on_one_another(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    columns = min(one[3], other[3]) - max(one[1], other[1])
    rows = min(one[4], other[4]) - max(one[2], other[2])
    return columns >= 0 and rows >= 0 and (columns > 0 or rows > 0)
