"""A comb × a platform × an environment → Plan, and what stands in its way."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from comb_compiler.diagnostics import Diagnostic, Label
from comb_compiler.plan import zones
from comb_compiler.plan.asked import CPU, UNSCALED, Asked, amounts_of, classes_of, may_use, priority_of, scale_of
from comb_compiler.plan.changes import change_for, lacking
from comb_compiler.plan.division import Room, divide
from comb_compiler.plan.findings import (
    contradiction,
    fragile,
    indistinct,
    name_clash,
    never_grows,
    no_common_class,
    no_room,
    no_zone,
    nowhere,
    one_image,
    over_quota,
    refused,
    unroutable,
)
from comb_compiler.plan.fragility import Rank, unlucky
from comb_compiler.plan.groups import groups_of
from comb_compiler.plan.items import Strangers, item_of, strangers_of
from comb_compiler.plan.leftover import Leftover
from comb_compiler.plan.model import Amounts, ClusterPlan, Fit, Group, NodeLeft, Plan, Replicas, Workload
from comb_compiler.plan.names import object_name
from comb_compiler.plan.openness import open_pools
from comb_compiler.plan.packing import Filled, Node, pack, room
from comb_compiler.plan.places import places_of
from comb_compiler.plan.quotas import Excess, never_reached, too_much
from comb_compiler.plan.safety import is_safe
from comb_compiler.plan.scaling import is_moved, scaling_findings
from comb_compiler.plan.sharing import Refusal, capacity
from comb_compiler.plan.traffic import traffic_of
from comb_compiler.spec import Bound, Comb
from comb_compiler.spec.comb.scaling import Scale
from comb_compiler.spec.platform import Platform
from comb_compiler.spec.platform.clusters import Autoscaling, Cluster, NodePool
from comb_compiler.spec.platform.devices import GpuSharing

__all__ = ["Planned", "plan_comb"]

_ROOM = 10_000
"""No more instances than these can be asked for."""


class Planned(NamedTuple):
    """A plan, and what is wrong with it. With errors the plan is what can be told in spite of them."""

    plan: Plan
    diagnostics: tuple[Diagnostic, ...]


def plan_comb(bound: Bound[Comb], on: Bound[Platform], environment: str, used: Iterable[str]) -> Planned:
    """The plan of a comb, as the environment makes it, for each of the environment's clusters.

    `used` are the operators that a graph of the comb, or of one of its arms, calls. `environment` is one of the
    platform's.
    """
    comb, platform = bound.value, on.value
    assert comb is not None
    assert platform is not None
    groups = groups_of(comb, used)
    asked = [
        Asked(bound, group, {name: one for name in group.operators if (one := comb.operators[name]).oip is None})
        for group in groups
    ]
    target = platform.environments[environment]
    found: dict[Diagnostic, None] = dict.fromkeys((*_contradictions(asked), *unroutable(bound, on)))
    clusters = []
    for name in target.clusters:
        planned, wrong = _in_cluster(name, bound, platform, asked, target.namespace)
        clusters.append(planned)
        found |= dict.fromkeys((*wrong, *_over_quota(planned, asked, on), *open_pools(planned, on)))
    plan = Plan(comb.metadata.name, comb.metadata.team, environment, groups, tuple(clusters), traffic_of(comb))
    return Planned(plan, tuple(found))


def _in_cluster(
    name: str, bound: Bound[Comb], platform: Platform, asked: Sequence[Asked], namespace: str
) -> tuple[ClusterPlan, Sequence[Diagnostic]]:
    comb, cluster = bound.value, platform.clusters[name]
    assert comb is not None
    if not zones.is_zonal(comb):
        return _planned(name, cluster, platform, asked, namespace)
    plans: list[zones.InZone] = []
    for zone, part in zones.zones_of(cluster):
        planned, found = _planned(name, part, platform, asked, namespace, zone)
        plans.append((planned._replace(zone=zone), found))
    if not plans:
        planned, found = _planned(name, cluster, platform, asked, namespace)
        return planned, (no_zone(bound, name), *found)
    planned, found = zones.best(plans, asked)
    assert planned.zone is not None
    mixed = [] if zones.can_be_told(planned, cluster) else [no_zone(bound, name, planned.zone)]
    return planned, (*zones.told(found, bound), *mixed)


def _planned(
    name: str, cluster: Cluster, platform: Platform, asked: Sequence[Asked], namespace: str, zone: str | None = None
) -> tuple[ClusterPlan, Sequence[Diagnostic]]:
    planning = _Planning(name, cluster, platform, zone)
    return planning.plan(asked, namespace), planning.found


def _contradictions(asked: Sequence[Asked]) -> Iterator[Diagnostic]:
    for one in asked:
        for name, operator in one.operators.items():
            for index, other in enumerate(operator.affinity.apart):
                if other in one.operators:
                    yield contradiction(one, name, index, other)
        own = next((name for name, operator in one.operators.items() if operator.image), None)
        if own is not None:
            image = one.operators[own].image
            others = [name for name, operator in one.operators.items() if operator.image != image]
            yield from (one_image(one, own, other) for other in others[:1])


def _over_quota(cluster: ClusterPlan, asked: Sequence[Asked], on: Bound[Platform]) -> Iterator[Diagnostic]:
    platform, namespace = on.value, cluster.namespace
    assert platform is not None
    if namespace not in platform.namespaces:
        return
    quota, whose = platform.namespaces[namespace].quota, {one.group: one for one in asked}

    def label(excess: Excess) -> Label:
        return Label(on.place("namespaces", namespace, "quota", *excess.where).span, "the quota")

    for excess in too_much(cluster.workloads, quota, platform.devices):
        yield over_quota(whose[excess.workload.group], excess, namespace, label(excess), cluster.cluster)
    for excess in never_reached(cluster.workloads, quota, platform.devices):
        if excess.workload.replicas.most > excess.workload.replicas.least:
            yield never_grows(whose[excess.workload.group], excess, namespace, label(excess), cluster.cluster)


class _Planning:
    """Plans for one cluster, and gathers what is wrong."""

    def __init__(self, name: str, cluster: Cluster, platform: Platform, zone: str | None) -> None:
        self.found: list[Diagnostic] = []
        self._name = name
        self._cluster = cluster
        self._zone = zone
        self._platform = platform
        self._strangers: Strangers = {}
        self._empty = [(self._node(name, pool), pool.nodes) for name, pool in cluster.node_pools.items()]
        self._leftover = Leftover(self._empty)

    def plan(self, asked: Sequence[Asked], namespace: str) -> ClusterPlan:
        """One group after the other, each where those before it have left room."""
        self._strangers = strangers_of(asked)
        workloads: list[Workload] = []
        for one in asked:
            made = list(self._workloads(one))
            self.found += scaling_findings(one, made, self._name, self._cluster)
            workloads += made
        by_group = {one.group: one for one in asked}
        self._find_clashes(workloads, by_group)
        self._find_indistinct(workloads, by_group)
        return ClusterPlan(self._name, namespace, tuple(workloads), self._fit(workloads, by_group))

    def _find_indistinct(self, workloads: Sequence[Workload], by_group: Mapping[Group, Asked]) -> None:
        """Zones that are required, and that neither labels of their own nor of their pools tell from others."""
        everywhere = {pool.zone for pool in self._cluster.node_pools.values()}
        for one in workloads if len(everywhere) > 1 else ():
            pools = [self._cluster.node_pools[name] for name in one.pools]
            for place in one.require:
                zone = self._cluster.zones.get(place.zone or "")
                here = [pool for pool in pools if pool.zone == place.zone]
                if zone and here and not (zone.node_labels or place.labels or all(pool.labels for pool in here)):
                    self.found.append(indistinct(by_group[one.group], place.zone or "", self._name))

    def _find_clashes(self, workloads: Sequence[Workload], by_group: Mapping[Group, Asked]) -> None:
        first: dict[str, Workload] = {}
        for one in workloads:
            other = first.setdefault(one.name, one)
            if other is not one:
                self.found.append(name_clash(by_group[one.group], one, other, self._name))

    def _node(self, name: str, pool: NodePool) -> Node:
        device = self._platform.devices.get(pool.device or "")
        parts = () if device is None else capacity(device, pool.sharing) * pool.devices
        return Node(name, int(pool.cpu * 1000), pool.memory, parts, pool.pods)

    def _workloads(self, asked: Asked) -> Iterator[Workload]:
        """One for each class of device that gets some.

        A name has the class wherever the comb names any, and how it is shared where another pool shares it otherwise: a
        second class must not rename the first, since a Deployment with another name is another one.
        """
        candidates = self._candidates(asked)
        if not candidates:
            return
        scale = scale_of(asked)
        divided = self._divided(candidates, scale)
        pairs = [(one, replicas) for one, replicas in zip(candidates, divided, strict=True) if replicas is not None]
        first = {one.device: one for one in reversed(candidates)}
        for one, replicas in pairs:
            suffix = [one.device] if any(operator.devices for operator in asked.operators.values()) else []
            if first[one.device] is not one:
                suffix.append(self._cluster.node_pools[one.pools[0]].sharing.back_end.value)
            made = one._replace(name=_name(asked, *suffix), replicas=replicas, scale=scale)
            self._leftover.put(item_of(made, replicas.least, self._strangers))
            yield made

    def _divided(self, candidates: Sequence[Workload], scale: Scale) -> list[Replicas | None]:
        most = scale.max if scale.max is not None and is_moved(scale, self._cluster) else scale.min
        items = [item_of(one, most, self._strangers) for one in candidates]
        empty, wanted, rooms = [room(item, self._empty, most) for item in items], max(scale.min, 1), []
        for item, spaces in zip(items, empty, strict=True):
            # A class that has no other beside it gets all, wherever there is room.
            free = spaces if scale.min and len(items) == 1 else self._leftover.room(item, wanted, most)
            rooms.append(Room(free, spaces))
            wanted = max(wanted - free, 1)
        return divide(scale.min, most, rooms, from_zero=self._cluster.autoscaling is Autoscaling.KEDA)

    def _candidates(self, asked: Asked) -> list[Workload]:
        """The group on each class of device that it may have and this cluster has, the best first."""
        classes = classes_of(asked)
        if not classes:
            self.found.append(no_common_class(asked))
            return []
        granted, refusals = [], []
        for device in classes:
            for pools in self._alike(device, asked):
                pool = self._cluster.node_pools[pools[0]]
                amounts = amounts_of(asked, device, self._platform.devices.get(device), pool)
                if isinstance(amounts, Refusal):
                    refusals.append(amounts)
                else:
                    made = _candidate(asked, device, pools, amounts, self._platform)
                    places = places_of(made, self._cluster, self._zone, self._platform.devices)
                    granted.append(made._replace(strays=places.strays))
        if not granted:
            told = [refused(asked, refusal, self._name) for refusal in refusals]
            self.found += told or [nowhere(asked, classes, self._name, self._cluster)]
        return granted

    def _alike(self, device: str, asked: Asked) -> list[tuple[str, ...]]:
        """The pools of a class that the group may use, those together that share their devices alike."""
        alike: list[tuple[GpuSharing | None, list[str]]] = []
        for name, pool in self._cluster.node_pools.items():
            if (pool.device or CPU) == device and may_use(asked, pool):
                sharing = pool.sharing if device != CPU else None
                pools = next((some for one, some in alike if one == sharing), None)
                if pools is None:
                    alike.append((sharing, [name]))
                else:
                    pools.append(name)
        return [tuple(pools) for _, pools in alike]

    def _fit(self, workloads: Sequence[Workload], by_group: Mapping[Group, Asked]) -> Fit:
        items = {one.name: item_of(one, one.replicas.least, self._strangers) for one in workloads}
        packed = pack(list(items.values()), self._empty)
        for workload in workloads:
            missing = packed.missing.get(workload.name, 0)
            if missing:
                holds = room(items[workload.name]._replace(instances=_ROOM), self._empty, _ROOM)
                whose = by_group[workload.group]
                item, nodes = items[workload.name], [node for node, _ in self._empty]
                change = (lacking(item, nodes), change_for(item, missing, nodes))
                found = no_room(whose, workload, missing, holds, self._name, change, is_certain=packed.is_certain)
                self.found.append(found)
        left = self._left(packed.nodes)
        safe = not packed.missing and is_safe(list(items.values()), self._empty)
        if not packed.missing and not safe:
            ranks = {one.name: self._rank(one) for one in workloads}
            late = unlucky(list(items.values()), ranks, self._empty)
            self.found += [fragile(by_group[one.group], one, self._name) for one in workloads if one.name == late]
        return Fit(not packed.missing, safe, left, packed.missing)

    def _rank(self, workload: Workload) -> Rank:
        priorities = self._platform.priorities
        default = next((one for one in priorities.values() if one.default), None)
        named = priorities.get(workload.priority or "", default)
        return Rank(0) if named is None else Rank(named.value, named.preempts)

    def _left(self, filled: Sequence[Filled]) -> tuple[NodeLeft, ...]:
        """Nodes by pool, the fullest first; those that hold the same are told once."""
        empty = {node.pool: node for node, _ in self._empty}
        alike: dict[tuple[Node, tuple[tuple[str, int], ...]], int] = {}
        for one in filled:
            key = (one.node, tuple(sorted(one.holds.items())))
            alike[key] = alike.get(key, 0) + one.nodes
        pools = list(empty)
        ordered = sorted(alike.items(), key=lambda item: (pools.index(item[0][0].pool), item[0]))
        return tuple(NodeLeft(count, node, empty[node.pool], dict(holds)) for (node, holds), count in ordered)


def _name(asked: Asked, *suffix: str) -> str:
    comb = asked.bound.value
    assert comb is not None
    return object_name(comb.metadata.name, "" if asked.group.is_entry else asked.group.name, *suffix)


def _candidate(asked: Asked, device: str, pools: tuple[str, ...], amounts: Amounts, on: Platform) -> Workload:
    operators, chosen = list(asked.operators.values()), priority_of(asked, on.priorities)
    return Workload(
        name="",
        group=asked.group,
        device=device,
        pools=pools,
        amounts=amounts,
        replicas=Replicas(0, 0),
        scale=UNSCALED,
        priority=asked.operators[chosen].priority if chosen is not None else None,
        require=tuple(wish for one in operators for wish in one.affinity.require),
        prefer=tuple(wish for one in operators for wish in one.affinity.prefer),
        apart=tuple(dict.fromkeys(name for one in operators for name in one.affinity.apart)),
        notes=amounts.slice.notes if amounts.slice is not None else (),
    )
