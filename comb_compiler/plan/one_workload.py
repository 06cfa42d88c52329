"""The thinnest true plan: all operators in one pod, in the order in which they run."""

from decimal import Decimal
from typing import NamedTuple

from comb_compiler.graph import OperatorGraph, execution_levels
from comb_compiler.spec import Comb

__all__ = ["OneWorkload", "ThinPlan", "plan_one_workload"]


class OneWorkload(NamedTuple):
    """Instances that are alike. `cpu` is in cores and `memory` in bytes, each for one instance; 0 says nothing."""

    name: str
    operators: tuple[str, ...]
    replicas: int
    cpu: Decimal
    memory: int


class ThinPlan(NamedTuple):
    """What runs for one comb in one environment."""

    comb: str
    team: str | None
    workloads: tuple[OneWorkload, ...]


def plan_one_workload(comb: Comb, graph: OperatorGraph) -> ThinPlan:
    """One workload with what its operators need together, as often as the one that needs most instances."""
    steps = [name for level in execution_levels(graph) for name in level]
    names = tuple(dict.fromkeys(graph.steps[name].operator for name in steps))
    operators = [comb.operators[name] for name in names]
    workload = OneWorkload(
        name=comb.metadata.name,
        operators=names,
        replicas=max((operator.scale.min for operator in operators), default=1),
        cpu=sum((operator.resources.cpu or Decimal(0) for operator in operators), Decimal(0)),
        memory=sum(operator.resources.memory or 0 for operator in operators),
    )
    return ThinPlan(comb.metadata.name, comb.metadata.team, (workload,))
