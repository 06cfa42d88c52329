"""What nodes have left while items come one after the other."""

from collections.abc import Iterable

from comb_compiler.plan.packing import Filled, Item, Node, Nodes, empty, fill, pack, room

__all__ = ["Leftover"]


class Leftover:
    """Nodes that items are put on as they come.

    An item goes where there is room now, so that many cost little. All are packed anew, the largest first, only where
    that could make room for one that has none; never again once one has no place, since then all is in vain.
    """

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._left = nodes
        self._items: list[Item] = []
        self._loose: set[str] = set()
        """Pools that items came to since they were packed."""
        self._is_in_vain = False

    def put(self, item: Item) -> None:
        """Put all instances of an item that have room onto nodes."""
        self._items.append(item)
        filled, without = fill(item, empty(self._left))
        self._left = _merged(filled)
        self._loose |= item.pools
        if without and not self._is_in_vain:
            self._pack()

    def room(self, item: Item, wanted: int, most: int) -> int:
        """How many instances of an item have room beside the others, counted up to `most`; `wanted` are asked for."""
        found = room(item, self._left, most)
        if found >= wanted or self._is_in_vain or self._loose.isdisjoint(item.pools):
            return found
        self._pack()
        return room(item, self._left, most)

    def _pack(self) -> None:
        packed = pack(self._items, self._nodes)
        self._left, self._loose, self._is_in_vain = _merged(packed.nodes), set(), bool(packed.missing)


def _merged(filled: Iterable[Filled]) -> Nodes:
    """Nodes that have the same left are alike, whatever is on them."""
    counts: dict[Node, int] = {}
    for one in filled:
        counts[one.node] = counts.get(one.node, 0) + one.nodes
    return list(counts.items())
