"""Whether instances fit onto nodes: a placement, or the proof that there is none, or that none can go wrong.

Vector bin packing is NP-hard, so each answer is worked out by what can prove it: a placement by first fit of the
largest first and, where that fails, by a bounded search; that there is none by that search, or by sums.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from comb_compiler.plan.sharing import Part

__all__ = ["Filled", "Item", "Node", "Nodes", "Packed", "fractions", "pack", "placed", "room"]

_STEPS = 20_000
"""Placements that the search tries before it gives up."""
_MOST_NODES = 256
"""More nodes than these are not searched."""


class Item(NamedTuple):
    """Instances that are alike: what one takes, of which pools, and how many there are.

    It takes `takes` of each of `devices` devices of one node. It is never on a node with one of a group in `apart`,
    which is mutual: theirs have its `group` there.
    """

    name: str
    cpu: Decimal
    memory: int
    pools: frozenset[str]
    instances: int
    devices: int = 0
    takes: Part | None = None
    group: str = ""
    apart: frozenset[str] = frozenset()


class Node(NamedTuple):
    """A node: of which pool, and what is left on it.

    `pods` are the instances that it has room for. `groups` are those on it that others are to be apart from, in order.
    """

    pool: str
    cpu: Decimal
    memory: int
    devices: tuple[Part, ...] = ()
    pods: int = 110
    groups: tuple[str, ...] = ()


Nodes = Sequence[tuple[Node, int]]
"""Nodes that are alike, and how many there are; there may be tens of thousands."""


class Filled(NamedTuple):
    """Nodes that are filled alike: what is left on each, how many there are, and the instances on each by item."""

    node: Node
    nodes: int
    holds: Mapping[str, int]


class Packed(NamedTuple):
    """Nodes after packing; and by item the instances that have no place.

    `is_certain` says that something missing is proven: no placement has room for all.
    """

    nodes: tuple[Filled, ...]
    missing: Mapping[str, int]
    is_certain: bool = True


def placed(item: Item, node: Node) -> Node | None:
    """The node with one instance more; None where it does not fit. Devices that have least left are used first."""
    if not _is_open(item, node) or item.cpu > node.cpu or item.memory > node.memory or not node.pods:
        return None
    devices = node.devices
    if item.takes is not None:
        takes = item.takes
        fitting = sorted((one, index) for index, one in enumerate(devices) if takes.fits(one))[: item.devices]
        if len(fitting) < item.devices:
            return None
        used = {index for _, index in fitting}
        devices = tuple(one.less(takes) if index in used else one for index, one in enumerate(devices))
    groups = node.groups
    if item.apart and item.group not in groups:
        groups = tuple(sorted((*groups, item.group)))
    return Node(node.pool, node.cpu - item.cpu, node.memory - item.memory, devices, node.pods - 1, groups)


def _is_open(item: Item, node: Node) -> bool:
    """Whether an instance may be on the node, however much is left there."""
    return node.pool in item.pools and not (item.apart and item.apart.intersection(node.groups))


def _stacked(item: Item, node: Node, most: int) -> list[Node]:
    """The node with one instance more, with two, and so on."""
    states: list[Node] = []
    after = placed(item, node)
    while after is not None and len(states) < most:
        states.append(after)
        after = placed(item, after)
    return states


def room(item: Item, nodes: Nodes, most: int) -> int:
    """How many instances of one item empty nodes hold, counted up to `most`."""
    total = 0
    for node, count in nodes:
        total += count * _held(item, node, most)
        if total >= most:
            return most
    return total


def _held(item: Item, node: Node, most: int) -> int:
    """How many instances the node holds, counted up to `most`."""
    if item.takes is not None:
        return len(_stacked(item, node, most))
    if not _is_open(item, node):
        return 0
    by_cpu = int(node.cpu // item.cpu) if item.cpu else most
    by_memory = node.memory // item.memory if item.memory else most
    return min(by_cpu, by_memory, node.pods, most)


def pack(items: Sequence[Item], nodes: Nodes) -> Packed:
    """Find a place for every instance, or say which have none."""
    ordered = sorted(items, key=lambda item: (-_size(item, nodes), item.name))
    greedy = _first_fit(ordered, nodes)
    if not greedy.missing or _is_too_much(items, nodes):
        return greedy
    if sum(count for _, count in nodes) > _MOST_NODES:
        return greedy._replace(is_certain=False)
    search = _Search(ordered)
    found = search.run(tuple(node for node, count in nodes for _ in range(count)))
    return greedy._replace(is_certain=search.steps_left > 0) if found is None else found


def _first_fit(items: Sequence[Item], nodes: Nodes) -> Packed:
    filled = [Filled(node, count, {}) for node, count in nodes if count]
    missing: dict[str, int] = {}
    for item in items:
        left, after = item.instances, []
        for one in filled:
            states = _stacked(item, one.node, left)
            if not states:
                after.append(one)
                continue
            whole = min(one.nodes, left // len(states))
            rest = min(left - whole * len(states), len(states)) if whole < one.nodes else 0
            left -= whole * len(states) + rest
            parts = ((whole, len(states)), (1 if rest else 0, rest), (one.nodes - whole - (1 if rest else 0), 0))
            after += [_with(one, item.name, states, many, held) for many, held in parts if many]
        filled = after
        if left:
            missing[item.name] = left
    return Packed(tuple(filled), missing)


def _with(filled: Filled, name: str, states: Sequence[Node], nodes: int, held: int) -> Filled:
    if not held:
        return filled._replace(nodes=nodes)
    return Filled(states[held - 1], nodes, {**filled.holds, name: held})


class _Search:
    """Depth-first over instances, the largest first; nodes that are alike, and states seen before, are tried once."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._instances = [item for item in items for _ in range(item.instances)]
        self._seen: set[tuple[int, tuple[Node, ...]]] = set()
        self.steps_left = _STEPS

    def run(self, nodes: tuple[Node, ...]) -> Packed | None:
        """A placement of all; None where there is none, or the steps are used up."""
        chosen = self._chosen(nodes)
        if chosen is None:
            return None
        holds: list[dict[str, int]] = [{} for _ in nodes]
        state = list(nodes)
        for item, index in zip(self._instances, chosen, strict=True):
            after = placed(item, state[index])
            assert after is not None
            state[index] = after
            holds[index][item.name] = holds[index].get(item.name, 0) + 1
        return Packed(tuple(Filled(node, 1, held) for node, held in zip(state, holds, strict=True)), {})

    def _chosen(self, nodes: tuple[Node, ...]) -> list[int] | None:
        """The node of each instance, by index."""
        chosen: list[int] = []
        trail = [(nodes, self._choices(0, nodes))]
        while len(chosen) < len(self._instances):
            state, choices = trail[-1]
            index = next(choices, None)
            if index is None:
                trail.pop()
                if not trail:
                    return None
                chosen.pop()
                continue
            self.steps_left -= 1
            if self.steps_left <= 0:
                return None
            after = placed(self._instances[len(chosen)], state[index])
            assert after is not None
            following = (*state[:index], after, *state[index + 1 :])
            chosen.append(index)
            trail.append((following, self._choices(len(chosen), following)))
        return chosen

    def _choices(self, depth: int, nodes: tuple[Node, ...]) -> Iterator[int]:
        """Nodes for the next instance, the fullest first; none where this state led nowhere before."""
        key = (depth, tuple(sorted(nodes)))
        if depth == len(self._instances) or key in self._seen:
            return
        self._seen.add(key)
        different = {node: index for index, node in reversed(list(enumerate(nodes)))}
        for node in sorted(different):
            if placed(self._instances[depth], node) is not None:
                yield different[node]


def _is_too_much(items: Sequence[Item], nodes: Nodes) -> bool:
    """Whether all nodes that some items may use have too little of one thing: a proof that needs no search."""
    for pools in {item.pools for item in items}:
        wanted = (_times(item.instances, _wanted(item)) for item in items if item.pools <= pools)
        there = (_times(count, _having(node)) for node, count in nodes if node.pool in pools)
        if any(most < least for least, most in zip(_sum(wanted), _sum(there), strict=True)):
            return True
    return any(room(item, nodes, item.instances) < item.instances for item in items)


_Things = tuple[Fraction, ...]
"""Cores, memory, instances; then places, memory and compute of devices."""


def _wanted(item: Item) -> _Things:
    takes = Part(Fraction(0), 0, Fraction(0)) if item.takes is None else item.takes
    return Fraction(item.cpu), Fraction(item.memory), Fraction(1), *_times(item.devices, fractions(takes))


def _having(node: Node) -> _Things:
    devices = _sum(fractions(one) for one in node.devices)[:3]
    return Fraction(node.cpu), Fraction(node.memory), Fraction(node.pods), *devices


def _times(count: int, things: _Things) -> _Things:
    return tuple(count * one for one in things)


def _sum(several: Iterable[_Things]) -> _Things:
    return tuple(sum(one, Fraction(0)) for one in zip(*several, strict=True)) or (Fraction(0),) * 6


def fractions(part: Part) -> tuple[Fraction, Fraction, Fraction]:
    """Places, memory and compute: what a part is of."""
    return part.places, Fraction(part.memory), part.compute


def _size(item: Item, nodes: Nodes) -> Fraction:
    """The largest share of an empty node, or of a device, that an instance takes."""
    shares = [Fraction(0)]
    for node, _ in nodes:
        if node.pool not in item.pools:
            continue
        shares += [Fraction(item.cpu) / Fraction(node.cpu or 1), Fraction(item.memory, node.memory or 1)]
        if item.takes is not None:
            wanted = fractions(item.takes)
            for device in set(node.devices):
                shares += [one / (whole or 1) for one, whole in zip(wanted, fractions(device), strict=True)]
    return max(shares)
