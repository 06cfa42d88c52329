"""What clusters say of themselves → a platform.yaml, and what they do not say."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from comb_compiler.cluster.nodes import Device, Pool
from comb_compiler.diagnostics import Diagnostic, Position, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.render.emit import emit

__all__ = ["Asked", "Unasked", "platform_text"]

_SHARED = re.compile(r"nfs|nas|cephfs|efs|file|lustre|juicefs|glusterfs|beegfs|gpfs", re.IGNORECASE)
"""Provisioners of volumes that many nodes can write have it in their names; an API server does not tell."""
_HEAD = "# Written by `comb platform discover` of what the clusters say.\n"
_UNTOLD = "# No cluster told: "
_WITH_REPLICAS = ("mps", "time-slicing")


class Asked(NamedTuple):
    """What one cluster has: pools, storage classes as (name, provisioner), and names of kinds that were installed."""

    pools: Sequence[Pool]
    storage: Sequence[tuple[str, str]]
    kinds: frozenset[str]


class Unasked(NamedTuple):
    """What no cluster knows."""

    name: str
    repository: str
    registry: str
    team: str


def platform_text(file: str, clusters: Mapping[str, Asked], given: Unasked) -> tuple[str, tuple[Diagnostic, ...]]:
    """The file, and a finding at each line that says what a person has to fill in."""
    untold: list[str] = []
    devices: dict[str, Any] = {}
    found = {name: _cluster(name, asked, devices, untold) for name, asked in clusters.items()}
    platform = {
        "apiVersion": "comb.dev/v1",
        "kind": "Platform",
        "metadata": {"name": given.name},
        **({"devices": devices} if devices else {}),
        "clusters": found,
        "namespaces": {given.team: {"teams": [given.team]}},
        "environments": {"production": {"clusters": list(found), "namespace": given.team}},
        "environmentRepository": {"url": given.repository},
        "registry": {"push": given.registry},
    }
    lines = "".join(f"{_UNTOLD}{one}\n" for one in untold)
    return _HEAD + lines + emit(platform), tuple(_finding(file, *one) for one in enumerate(untold, start=2))


def _cluster(name: str, asked: Asked, devices: dict[str, Any], untold: list[str]) -> dict[str, Any]:
    shared = [storage for storage, provisioner in asked.storage if _SHARED.search(f"{storage} {provisioner}")]
    zones = sorted({pool.node.zone for pool in asked.pools} - {""})
    storage = {zone: _storage_of(zone, shared) for zone in zones}
    for zone in (zone for zone in zones if storage[zone] is None):
        which = f"one of {', '.join(shared)}" if shared else "no StorageClass looks like one"
        untold.append(f"which StorageClass the zone {zone} of {name} shares ({which}), so the zone is left out")
    pools: dict[str, Any] = {}
    for pool in asked.pools:
        device = pool.node.device
        klass = None if device is None else _class_of(device, devices, f"{pool.nodes} nodes of {name}", untold)
        if device is None or klass is not None:
            place = _name(pool.node.zone) if pool.node.zone and storage[pool.node.zone] else None
            pools[_free(_name(pool.node.group or klass or "cpu"), pools)] = _pool(pool, klass, place)
    if not asked.pools:
        untold.append(f"which nodes {name} has for combs: it has none")
    scales = "keda" if "scaledobjects.keda.sh" in asked.kinds else None
    named = {
        _name(zone): {"storageClass": of, "nodeLabels": {"topology.kubernetes.io/zone": zone}}
        for zone, of in storage.items()
        if of is not None
    }
    return {
        **({"zones": named} if named else {}),
        "nodePools": pools,
        **({"autoscaling": scales} if scales else {}),
    }


def _storage_of(zone: str, shared: Sequence[str]) -> str | None:
    """The one that has the zone's name, or the only one."""
    own = [one for one in shared if zone in one]
    return own[0] if len(own) == 1 else shared[0] if len(shared) == 1 else None


def _class_of(device: Device, devices: dict[str, Any], whose: str, untold: list[str]) -> str | None:
    """The device's class, which is declared; None where too little is known of it."""
    if not device.product or not device.memory:
        what = "what their devices are" if not device.product else f"how much memory a {device.product} has"
        untold.append(f"{what}: {whose} are left out (NVIDIA's GPU feature discovery labels nodes so)")
        return None
    name = _name(re.sub(r"(?i)^(nvidia|tesla) ", "", device.product))
    klass = name if name.startswith("nvidia") else f"nvidia-{name}"
    declared: dict[str, Any] = {"memory": f"{device.memory}Mi", "product": device.product}
    if device.slices:
        declared |= {"mig": _profiles(device)}
    if klass in devices:  # of two that differ by a little, the smaller one is promised
        declared["memory"] = min(declared["memory"], devices[klass]["memory"], key=lambda text: int(text[:-2]))
    devices[klass] = {**devices.get(klass, {}), **declared}
    return klass


def _profiles(device: Device) -> dict[str, Any]:
    """MIG's profiles by their names, which say sevenths of the compute, and memory."""
    profiles = {}
    for profile, count in device.slices:
        parts, size = (int(part) for part in re.findall(r"\d+", profile))
        each = max(1, -(-count // max(1, device.number)))
        profiles[profile] = {"memory": f"{size}Gi", "compute": f"{parts * 100 // 7}%", "perDevice": each}
    return profiles


def _pool(pool: Pool, klass: str | None, zone: str | None) -> dict[str, Any]:
    node, device = pool.node, pool.node.device
    found: dict[str, Any] = {"nodes": pool.nodes, "cpu": f"{node.millicores}m", "memory": f"{node.mebibytes}Mi"}
    if node.pods != 110:
        found["pods"] = node.pods
    if klass is not None and device is not None:
        found |= {"device": klass, "devices": device.number, "sharing": _sharing(device)}
    if zone is not None:
        found["zone"] = zone
    if node.labels:
        found["labels"] = dict(node.labels)
    if node.taints:
        found["taints"] = [
            {"key": key, **({"value": value} if value else {}), "effect": effect} for key, value, effect in node.taints
        ]
    return found


def _sharing(device: Device) -> Any:
    if device.sharing in _WITH_REPLICAS:
        return {"backEnd": device.sharing, "replicas": device.replicas}
    if device.slices:
        each = {profile: count // max(1, device.number) for profile, count in device.slices}
        return {"backEnd": "mig", "slices": each} if all(each.values()) else "mig"
    return device.sharing


def _name(text: str) -> str:
    """Text as a name in platform.yaml."""
    small = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return small if small[:1].isalpha() else f"n{small}"


def _free(name: str, taken: Mapping[str, Any]) -> str:
    return name if name not in taken else next(f"{name}-{n}" for n in range(2, 10_000) if f"{name}-{n}" not in taken)


def _finding(file: str, line: int, untold: str) -> Diagnostic:
    end = Position(line, len(_UNTOLD) + len(untold) + 1)
    hint = "write it by hand, or have the cluster say it and discover again"
    message = f"no cluster told {untold}"
    return diagnose(codes.UNTOLD_BY_CLUSTER, message, Span(file, Position(line, 1), end), hints=(hint,))
