"""The plan as a value: what runs where, for one comb in one environment. It knows nothing of Kubernetes."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from comb_compiler.plan.packing import Node
from comb_compiler.plan.sharing import Slice
from comb_compiler.spec.comb.operators import Preference, Requirement
from comb_compiler.spec.comb.scaling import Scale

__all__ = [
    "Amounts",
    "ClusterPlan",
    "Fit",
    "GreyRelease",
    "Group",
    "NodeLeft",
    "Plan",
    "Replicas",
    "Traffic",
    "Workload",
]


class Group(NamedTuple):
    """Operators that share a pod: one process hosts them all. The entry also hosts the graph, and may have none."""

    name: str
    operators: tuple[str, ...]
    is_entry: bool = False


class Amounts(NamedTuple):
    """What one instance asks for: cores, bytes of memory, and a slice of devices where it runs on some."""

    cpu: Decimal
    memory: int
    slice: Slice | None = None


class Replicas(NamedTuple):
    """How many instances, from `least` to `most`; what moves them between is the group's `scale`."""

    least: int
    most: int


class Workload(NamedTuple):
    """Instances of a group that are alike, on one class of device. `pools` are those that they may run in.

    Nothing keeps them off `strays`, pools of other nodes. `name` is unique in the namespace. `scale` has the targets
    and the pace; `replicas` are its bounds for this class.
    """

    name: str
    group: Group
    device: str
    pools: tuple[str, ...]
    amounts: Amounts
    replicas: Replicas
    scale: Scale
    priority: str | None = None
    require: tuple[Requirement, ...] = ()
    prefer: tuple[Preference, ...] = ()
    apart: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()


class NodeLeft(NamedTuple):
    """What is left on each of so many nodes when their instances, by workload, are placed; and what one is empty."""

    nodes: int
    node: Node
    empty: Node
    instances: Mapping[str, int]


class Fit(NamedTuple):
    """Whether all instances find a place on empty nodes.

    `fits` says that there is a placement, `safe` that none could go wrong, whatever the order of arrival. Where there
    is none, `missing` are the workloads with the instances that find no place.
    """

    fits: bool
    safe: bool
    left: tuple[NodeLeft, ...]
    missing: Mapping[str, int]


class ClusterPlan(NamedTuple):
    """What runs in one cluster: the whole comb; all of it in `zone`, where its pods share files there."""

    cluster: str
    namespace: str
    workloads: tuple[Workload, ...]
    fit: Fit
    zone: str | None = None


class GreyRelease(NamedTuple):
    """Rising shares of the users, how long each step is watched, and what brings the earlier release back.

    What `rollout.abort` does not say is the SLA's; None where that promises nothing either.
    """

    steps: tuple[Decimal, ...]
    hold: timedelta
    error_rate: Decimal | None
    timeout_rate: Decimal | None
    p99: timedelta | None

    @property
    def largest(self) -> Decimal:
        """The most that a candidate ever gets."""
        return max(self.steps)


class Traffic(NamedTuple):
    """Weights by arm, none without an experiment; and the grey release, None where a new one takes over at once."""

    arms: Mapping[str, int]
    rollout: GreyRelease | None = None


class Plan(NamedTuple):
    """What runs for one comb in one environment."""

    comb: str
    team: str | None
    environment: str
    groups: tuple[Group, ...]
    clusters: tuple[ClusterPlan, ...]
    traffic: Traffic = Traffic({})
