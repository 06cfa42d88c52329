"""Whether a fit is safe: by counting how many nodes others could possibly keep from an instance."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import gcd

from comb_compiler.plan.packing import Item, Node, Nodes, placed
from comb_compiler.plan.sharing import Part

__all__ = ["is_safe"]

_Times = Mapping[int, int]
"""Amounts of one thing that are taken of one place, and how often."""
_ON_NODE = 3
"""Cores, memory and instances are things of nodes; those after them are of devices."""


def is_safe(items: Sequence[Item], nodes: Nodes) -> bool:
    """Whether every instance finds a place whatever the order in which they come and the nodes that are chosen.

    A node is kept from an instance only by others that leave too little of something on it, or that are never to be
    beside it. What all others ask for together bounds how many nodes they can do that to; if those are fewer than there
    are, one is always free.
    """
    if any(_is_cut_as_they_come(node.pool, items) for node, _ in nodes if any(not one.profile for one in node.devices)):
        return False
    near = {
        pools: [item for item in items if not item.pools.isdisjoint(pools)] for pools in {item.pools for item in items}
    }
    asked = {
        kind: [*_of_nodes(near[kind[0]]), *_of_devices(_rivals(near[kind[0]], kind, nodes))]
        for kind in {_kind(item) for item in items}
    }
    return all(_always_fits(item, near[item.pools], asked[_kind(item)], nodes) for item in items if item.instances)


def _is_cut_as_they_come(pool: str, items: Iterable[Item]) -> bool:
    """Whether slices of several profiles are asked of its devices: where the first are cut, others no longer begin."""
    return len({item.takes.profile for item in items if item.takes is not None and pool in item.pools} - {""}) > 1


_Kind = tuple[frozenset[str], str]
"""Pools, and the profile of which slices are taken."""


def _kind(item: Item) -> _Kind:
    return item.pools, "" if item.takes is None else item.takes.profile


def _things(item: Item) -> tuple[int, ...]:
    """What an instance takes of a node; then of a device."""
    return item.cpu, item.memory, 1, *(() if item.takes is None else item.takes.amounts)


def _of_nodes(items: Iterable[Item]) -> Sequence[_Times]:
    """What all instances take of each thing of nodes."""
    asked: list[dict[int, int]] = [{} for _ in range(_ON_NODE)]
    for item in items:
        for times, amount in zip(asked, _things(item), strict=False):
            times[amount] = times.get(amount, 0) + item.instances
    return asked


def _of_devices(items: Iterable[Item]) -> Sequence[_Times]:
    """What all instances take of each thing of devices."""
    asked: list[dict[int, int]] = [{} for _ in Part(0, 0, 0).amounts]
    for item in items:
        for times, amount in zip(asked, _things(item)[_ON_NODE:], strict=True):
            times[amount] = times.get(amount, 0) + item.instances * item.devices
    return asked


def _rivals(items: Iterable[Item], kind: _Kind, nodes: Nodes) -> Iterator[Item]:
    """Those that may take of the same devices: where all are cut into slices, those of the same profile."""
    pools, profile = kind
    are_cut = all(part.profile for node, _ in nodes if node.pool in pools for part in node.devices)
    for item in items:
        if item.takes is not None and (not are_cut or item.takes.profile == profile):
            yield item


def _always_fits(item: Item, near: Sequence[Item], asked: Sequence[_Times], nodes: Nodes) -> bool:
    mine = [(node, count) for node, count in nodes if count and placed(item, node) is not None]
    others = [
        {**times, amount: times[amount] - (1 if index < _ON_NODE else item.devices)}
        for index, (amount, times) in enumerate(zip(_things(item), asked, strict=False))
    ]
    kept = (
        _kept([(node.cpu, count) for node, count in mine], item.cpu, others[0])
        + _kept([(node.memory, count) for node, count in mine], item.memory, others[1])
        + _kept([(node.pods, count) for node, count in mine], 1, others[2])
        + _kept_by_devices(item, mine, others[_ON_NODE:])
        + (sum(other.instances for other in near if other.group in item.apart) if item.apart else 0)
    )
    return kept < sum(count for _, count in mine)


def _kept_by_devices(item: Item, nodes: Sequence[tuple[Node, int]], others: Sequence[_Times]) -> int:
    """How many nodes others can keep from an instance by taking up so many devices that too few are left."""
    if item.takes is None or not nodes:
        return 0
    kept, profiles = 0, ("", item.takes.profile)
    fitting = [([part.amounts for part in node.devices if part.profile in profiles], count) for node, count in nodes]
    for index, (needed, times) in enumerate(zip(item.takes.amounts, others, strict=True)):
        kept += _kept([(part[index], count) for parts, count in fitting for part in parts], needed, times)
    enough = min(len(parts) for parts, _ in fitting) - item.devices + 1
    return kept // enough


def _kept(having: Sequence[tuple[int, int]], needed: int, others: _Times) -> int:
    """How many places can be left with less of a thing than is needed, when others take no more of all of them.

    `having` are amounts that places have, and how many of them have it.
    """
    unit = gcd(*(amount for amount, times in others.items() if times))
    if not needed or not unit:
        return 0
    kept, taken = 0, sum(amount * times for amount, times in others.items())
    for there, count in sorted(having):
        # More than what is spare has to be taken of the place, by others that take multiples of a unit.
        least = ((there - needed) // unit + 1) * unit
        several = min(count, taken // least)
        kept += several
        taken -= several * least
    return kept
