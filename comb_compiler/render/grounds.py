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
    patches = matching(platform.patches, here)
    services = cluster.__class__.model_fields.keys() - {"node_pools", "zones"}
    # All at once: who asks a part for its own text has pydantic build a model for it, which takes longer than this.
    said = platform.model_dump(
        mode="json",
        exclude_none=True,
        warnings=False,  # of a duration's own text, since our validators stand where pydantic's would
        include={
            "clusters": {here.cluster: {"node_pools": dict.fromkeys(pools, _OF_POOL), **dict.fromkeys(services, True)}},
            "sample_store": True,
            "delivery": True,
            "gateway": True,
            "priorities": {name: {"value", "preempts"} for name in priorities if name in platform.priorities},
            "patches": {name: {"target", "merge"} for name in patches},
        },
    )
    told = said["clusters"][here.cluster]
    made = told.pop("node_pools", {})
    return {
        "pools": made,
        "zones": {name: zone.node_labels for name, zone in cluster.zones.items() if name in zones},
        "storage": cluster.zones[rendering.here.zone].storage_class if rendering.here.zone else None,
        "products": {name: one.product for name, one in platform.devices.items() if name in claimed},
        "services": told,
        "store": said["sample_store"],
        "delivery": {name: said[name] for name in ("delivery", "gateway") if name in said},
        "default": default,
        "priorities": said["priorities"],
        "patches": said["patches"],
    }


_OF_POOL = {"labels", "taints", "sharing", "zone"}
