"""ResourceQuotas: the most that all combs of a namespace may ask for together."""

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any

from comb_compiler.plan.asked import DEFAULT_CPU, DEFAULT_MEMORY
from comb_compiler.render.manifest import Cause, Manifest, caused, manifest
from comb_compiler.render.platform.grounds import LABELS, Grounds
from comb_compiler.render.quantities import byte_quantity, number_quantity
from comb_compiler.spec.platform.clusters import NodePool
from comb_compiler.spec.platform.devices import DeviceClass, SharingBackEnd

__all__ = ["default_requests", "quotas"]

_NAME = "comb"
_MEBIBYTE = 2**20


def quotas(grounds: Grounds) -> Iterator[Manifest]:
    """A ResourceQuota for each namespace that has a quota: what is requested, not what is used."""
    for namespace in grounds.namespaces:
        at = ("namespaces", namespace, "quota")
        hard = _hard(grounds, namespace)
        if hard:
            yield manifest(
                {
                    "apiVersion": "v1",
                    "kind": "ResourceQuota",
                    "metadata": {"name": _NAME, "namespace": namespace, "labels": dict(LABELS)},
                    "spec": {"hard": hard},
                },
                Cause.platform(*at),
                f"resourcequota-{namespace}.yaml",
            )


def default_requests(grounds: Grounds) -> Iterator[Manifest]:
    """A LimitRange beside each quota: where one is, Kubernetes refuses pods that do not say what they request.

    Those of combs do; what is put into them later, such as the proxy of a mesh, may not.
    """
    for namespace in grounds.namespaces:
        at = ("namespaces", namespace, "quota")
        quota = grounds.platform.namespaces[namespace].quota
        amounts = {
            "cpu": caused(number_quantity(DEFAULT_CPU) if quota.cpu is not None else None, Cause.platform(*at, "cpu")),
            "memory": caused(
                byte_quantity(DEFAULT_MEMORY) if quota.memory is not None else None, Cause.platform(*at, "memory")
            ),
        }
        if any(amounts.values()):
            yield manifest(
                {
                    "apiVersion": "v1",
                    "kind": "LimitRange",
                    "metadata": {"name": _NAME, "namespace": namespace, "labels": dict(LABELS)},
                    "spec": {"limits": [{"type": "Container", "defaultRequest": amounts}]},
                },
                Cause.platform(*at),
                f"limitrange-{namespace}.yaml",
            )


def _hard(grounds: Grounds, namespace: str) -> dict[str, Any]:
    quota = grounds.platform.namespaces[namespace].quota
    at = ("namespaces", namespace, "quota")
    hard: dict[str, Any] = {}
    if quota.cpu is not None:
        hard["requests.cpu"] = caused(number_quantity(quota.cpu), Cause.platform(*at, "cpu"))
    if quota.memory is not None:
        hard["requests.memory"] = caused(byte_quantity(quota.memory), Cause.platform(*at, "memory"))
    for resource, count in sorted(_devices(grounds, quota.devices).items()):
        hard[resource] = caused(str(count), Cause.platform(*at, "devices"))
    return hard


def _devices(grounds: Grounds, devices: Mapping[str, int]) -> dict[str, int]:
    """So many whole devices, in the resources of this cluster. Classes that share a resource are counted together."""
    counts: dict[str, int] = {}
    for name, most in devices.items():
        device = grounds.platform.devices.get(name)
        for pool in grounds.pools_with(name) if device is not None else ():
            for resource, each in _whole(device, pool).items():
                counts[resource] = counts.get(resource, 0) + most * each
    return counts


def _whole(device: DeviceClass | None, pool: NodePool) -> dict[str, int]:
    """What a whole device is, as a quota counts it, in the way in which a pool shares it."""
    assert device is not None
    sharing, named = pool.sharing, pool.sharing.resource
    match sharing.back_end:
        case SharingBackEnd.HAMI:  # the number of devices there counts pods, not devices
            return {
                "requests.nvidia.com/gpumem": ceil(device.memory / _MEBIBYTE),
                "requests.nvidia.com/gpucores": 100,
            }
        case SharingBackEnd.MIG:
            return {
                f"requests.{named or 'nvidia.com/mig-' + profile.replace('+', '.')}": one.per_device
                for profile, one in device.mig.items()
            }
        case SharingBackEnd.TIME_SLICING | SharingBackEnd.MPS:
            return {f"requests.{named or 'nvidia.com/gpu'}": sharing.replicas or 1}
        case SharingBackEnd.EXCLUSIVE:
            return {f"requests.{named or 'nvidia.com/gpu'}": 1}
        case SharingBackEnd.DRA:
            return {f"{named or 'gpu.nvidia.com'}.deviceclass.resource.k8s.io/devices": 1}
        case _:
            return {}
