"""Whether a fit hangs on luck: an order of arrival in which an instance finds no place."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from comb_compiler.plan.packing import Item, Node, Nodes, placed, room

__all__ = ["Rank", "unlucky"]

_MOST_STEPS = 20_000
"""After so many placements that were looked at the search is given up: what is not shown is not said."""


class Rank(NamedTuple):
    """How important an item is, and whether it takes the places of those that are less so."""

    value: int
    preempts: bool = True


_State = tuple[Node, Node]
"""A node, and the same one empty."""


def unlucky(items: Sequence[Item], ranks: Mapping[str, Rank], nodes: Nodes) -> str | None:
    """The name of an item of which an instance is left without a place by the others; None where none was found.

    The others come first, and each takes the node that has most left, as Kubernetes' scheduler chooses unless it is
    told otherwise. Those whose places it may take do not count.
    """
    tried = 0
    for last in sorted(items, key=lambda item: (room(item, nodes, _MOST_STEPS), item.name)):
        rank = ranks[last.name]
        others = [
            item for item in items if item is not last and not (rank.preempts and ranks[item.name].value < rank.value)
        ]
        for left_out, steps in _arrivals([*others, last], nodes):
            tried += steps
            if left_out is last:
                return last.name
            if tried > _MOST_STEPS or left_out is not None:
                break
        if tried > _MOST_STEPS:
            return None
    return None


def _arrivals(items: Sequence[Item], nodes: Nodes) -> Iterator[tuple[Item | None, int]]:
    """Items come in this order: after each instance the item that found no place, if so, and how many were tried."""
    state: dict[_State, int] = {}
    for node, count in nodes:
        if count:
            state[node, node] = state.get((node, node), 0) + count
    for item in items:
        for _ in range(item.instances):
            fitting = [(one, after) for one in state if (after := placed(item, one[0])) is not None]
            if not fitting:
                yield item, len(state)
                return
            (node, empty), after = max(fitting, key=lambda pair: (_left(pair[1], pair[0][1]), pair[0][0]))
            state[node, empty] -= 1
            if not state[node, empty]:
                del state[node, empty]
            state[after, empty] = state.get((after, empty), 0) + 1
            yield None, len(state)


def _left(node: Node, empty: Node) -> float:
    """How much of a node is left: of its cores, its memory and its devices alike."""
    of_devices = sum(
        min(_share(one.places, whole.places), _share(one.compute, whole.compute))
        for one, whole in zip(node.devices, empty.devices, strict=True)
    )
    return _share(node.cpu, empty.cpu) + _share(node.memory, empty.memory) + of_devices / (len(node.devices) or 1)


def _share(left: int, whole: int) -> float:
    return left / whole if whole else 1.0
