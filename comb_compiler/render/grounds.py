"""The part of platform.yaml that a comb's objects rest on, so that a release changes with it and with nothing else."""

from typing import Any

from comb_compiler.render.patches import Whereabouts, matching
from comb_compiler.render.rendering import Rendering
from comb_compiler.spec.platform.devices import SharingBackEnd

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
    claimed = {pool.device for pool in pools.values() if pool.sharing.back_end is SharingBackEnd.DRA}
    default = next((name for name, one in platform.priorities.items() if one.default), None)
    priorities = {one.priority or default for one in rendering.here.workloads}
    return {
        "pools": {name: _json(pool, include={"labels", "taints", "sharing", "zone"}) for name, pool in pools.items()},
        "zones": {name: zone.node_labels for name, zone in cluster.zones.items() if name in zones},
        "storage": cluster.zones[rendering.here.zone].storage_class if rendering.here.zone else None,
        "products": {name: one.product for name, one in platform.devices.items() if name in claimed},
        "services": _json(cluster, exclude={"node_pools", "zones"}),
        "store": _json(platform.sample_store),
        "delivery": _json(platform, include={"delivery", "gateway"}),
        "default": default,
        "priorities": {
            name: _json(one, include={"value", "preempts"})
            for name, one in platform.priorities.items()
            if name in priorities
        },
        "patches": {
            name: _json(one, include={"target", "merge"}) for name, one in matching(platform.patches, here).items()
        },
    }


def _json(model: Any, **which: Any) -> Any:
    # pydantic warns of a duration's own text, since our validators stand where its own would.
    return model.model_dump(mode="json", exclude_none=True, warnings=False, **which)
