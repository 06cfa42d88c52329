"""Workloads as what is packed onto nodes."""

from collections.abc import Mapping, Sequence

from comb_compiler.plan.asked import Asked
from comb_compiler.plan.model import Group, Workload
from comb_compiler.plan.packing import Item

__all__ = ["Strangers", "item_of", "strangers_of"]

Strangers = Mapping[Group, frozenset[str]]
"""The groups that each is to be apart from, which is mutual; those that say nothing of it are left out."""


def strangers_of(asked: Sequence[Asked]) -> Strangers:
    """Who of these is to be apart from whom."""
    found: dict[Group, set[str]] = {}
    for one in asked:
        named = {name for operator in one.operators.values() for name in operator.affinity.apart}
        for other in asked if named else ():
            if other is not one and not named.isdisjoint(other.operators):
                found.setdefault(one.group, set()).add(_key(other.group))
                found.setdefault(other.group, set()).add(_key(one.group))
    return {group: frozenset(others) for group, others in found.items()}


def item_of(workload: Workload, instances: int, strangers: Strangers) -> Item:
    """So many instances of a workload, wherever they may come to be."""
    amounts = workload.amounts
    part = amounts.slice
    return Item(
        workload.name,
        int(amounts.cpu * 1000),
        amounts.memory,
        frozenset((*workload.pools, *workload.strays)),
        instances,
        devices=0 if part is None else part.devices,
        takes=None if part is None else part.takes,
        group=_key(workload.group),
        apart=strangers.get(workload.group, frozenset()),
    )


def _key(group: Group) -> str:
    """A group's own name; an operator may have that of the entry, which is the comb's."""
    return "" if group.is_entry else group.name
