"""Whether a fit is safe: by counting how many nodes others could possibly keep from an instance."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import NamedTuple

from comb_compiler.plan.packing import Item, Nodes, fractions, placed

__all__ = ["is_safe"]


class _Amount(NamedTuple):
    """How much of one thing each node has, as pairs with how many nodes; what an instance needs; what others take.

    Others are pairs of what one takes of one place, and how often in all.
    """

    having: Sequence[tuple[Fraction, int]]
    needed: Fraction
    others: Sequence[tuple[Fraction, int]]


def is_safe(items: Sequence[Item], nodes: Nodes) -> bool:
    """Whether every instance finds a place whatever the order in which they come and the nodes that are chosen.

    A node is kept from an instance only by others that leave too little of something on it, or that are never to be
    beside it. What all others ask for together bounds how many nodes they can do that to; if those are fewer than there
    are, one is always free.
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
    pods = _Amount(
        [(Fraction(node.pods), count) for node, count in mine],
        Fraction(1),
        [(Fraction(1), count) for _, count in others],
    )
    strangers = sum(count for other, count in others if other.group in item.apart)
    kept = _kept(cpu) + _kept(memory) + _kept(pods) + _kept_by_devices(item, mine, others) + strangers
    return kept < sum(count for _, count in mine)


def _kept_by_devices(item: Item, nodes: Nodes, others: Sequence[tuple[Item, int]]) -> int:
    """How many nodes others can keep from an instance by taking up so many devices that too few are left."""
    if item.takes is None or not nodes:
        return 0
    kept = 0
    for place, needed in enumerate(fractions(item.takes)):
        taking = [
            (fractions(other.takes)[place], other.devices * count) for other, count in others if other.takes is not None
        ]
        having = [(fractions(device)[place], count) for node, count in nodes for device in node.devices]
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
