"""The zone that a comb runs in, where its workspace is shared by all pods of one.

Operators hand each other paths on the workspace, so all that a request meets must see the same files: in each cluster
the whole comb runs in one zone.
"""

from collections.abc import Iterator, Sequence

from comb_compiler.diagnostics import Diagnostic, Label, codes, has_errors
from comb_compiler.plan.asked import Asked, classes_of
from comb_compiler.plan.model import ClusterPlan
from comb_compiler.spec import Bound, Comb
from comb_compiler.spec.comb.serving import WorkspaceScope
from comb_compiler.spec.platform.clusters import Cluster

__all__ = ["InZone", "best", "can_be_told", "is_zonal", "narrowed", "told", "zones_of"]

_FOR_WANT_OF_ROOM = (codes.NO_DEVICE_HERE, codes.UNMET_PLACE, codes.DOES_NOT_FIT, codes.FRAGILE_FIT)

InZone = tuple[ClusterPlan, Sequence[Diagnostic]]
"""A plan in one of a cluster's zones, and what is wrong with it."""


def is_zonal(comb: Comb) -> bool:
    """Whether all pods of the comb must be in one zone."""
    workspace = comb.storage.workspace
    return workspace is not None and workspace.shared is WorkspaceScope.ZONE


def zones_of(cluster: Cluster) -> Iterator[tuple[str, Cluster]]:
    """Each zone that has nodes, in the platform's order, with the cluster as far as it is in that zone."""
    for zone in cluster.zones:
        if any(pool.zone == zone for pool in cluster.node_pools.values()):
            yield zone, narrowed(cluster, zone)


def narrowed(cluster: Cluster, zone: str) -> Cluster:
    """The cluster without the pools that are elsewhere."""
    pools = {name: pool for name, pool in cluster.node_pools.items() if pool.zone == zone}
    return cluster.model_copy(update={"node_pools": pools})


def best(plans: Sequence[InZone], asked: Sequence[Asked]) -> InZone:
    """Where nothing is wrong; then where most finds a place, on the best devices, and safely; then where it is wished.

    Of zones that are alike, the platform's first.
    """
    return min(plans, key=lambda one: _rank(one, asked))


def _rank(in_zone: InZone, asked: Sequence[Asked]) -> tuple[bool, int, int, bool, int]:
    plan, found = in_zone
    classes = {one.group: classes_of(one) for one in asked}
    missing = sum(plan.fit.missing.values())
    behind = sum(one.replicas.least * classes[one.group].index(one.device) for one in plan.workloads)
    wished = sum(wish.weight for one in plan.workloads for wish in one.prefer if wish.zone == plan.zone)
    return has_errors(found), missing, behind, not plan.fit.safe, -wished


def can_be_told(plan: ClusterPlan, cluster: Cluster) -> bool:
    """Whether labels tell the nodes of the plan's zone from those elsewhere."""
    elsewhere = any(pool.zone != plan.zone for pool in cluster.node_pools.values())
    used = [cluster.node_pools[pool] for one in plan.workloads for pool in one.pools]
    return not elsewhere or bool(cluster.zones[plan.zone or ""].node_labels) or all(pool.labels for pool in used)


def told(found: Sequence[Diagnostic], bound: Bound[Comb]) -> list[Diagnostic]:
    """What is wrong in the zone, with what keeps the comb in it."""
    place = bound.place("storage", "workspace", "shared")
    label = Label(place.span, "this keeps all pods in one zone")
    return [
        finding._replace(related=(*finding.related, label)) if finding.code in _FOR_WANT_OF_ROOM else finding
        for finding in found
    ]
