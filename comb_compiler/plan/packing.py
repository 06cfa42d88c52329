"""Whether instances fit onto nodes: a placement, or the proof that there is none, or that none can go wrong.

Vector bin packing is NP-hard, so each answer is worked out by what can prove it: a placement by first fit of the
largest first and, where that fails, by a bounded search; that there is none by that search, or by sums; safety by
counting how many nodes others could possibly keep from an instance.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from math import gcd, lcm
from typing import NamedTuple

from comb_compiler.plan.sharing import Part

__all__ = ["Filled", "Item", "Node", "Nodes", "Packed", "is_safe", "pack", "placed", "room"]

_STEPS = 20_000
"""Placements that the search tries before it gives up."""
_MOST_NODES = 256
"""More nodes than these are not searched."""


class Item(NamedTuple):
    """Instances that are alike: what one takes, of which pools, and how many there are.

    It takes `takes` of each of `devices` devices of one node.
    """

    name: str
    cpu: Decimal
    memory: int
    pools: frozenset[str]
    instances: int
    devices: int = 0
    takes: Part | None = None


class Node(NamedTuple):
    """A node: of which pool, and what is left on it."""

    pool: str
    cpu: Decimal
    memory: int
    devices: tuple[Part, ...] = ()


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
    if node.pool not in item.pools or item.cpu > node.cpu or item.memory > node.memory:
        return None
    devices = node.devices
    if item.takes is not None:
        takes = item.takes
        fitting = sorted((one, index) for index, one in enumerate(devices) if takes.fits(one))[: item.devices]
        if len(fitting) < item.devices:
            return None
        used = {index for _, index in fitting}
        devices = tuple(one.less(takes) if index in used else one for index, one in enumerate(devices))
    return Node(node.pool, node.cpu - item.cpu, node.memory - item.memory, devices)


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
    if node.pool not in item.pools:
        return 0
    by_cpu = int(node.cpu // item.cpu) if item.cpu else most
    by_memory = node.memory // item.memory if item.memory else most
    return min(by_cpu, by_memory, most)


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


class _Amount(NamedTuple):
    """How much of one thing each node has, as pairs with how many nodes; what an instance needs; what others take.

    Others are pairs of what one takes of one place, and how often in all.
    """

    having: Sequence[tuple[Fraction, int]]
    needed: Fraction
    others: Sequence[tuple[Fraction, int]]


def is_safe(items: Sequence[Item], nodes: Nodes) -> bool:
    """Whether every instance finds a place whatever the order in which they come and the nodes that are chosen.

    A node is kept from an instance only by others that leave too little of something on it. What all others ask for
    together bounds how many nodes they can do that to; if those are fewer than there are, one is always free.
    """
    return all(_always_fits(item, items, nodes) for item in items if item.instances)


def _always_fits(item: Item, items: Sequence[Item], nodes: Nodes) -> bool:
    mine = [(node, count) for node, count in nodes if count and placed(item, node) is not None]
    others = [(other, other.instances - (other is item)) for other in items if other.pools & item.pools]
    cpu = _Amount(
        [(Fraction(node.cpu), count) for node, count in mine],
        Fraction(item.cpu),
        [(Fraction(other.cpu), count) for other, count in others],
    )
    memory = _Amount(
        [(Fraction(node.memory), count) for node, count in mine],
        Fraction(item.memory),
        [(Fraction(other.memory), count) for other, count in others],
    )
    return _kept(cpu) + _kept(memory) + _kept_by_devices(item, mine, others) < sum(count for _, count in mine)


def _kept_by_devices(item: Item, nodes: Nodes, others: Sequence[tuple[Item, int]]) -> int:
    """How many nodes others can keep from an instance by taking up so many devices that too few are left."""
    if item.takes is None or not nodes:
        return 0
    kept = 0
    for place, needed in enumerate(_fractions(item.takes)):
        taking = [
            (_fractions(other.takes)[place], other.devices * count)
            for other, count in others
            if other.takes is not None
        ]
        having = [(_fractions(device)[place], count) for node, count in nodes for device in node.devices]
        kept += _kept(_Amount(having, needed, taking))
    enough = min(len(node.devices) for node, _ in nodes) - item.devices + 1
    return kept // enough


def _kept(amount: _Amount) -> int:
    """How many places can be left with less than is needed, when others take no more of all of them."""
    unit = _common_unit([one for one, count in amount.others if count])
    if not amount.needed or not unit:
        return 0
    kept, taken = 0, sum((one * count for one, count in amount.others), Fraction(0))
    for having, count in sorted(amount.having):
        # More than what is spare has to be taken of the place, by others that take multiples of a unit.
        least = ((having - amount.needed) // unit + 1) * unit
        several = min(count, taken // least)
        kept += several
        taken -= several * least
    return kept


def _common_unit(amounts: Iterable[Fraction]) -> Fraction:
    """The largest that all amounts are multiples of; 0 where all are 0."""
    amounts = [one for one in amounts if one]
    if not amounts:
        return Fraction(0)
    return Fraction(gcd(*(one.numerator for one in amounts)), lcm(*(one.denominator for one in amounts)))


def _is_too_much(items: Sequence[Item], nodes: Nodes) -> bool:
    """Whether all nodes that some items may use have too little of one thing: a proof that needs no search."""
    for pools in {item.pools for item in items}:
        inside = [item for item in items if item.pools <= pools]
        having = [(node, count) for node, count in nodes if node.pool in pools]
        if sum(item.cpu * item.instances for item in inside) > sum(node.cpu * count for node, count in having):
            return True
        if sum(item.memory * item.instances for item in inside) > sum(node.memory * count for node, count in having):
            return True
        for place in range(3):
            wanted = sum((_taken(item, place) * item.instances for item in inside), Fraction(0))
            devices = (_fractions(device)[place] * count for node, count in having for device in node.devices)
            if wanted > sum(devices, Fraction(0)):
                return True
    return any(room(item, nodes, item.instances) < item.instances for item in items)


def _taken(item: Item, place: int) -> Fraction:
    """What an instance takes of one thing on all of its devices."""
    return Fraction(0) if item.takes is None else _fractions(item.takes)[place] * item.devices


def _fractions(part: Part) -> tuple[Fraction, Fraction, Fraction]:
    return part.places, Fraction(part.memory), part.compute


def _size(item: Item, nodes: Nodes) -> Fraction:
    """The largest share of an empty node, or of a device, that an instance takes."""
    shares = [Fraction(0)]
    for node, _ in nodes:
        if node.pool not in item.pools:
            continue
        shares += [Fraction(item.cpu) / Fraction(node.cpu or 1), Fraction(item.memory, node.memory or 1)]
        if item.takes is not None:
            wanted = _fractions(item.takes)
            for device in set(node.devices):
                shares += [one / (whole or 1) for one, whole in zip(wanted, _fractions(device), strict=True)]
    return max(shares)
