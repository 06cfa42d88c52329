"""What would make room for instances that have no place."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from comb_compiler.plan.packing import Item, Node, room
from comb_compiler.plan.wording import plain, size
from comb_compiler.spec.wording import listed

__all__ = ["change_for", "lacking"]

_MOST = 10_000


def change_for(item: Item, missing: int, nodes: Sequence[Node]) -> str:
    """What would give `missing` instances of an item a place: more nodes of a pool, or less asked of one.

    `nodes` are empty ones, one of each pool. What else is placed stays where it is.
    """
    ours = [node for node in nodes if node.pool in item.pools]
    each, best = max(((room(item, [(node, 1)], _MOST), node) for node in ours), key=lambda pair: pair[0])
    if each:
        more = -(-missing // each)
        nodes_more = f"{more} more node{'s' if more > 1 else ''} of `{best.pool}` would hold {_them(missing)}"
        fewer = f", or ask for {missing} fewer" if missing < item.instances else ""
        others = sorted(item.apart - {""})
        return (f"they are to be apart from {listed(others)}; " if others else "") + nodes_more + fewer
    pool, short = _nearest(item, ours)
    has = " and ".join(said for _, said in short)
    return f"a node of `{pool}` has no more than {has}: ask for less, or have the platform add larger ones"


def lacking(item: Item, nodes: Sequence[Node]) -> str:
    """The field of `resources` of which the nodes that come nearest have too little for one instance; empty for none.

    `nodes` are empty ones, one of each pool.
    """
    _, short = _nearest(item, [node for node in nodes if node.pool in item.pools])
    return next((field for field, _ in short), "")


def _nearest(item: Item, ours: Sequence[Node]) -> tuple[str, list[tuple[str, str]]]:
    """The pool whose nodes have too little of the fewest things, and of what."""
    short = {node.pool: list(_short(item, node)) for node in ours}
    pool = min(short, key=lambda one: len(short[one]))
    return pool, short[pool]


def _them(missing: int) -> str:
    return "it" if missing == 1 else "them"


def _short(item: Item, node: Node) -> Iterator[tuple[str, str]]:
    """Of what an empty node has too little for one instance, as a field of `resources`, and how much it has."""
    if item.cpu > node.cpu:
        yield "cpu", f"{plain(Decimal(node.cpu) / 1000)} cores"
    if item.memory > node.memory:
        yield "memory", size(node.memory)
    if item.takes is not None:
        fitting = sum(item.takes.fits(one) for one in node.devices)
        if fitting < item.devices:
            yield "gpu", f"{fitting} such device{'' if fitting == 1 else 's'}"
    if not node.pods:
        yield "", "no pods"
