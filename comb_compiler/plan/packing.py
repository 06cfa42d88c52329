"""Whether instances fit onto nodes: a placement, or the proof that there is none, or that none can go wrong.

Vector bin packing is NP-hard, so each answer is worked out by what can prove it: a placement by first fit of the
largest first and, where that fails, by a bounded search; that there is none by that search, or by sums.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from comb_compiler.plan.sharing import Part

__all__ = ["Filled", "Item", "Node", "Nodes", "Packed", "empty", "fill", "pack", "placed", "room"]

_STEPS = 20_000
"""Placements that the search tries before it gives up."""
_MOST_NODES = 256
"""More nodes than these are not searched."""


class Item(NamedTuple):
    """Instances that are alike: what one takes, of which pools, and how many there are.

    `cpu` is in thousandths of cores. An instance takes `takes` of each of `devices` devices of one node. It is never on
    a node with one of a group in `apart`, which is mutual: theirs have its `group` there.
    """

    name: str
    cpu: int
    memory: int
    pools: frozenset[str]
    instances: int
    devices: int = 0
    takes: Part | None = None
    group: str = ""
    apart: frozenset[str] = frozenset()


class Node(NamedTuple):
    """A node: of which pool, and what is left on it. `cpu` is in thousandths of cores.

    `pods` are the instances that it has room for. `groups` are those on it that others are to be apart from, in order.
    """

    pool: str
    cpu: int
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
    if node.pool not in item.pools or item.cpu > node.cpu or item.memory > node.memory or not node.pods:
        return None
    if item.apart and not item.apart.isdisjoint(node.groups):
        return None
    devices = node.devices if item.takes is None else _taken(item.takes, item.devices, node.devices)
    return None if devices is None else _less(item, node, 1, devices)


def _taken(takes: Part, count: int, devices: tuple[Part, ...]) -> tuple[Part, ...] | None:
    """What so many of the devices leave when each is taken a part of; None where too few have it."""
    fitting = sorted((one, index) for index, one in enumerate(devices) if takes.fits(one))[:count]
    if len(fitting) < count:
        return None
    left = list(devices)
    for one, index in fitting:
        left[index] = one.less(takes)
    return tuple(left)


def _less(item: Item, node: Node, count: int, devices: tuple[Part, ...]) -> Node:
    groups = node.groups
    if item.apart and item.group not in groups:
        groups = tuple(sorted((*groups, item.group)))
    return Node(
        node.pool, node.cpu - count * item.cpu, node.memory - count * item.memory, devices, node.pods - count, groups
    )


def _held(item: Item, node: Node, most: int) -> tuple[int, Node]:
    """How many instances the node holds, counted up to `most`, and what they leave of it."""
    if item.takes is None:
        count = _held_without_devices(item, node, most)
        return count, _less(item, node, count, node.devices) if count else node
    count, after = 0, node
    while count < most and (more := placed(item, after)) is not None:
        count, after = count + 1, more
    return count, after


def _held_without_devices(item: Item, node: Node, most: int) -> int:
    if node.pool not in item.pools or (item.apart and not item.apart.isdisjoint(node.groups)):
        return 0
    by_cpu = node.cpu // item.cpu if item.cpu else most
    by_memory = node.memory // item.memory if item.memory else most
    return min(by_cpu, by_memory, node.pods, most)


def room(item: Item, nodes: Nodes, most: int) -> int:
    """How many instances of one item nodes hold, counted up to `most`."""
    total = 0
    for node, count in nodes:
        total += count * _held(item, node, most)[0]
        if total >= most:
            return most
    return total


def empty(nodes: Nodes) -> list[Filled]:
    """Nodes with nothing on them."""
    return [Filled(node, count, {}) for node, count in nodes if count]


def fill(item: Item, nodes: Iterable[Filled]) -> tuple[list[Filled], int]:
    """Put the instances on the first nodes that have room: the nodes then, and how many have no place."""
    left, after = item.instances, []
    for one in nodes:
        each, full = _held(item, one.node, left)
        if not each:
            after.append(one)
            continue
        whole = min(one.nodes, left // each)
        left -= whole * each
        after += _with(one, item, whole, each, full)
        rest = left if whole < one.nodes else 0
        if rest:
            left = 0
            after += _with(one, item, 1, *_held(item, one.node, rest))
        if one.nodes > whole + (rest > 0):
            after.append(one._replace(nodes=one.nodes - whole - (rest > 0)))
    return after, left


def _with(filled: Filled, item: Item, nodes: int, held: int, left: Node) -> Iterator[Filled]:
    if nodes:
        yield Filled(left, nodes, {**filled.holds, item.name: held})


def pack(items: Sequence[Item], nodes: Nodes) -> Packed:
    """Find a place for every instance, or say which have none."""
    size = _Size(nodes)
    ordered = sorted(items, key=lambda item: (-size.of(item), item.name))
    greedy = _first_fit(ordered, nodes)
    if not greedy.missing or _is_too_much(items, nodes):
        return greedy
    if sum(count for _, count in nodes) > _MOST_NODES:
        return greedy._replace(is_certain=False)
    search = _Search(ordered)
    found = search.run(tuple(node for node, count in nodes for _ in range(count)))
    return greedy._replace(is_certain=search.steps_left > 0) if found is None else found


def _first_fit(items: Sequence[Item], nodes: Nodes) -> Packed:
    filled, missing = empty(nodes), {}
    for item in items:
        filled, left = fill(item, filled)
        if left:
            missing[item.name] = left
    return Packed(tuple(filled), missing)


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


_Things = tuple[int, ...]
"""Thousandths of cores, memory, instances; then places, memory, compute and media engines of devices."""
_NOTHING = Part(0, 0, 0)


def _wanted(item: Item) -> _Things:
    return item.cpu, item.memory, 1, *_times(item.devices, (item.takes or _NOTHING).amounts)


def _having(node: Node) -> _Things:
    return node.cpu, node.memory, node.pods, *_sum(one.amounts for one in (_NOTHING, *node.devices))


def _times(count: int, things: Iterable[int]) -> _Things:
    return tuple(count * one for one in things)


def _sum(several: Iterable[Iterable[int]]) -> _Things:
    return tuple(sum(one) for one in zip(*several, strict=True)) or (0,) * 7


class _Size:
    """How large instances are: the largest share of an empty node, or of a device, that one takes."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._least: dict[frozenset[str], _Things] = {}

    def of(self, item: Item) -> float:
        """The share. What rounding makes alike is."""
        least = self._least.get(item.pools)
        if least is None:
            least = self._least[item.pools] = self._least_of(item.pools)
        wanted = (item.cpu, item.memory, *(item.takes.amounts if item.takes is not None else ()))
        return max((one / (there or 1) for one, there in zip(wanted, least, strict=False)), default=0.0)

    def _least_of(self, pools: frozenset[str]) -> _Things:
        """The least cores and memory that a node of these pools has, and the least of each thing that a device has."""
        ours = [node for node, _ in self._nodes if node.pool in pools]
        of_nodes = map(min, zip(*((node.cpu, node.memory) for node in ours), strict=True))
        of_devices = map(min, zip(*(one.amounts for node in ours for one in node.devices), strict=True))
        return *of_nodes, *of_devices
