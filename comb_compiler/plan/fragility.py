"""Whether a fit hangs on luck: an order of arrival in which an instance finds no place."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from comb_compiler.plan.packing import Item, Node, Nodes, placed

__all__ = ["Rank", "unlucky"]

_MOST_INSTANCES = 2_000
"""Of more instances no order is tried: what is not shown is not said."""


class Rank(NamedTuple):
    """How important an item is, and whether it takes the places of those that are less so."""

    value: int
    preempts: bool = True


_State = tuple[Node, Node]
"""A node, and the same one empty."""


def unlucky(items: Sequence[Item], ranks: Mapping[str, Rank], nodes: Nodes) -> str | None:
    """The name of an item whose last instance is left without a place by the others; None where none was found.

    The others come first, and each takes the node that has most left, as Kubernetes' scheduler chooses unless it is
    told otherwise. Those whose places it may take do not count.
    """
    if sum(item.instances for item in items) > _MOST_INSTANCES:
        return None
    for last in items:
        rank = ranks[last.name]
        others = [
            item for item in items if item is not last and not (rank.preempts and ranks[item.name].value < rank.value)
        ]
        if last.instances and not _all_placed([*others, last], nodes):
            return last.name
    return None


def _all_placed(items: Sequence[Item], nodes: Nodes) -> bool:
    """Whether the last item finds a place for all when the items come in this order."""
    state: dict[_State, int] = {}
    for node, count in nodes:
        if count:
            state[node, node] = state.get((node, node), 0) + count
    for item in items:
        for _ in range(item.instances):
            fitting = [(one, after) for one in state if (after := placed(item, one[0])) is not None]
            if not fitting:
                return item is not items[-1]
            (node, empty), after = max(fitting, key=lambda pair: (_left(pair[1], pair[0][1]), pair[0][0]))
            state[node, empty] -= 1
            if not state[node, empty]:
                del state[node, empty]
            state[after, empty] = state.get((after, empty), 0) + 1
    return True


def _left(node: Node, empty: Node) -> Fraction:
    """How much of a node is left: of its cores, its memory and its devices alike."""
    shares = [_share(node.cpu, empty.cpu), _share(node.memory, empty.memory)]
    for one, whole in zip(node.devices, empty.devices, strict=True):
        shares.append(min(_share(one.places, whole.places), _share(one.compute, whole.compute)) / len(node.devices))
    return sum(shares, Fraction(0))


def _share(left: Decimal | Fraction | int, whole: Decimal | Fraction | int) -> Fraction:
    return Fraction(left) / Fraction(whole) if whole else Fraction(1)
