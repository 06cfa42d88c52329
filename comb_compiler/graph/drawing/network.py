"""Boxes in layers → a network in which every wire leads from one layer to the next.

What a box gives is one value, however many take it: it is drawn as one wire that branches (a net), and runs through the
layers that it passes as one rail (the dummy nodes of Sugiyama's method, shared by all branches).
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from comb_compiler.graph.drawing.layers import Layers
from comb_compiler.graph.drawing.model import Arrow, Picture

__all__ = ["Lower", "Net", "Network", "Thread", "build_network", "network_size"]


class Net(NamedTuple):
    """A wire and its branches: arrows by the lower box; or one that leads up, `upper` being the target."""

    upper: str
    targets: Mapping[str, tuple[Arrow, ...]]
    is_backward: bool = False


class Lower(NamedTuple):
    """Where a thread ends: a node, and the arrows that it carries there."""

    node: int
    arrows: tuple[Arrow, ...]


class Thread(NamedTuple):
    """The part of a net between two layers."""

    net: int
    upper: int
    lowers: tuple[Lower, ...]


class Network(NamedTuple):
    """Nodes by number: boxes by name, and rails (None); threads by the gap below each layer."""

    nodes: list[str | None]
    rows: list[list[int]]
    nets: list[Net]
    gaps: list[list[Thread]]


def network_size(picture: Picture, layers: Layers) -> int:
    """How many nodes and arrows there would be: what the time of a layout depends on."""
    deepest: dict[str, int] = {}
    backward = 0
    for arrow in picture.arrows:
        depth = layers.depth[arrow.target]
        if (arrow.source, arrow.target) in layers.backward:
            backward += layers.depth[arrow.source] - depth
        else:
            deepest[arrow.source] = max(depth, deepest.get(arrow.source, 0))
    rails = sum(max(0, depth - layers.depth[name] - 1) for name, depth in deepest.items())
    return len(picture.boxes) + rails + backward + len(picture.arrows)


def build_network(picture: Picture, layers: Layers) -> Network:
    """The network of a picture; a box that waits for itself has no wire for that."""
    names: list[str | None] = list(picture.boxes)
    numbers = {name: number for number, name in enumerate(picture.boxes)}
    rows = [[numbers[name] for name in row] for row in layers.rows]
    network = Network(names, rows, list(_nets(picture.arrows, layers)), [[] for _ in rows])
    for number, net in enumerate(network.nets):
        _lay(network, number, net, numbers, layers.depth)
    return network


def _nets(arrows: tuple[Arrow, ...], layers: Layers) -> Iterator[Net]:
    values: dict[str, dict[str, tuple[Arrow, ...]]] = {}
    upward: dict[tuple[str, str], tuple[Arrow, ...]] = {}
    for arrow in arrows:
        pair = (arrow.source, arrow.target)
        if arrow.target == arrow.source:
            continue
        if pair in layers.backward:
            upward[pair] = (*upward.get(pair, ()), arrow)
        else:
            branches = values.setdefault(arrow.source, {})
            branches[arrow.target] = (*branches.get(arrow.target, ()), arrow)
    yield from (Net(source, branches) for source, branches in values.items())
    yield from (Net(upper, {lower: found}, is_backward=True) for (lower, upper), found in upward.items())


def _lay(network: Network, number: int, net: Net, numbers: Mapping[str, int], depth: Mapping[str, int]) -> None:
    upper = numbers[net.upper]
    first, last = depth[net.upper], max(depth[target] for target in net.targets)
    for gap in range(first, last):
        lowers = [Lower(numbers[name], found) for name, found in net.targets.items() if depth[name] == gap + 1]
        if gap + 1 < last:
            further = [arrow for name, found in net.targets.items() if depth[name] > gap + 1 for arrow in found]
            rail = len(network.nodes)
            network.nodes.append(None)
            network.rows[gap + 1].append(rail)
            lowers.append(Lower(rail, tuple(further)))
        network.gaps[gap].append(Thread(number, upper, tuple(lowers)))
        upper = lowers[-1].node
