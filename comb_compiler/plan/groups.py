"""Which operators share a pod, and so a process."""

from collections.abc import Iterable, Mapping

from comb_compiler.plan.model import Group
from comb_compiler.spec import Comb
from comb_compiler.spec.comb.operators import Operator

__all__ = ["groups_of"]


def groups_of(comb: Comb, used: Iterable[str]) -> tuple[Group, ...]:
    """The entry first, then the others in the file's order. `used` are the operators that a graph calls.

    Operators that `affinity.with` joins, directly or through others, are one group. Those that ask neither for devices
    nor for a place or neighbours run in the entry, where the graph runs; so does the only group that would be left,
    since parting it would cost a hop and gain nothing. An operator that is an image runs in that, and so never there.
    """
    wanted = set(used)
    operators = {name: operator for name, operator in comb.operators.items() if name in wanted}
    joined = _joined(operators)
    apart = [names for names in joined if not all(_asks_nothing(operators[name]) for name in names)]
    if len(apart) <= 1 and not any(operators[name].image for names in apart for name in names):
        return (Group(comb.metadata.name, tuple(operators), is_entry=True),)
    elsewhere = {name for names in apart for name in names}
    entry = tuple(name for name in operators if name not in elsewhere)
    return (Group(comb.metadata.name, entry, is_entry=True), *(Group(names[0], names) for names in apart))


def _asks_nothing(operator: Operator) -> bool:
    if operator.oip is not None:  # it runs on a server of its own, which the process that answers calls
        return True
    affinity = operator.affinity
    asks = (operator.devices, operator.resources.gpu, operator.image, affinity.require, affinity.prefer, affinity.apart)
    return not any(asks)


def _joined(operators: Mapping[str, Operator]) -> list[tuple[str, ...]]:
    """Connected components by `with`, each in the file's order."""
    neighbours: dict[str, set[str]] = {name: set() for name in operators}
    for name, operator in operators.items():
        for other in operator.affinity.beside:
            if other in neighbours:
                neighbours[name].add(other)
                neighbours[other].add(name)
    seen: set[str] = set()
    components = []
    for name in operators:
        if name not in seen:
            component = _reached(name, neighbours)
            seen |= component
            components.append(tuple(one for one in operators if one in component))
    return components


def _reached(name: str, neighbours: Mapping[str, set[str]]) -> set[str]:
    reached, pending = {name}, [name]
    while pending:
        new = neighbours[pending.pop()] - reached
        reached |= new
        pending += new
    return reached
