"""A platform's nodes as Kubernetes objects: what real ones would say of themselves, which kwok plays."""

from collections.abc import Iterator, Mapping

from comb_compiler.spec.platform import Platform
from comb_compiler.spec.platform.clusters import Cluster, NodePool
from comb_compiler.spec.platform.devices import DeviceClass, SharingBackEnd
from tests.cluster.objects import Object

__all__ = ["HAMI_SPLITS", "device_classes", "nodes"]

HAMI_SPLITS = 10
"""What HAMi's device plugin makes of one device, unless it is set otherwise."""
_DRIVER = "gpu.nvidia.com"
"""NVIDIA's driver for Dynamic Resource Allocation."""


def nodes(platform: Platform, name: str) -> Iterator[Object]:
    """The nodes of a cluster, with what drivers publish of them.

    Where devices have several MIG profiles and are not said to be cut, each has all of the devices to itself.
    """
    cluster = platform.clusters[name]
    for pool_name, pool in cluster.node_pools.items():
        device = platform.devices.get(pool.device or "")
        for number in range(pool.nodes):
            node = f"{pool_name}-{number}"
            yield _node(node, cluster, pool, _devices(pool, device))
            if device is not None and pool.sharing.back_end is SharingBackEnd.DRA:
                yield _slice(node, pool, device)


def _node(name: str, cluster: Cluster, pool: NodePool, devices: Mapping[str, int]) -> Object:
    zone = cluster.zones.get(pool.zone or "")
    amounts = {
        "cpu": str(pool.cpu),
        "memory": str(pool.memory),
        "pods": str(pool.pods),
        **{resource: str(count) for resource, count in devices.items()},
    }
    known = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {**known, **(zone.node_labels if zone else {}), **pool.labels},
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "spec": {
            "taints": [{"key": one.key, "value": one.value, "effect": one.effect.value} for one in pool.taints],
        },
        "status": {"allocatable": amounts, "capacity": amounts},
    }


def _devices(pool: NodePool, device: DeviceClass | None) -> dict[str, int]:
    """The extended resources that a back end's device plugin counts on one node."""
    sharing = pool.sharing
    if device is None or sharing.back_end is SharingBackEnd.DRA:
        return {}
    if sharing.back_end is SharingBackEnd.MIG:
        return {f"nvidia.com/mig-{name}": pool.devices * count for name, count in _cut(pool, device).items()}
    parts = {
        SharingBackEnd.EXCLUSIVE: 1,
        SharingBackEnd.HAMI: HAMI_SPLITS,
        SharingBackEnd.MPS: sharing.replicas or 1,
        SharingBackEnd.TIME_SLICING: sharing.replicas or 1,
    }
    return {sharing.resource or "nvidia.com/gpu": pool.devices * parts[sharing.back_end]}


def _cut(pool: NodePool, device: DeviceClass) -> Mapping[str, int]:
    """How many slices of each profile one device has."""
    return pool.sharing.slices or {name: one.per_device for name, one in device.mig.items()}


def _slice(node: str, pool: NodePool, device: DeviceClass) -> Object:
    """A node's devices, as the driver publishes them: whole ones, or where there are profiles MIG slices alone."""
    kinds = [
        ({"type": "mig", "profile": name}, device.mig[name].memory, f"mig-{index}", count)
        for index, (name, count) in enumerate(_cut(pool, device).items())
    ] or [({"type": "gpu", "productName": device.product or "unknown"}, device.memory, "gpu", 1)]
    devices = [
        {
            "name": f"{name}-{number}",
            "attributes": {key: {"string": value} for key, value in attributes.items()},
            "capacity": {"memory": {"value": str(memory)}},
        }
        for attributes, memory, name, each in kinds
        for number in range(each * pool.devices)
    ]
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": f"{node}-gpus"},
        "spec": {
            "driver": _DRIVER,
            "nodeName": node,
            "pool": {"name": node, "generation": 1, "resourceSliceCount": 1},
            "devices": devices,
        },
    }


def device_classes() -> Iterator[Object]:
    """Those that come with the driver."""
    for name, kind in ((_DRIVER, "gpu"), ("mig.nvidia.com", "mig")):
        expression = f"device.driver == '{_DRIVER}' && device.attributes['{_DRIVER}'].type == '{kind}'"
        yield {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "DeviceClass",
            "metadata": {"name": name},
            "spec": {"selectors": [{"cel": {"expression": expression}}]},
        }
