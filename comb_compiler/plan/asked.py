"""What a group of operators asks for together."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from comb_compiler.plan.model import Amounts, Group
from comb_compiler.plan.sharing import Refusal, grant, wish_of
from comb_compiler.source import Path
from comb_compiler.spec import Bound, Comb
from comb_compiler.spec.comb.operators import Operator, Requirement
from comb_compiler.spec.comb.scaling import Query, Scale, ScaleTargets, ScalingPace
from comb_compiler.spec.platform.clusters import NodePool
from comb_compiler.spec.platform.devices import DeviceClass
from comb_compiler.spec.platform.release import Priority

__all__ = [
    "CPU",
    "DEFAULT_CPU",
    "DEFAULT_MEMORY",
    "UNSCALED",
    "Asked",
    "amounts_of",
    "classes_of",
    "cores_and_memory",
    "may_use",
    "priority_of",
    "scale_of",
]

CPU = "cpu"
"""The class of nodes without devices."""
DEFAULT_CPU = Decimal("0.1")
DEFAULT_MEMORY = 256 * 2**20
"""What an instance counts for whose operators say nothing: about what an idle one takes.

One that asks for nothing would be the first to be killed where memory is short, and would count for nothing where it is
placed.
"""

UNSCALED = Scale.model_construct(set(), targets=ScaleTargets.model_construct())
"""The scale of who says nothing of it: made as it is, since for a call pydantic would build a validator of its own."""

_LONGEST = 59
"""So long may a name be with a number behind it: it is a label, too."""


class Asked(NamedTuple):
    """A group with its operators, and the comb that it is of: its places are those of what is asked."""

    bound: Bound[Comb]
    group: Group
    operators: Mapping[str, Operator]

    @property
    def first(self) -> str:
        """The operator to name for the group; empty for an entry without operators."""
        return next(iter(self.operators), "")

    def path(self, *path: str | int, of: str = "") -> Path:
        """Where an operator says something."""
        return ("operators", of or self.first, *path)


def classes_of(asked: Asked) -> tuple[str, ...]:
    """The classes of device that all operators of a group can have, in the order of the first that names any."""
    named = [operator.devices for operator in asked.operators.values() if operator.devices]
    if not named:
        return (CPU,)
    return tuple(device for device in named[0] if all(device in others for others in named))


def may_use(asked: Asked, pool: NodePool) -> bool:
    """Whether the nodes of a pool are where all operators of a group require to be."""
    return all(_is_met(operator.affinity.require, pool) for operator in asked.operators.values())


def _is_met(required: Sequence[Requirement], pool: NodePool) -> bool:
    return not required or any(
        (one.zone is None or one.zone == pool.zone) and one.labels.items() <= pool.labels.items() for one in required
    )


def cores_and_memory(operators: Iterable[Operator]) -> tuple[Decimal, int]:
    """The cores and the bytes of memory of operators that share a process."""
    resources = [operator.resources for operator in operators]
    cpu = sum((one.cpu or Decimal(0) for one in resources), Decimal(0))
    return cpu or DEFAULT_CPU, sum(one.memory or 0 for one in resources) or DEFAULT_MEMORY


def amounts_of(asked: Asked, name: str, device: DeviceClass | None, pool: NodePool) -> Amounts | Refusal:
    """What one instance takes of a node of a pool, whose devices are of the class `name`; None for one of CPUs."""
    cpu, memory = cores_and_memory(asked.operators.values())
    gpus = [operator.resources.gpu for operator in asked.operators.values() if operator.resources.gpu is not None]
    if device is None or not gpus:
        return Amounts(cpu, memory)
    granted = grant(wish_of(gpus, device), name, device, pool.sharing)
    return granted if isinstance(granted, Refusal) else Amounts(cpu, memory, granted)


def priority_of(asked: Asked, priorities: Mapping[str, Priority]) -> str | None:
    """The operator of a group whose priority its pods have: the first of those that name the highest."""
    named = {name: operator.priority for name, operator in asked.operators.items() if operator.priority in priorities}
    return max(named, key=lambda name: priorities[named[name] or ""].value, default=None)


def scale_of(asked: Asked) -> Scale:
    """The scale of a group: as many as any of its operators needs, as eagerly, for the targets of all of them."""
    scales = [operator.scale for operator in asked.operators.values()]
    if not scales:
        return UNSCALED
    if len(scales) == 1:
        [alone] = scales
        return alone if alone.max is not None else alone.model_copy(update={"max": alone.min})
    most = max(one.min if one.max is None else one.max for one in scales)
    paces = [one.pace for one in scales if "pace" in one.model_fields_set]
    made = {"min": max(one.min for one in scales), "max": most, "targets": _targets([one.targets for one in scales])}
    return scales[0].model_copy(update={**made, "pace": max(paces, key=list(ScalingPace).index, default=UNSCALED.pace)})


def _targets(several: Sequence[ScaleTargets]) -> ScaleTargets:
    """All targets that are given; of one that is given twice the lower value, which wants more instances."""
    lowest: dict[str, Any] = {}
    queries: dict[str, Query] = {}
    for targets in several:
        for name, value in targets:
            if name != "queries" and value is not None:
                lowest[name] = min(value, lowest.get(name, value))
        for wanted, query in targets.queries.items():
            name = _free(wanted, query, queries)
            queries[name] = min(query, queries.get(name, query), key=lambda one: one.target)
    return several[0].model_copy(update={**lowest, "queries": queries})


def _free(name: str, query: Query, queries: Mapping[str, Query]) -> str:
    """The name, with a number behind it where other operators have other queries of that name."""
    free, number = name, 2
    while free in queries and queries[free].query != query.query:
        free, number = f"{name[:_LONGEST]}-{number}", number + 1
    return free
