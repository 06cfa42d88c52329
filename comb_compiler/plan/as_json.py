"""Plans → values of JSON, for programs. Cores and shares are numbers, memory is in bytes, times in seconds."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from comb_compiler.plan.model import Amounts, ClusterPlan, GreyRelease, NodeLeft, Plan, Workload
from comb_compiler.plan.packing import Node
from comb_compiler.plan.sharing import ALL_COMPUTE, ALL_PLACES

__all__ = ["VERSION", "plans_json"]

VERSION = 1

_Json = dict[str, Any]


def plans_json(plans: Iterable[Plan]) -> list[_Json]:
    """The plans of a comb by environment, in their order."""
    return [
        {
            "environment": plan.environment,
            "comb": plan.comb,
            "clusters": [_cluster(cluster) for cluster in plan.clusters],
            "arms": dict(plan.traffic.arms),
            "rollout": _rollout(plan.traffic.rollout),
        }
        for plan in plans
    ]


def _rollout(rollout: GreyRelease | None) -> _Json | None:
    if rollout is None:
        return None
    return {
        "steps": [float(one) for one in rollout.steps],
        "hold": rollout.hold.total_seconds(),
        "abort": {
            "errorRate": _float(rollout.error_rate),
            "timeoutRate": _float(rollout.timeout_rate),
            "p99": rollout.p99 and rollout.p99.total_seconds(),
        },
    }


def _float(number: Decimal | None) -> float | None:
    return None if number is None else float(number)


def _cluster(cluster: ClusterPlan) -> _Json:
    fit = cluster.fit
    return {
        "cluster": cluster.cluster,
        "namespace": cluster.namespace,
        "zone": cluster.zone,
        "fits": fit.fits,
        "safe": fit.safe,
        "missing": dict(fit.missing),
        "workloads": [_workload(one) for one in cluster.workloads],
        "nodes": [_left(one) for one in fit.left],
    }


def _workload(one: Workload) -> _Json:
    return {
        "name": one.name,
        "operators": list(one.group.operators),
        "entry": one.group.is_entry,
        "device": one.device,
        "pools": list(one.pools),
        "min": one.replicas.least,
        "max": one.replicas.most,
        "priority": one.priority,
        **_amounts(one.amounts),
        "notes": list(one.notes),
    }


def _amounts(amounts: Amounts) -> _Json:
    part = amounts.slice
    share = part and {
        "devices": part.devices,
        "memory": part.memory,
        "compute": float(part.compute),
        "profile": part.profile or None,
        "wasted": part.wasted,
    }
    return {"cpu": float(amounts.cpu), "memory": amounts.memory, "slice": share}


def _left(one: NodeLeft) -> _Json:
    return {
        "pool": one.node.pool,
        "nodes": one.nodes,
        "left": _node(one.node),
        "empty": _node(one.empty),
        "instances": dict(one.instances),
    }


def _node(node: Node) -> _Json:
    devices = [
        {
            "places": one.places / ALL_PLACES,
            "memory": one.memory,
            "compute": one.compute / ALL_COMPUTE,
            **({"profile": one.profile} if one.profile else {}),
        }
        for one in node.devices
    ]
    return {"cpu": node.cpu / 1000, "memory": node.memory, "devices": devices}
