"""The part of platform.yaml that a comb's objects rest on, so that a release changes with it and with nothing else."""

from typing import Any

from comb_compiler.render.patches import Whereabouts, matching
from comb_compiler.render.rendering import Rendering
from comb_compiler.spec.platform.clusters import Autoscaling

__all__ = ["platform_slice"]


def platform_slice(rendering: Rendering) -> dict[str, Any]:
    """What platform.yaml says of the pools, zones, devices and services that the comb uses in its cluster, as JSON.

    How many nodes there are and how large they are is in the plan's result, and what is only for people is left out.
    """
    platform, cluster = rendering.platform, rendering.cluster
    here = Whereabouts(rendering.here.cluster, rendering.name, rendering.plan.environment)
    pools = {name: cluster.node_pools[name] for one in rendering.here.workloads for name in one.pools}
    zones = {pool.zone for pool in pools.values()} | {
        place.zone for one in rendering.here.workloads for place in (*one.require, *one.prefer)
    }
    devices = {pool.device for pool in pools.values()}
    monitoring = cluster.prometheus
    unused = {"url"} if cluster.autoscaling is not Autoscaling.KEDA else set()
    return {
        "pools": {name: _json(pool, include={"labels", "taints", "sharing", "zone"}) for name, pool in pools.items()},
        "zones": {name: _json(zone) for name, zone in cluster.zones.items() if name in zones},
        "devices": {name: _json(one, include={"product"}) for name, one in platform.devices.items() if name in devices},
        "autoscaling": cluster.autoscaling.value,
        "prometheus": _json(monitoring, exclude=unused) if monitoring is not None else None,
        "delivery": platform.delivery.value,
        "patches": {
            name: _json(one, include={"target", "merge"}) for name, one in matching(platform.patches, here).items()
        },
    }


def _json(model: Any, **which: Any) -> Any:
    return model.model_dump(mode="json", exclude_none=True, **which)
