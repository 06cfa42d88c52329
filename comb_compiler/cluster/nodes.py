"""Nodes as an API server says them → pools of nodes that are alike, with the devices that drivers say of them."""

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

__all__ = ["Device", "Node", "Pool", "pools_of", "slices_by_node"]

Labels = Mapping[str, str]

_ZONE = "topology.kubernetes.io/zone"
_POOLS = (
    "cloud.google.com/gke-nodepool",
    "eks.amazonaws.com/nodegroup",
    "kubernetes.azure.com/agentpool",
    "karpenter.sh/nodepool",
    "node.kubernetes.io/instance-group",
)
"""Labels by which those who rent out clusters name a pool."""
_FOR_CONTROL = "node-role.kubernetes.io/control-plane"
_PASSING = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/")
"""Taints of these kinds come and go with a node's state."""
_TOLD = ("gpu", "nvidia.com/gpu.product")
"""Labels by which pods find devices."""
_PRODUCT, _MEMORY, _COUNT = "nvidia.com/gpu.product", "nvidia.com/gpu.memory", "nvidia.com/gpu.count"
_STRATEGY, _REPLICAS = "nvidia.com/gpu.sharing-strategy", "nvidia.com/gpu.replicas"
_GPU, _MIG = "nvidia.com/gpu", re.compile(r"nvidia\.com/mig-(?P<profile>\d+g\.\d+gb)")
_HAMI = "hami.io/node-nvidia-register"
_OTHERS = {
    "volcano.sh/vgpu-number": "volcano",
    "aliyun.com/gpu-mem": "gpushare",
    "koordinator.sh/gpu-core": "koordinator",
}
_DRIVER = "gpu.nvidia.com"
_UNITS: dict[str, int | Decimal] = {"": 1, "m": Decimal("0.001"), "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_UNITS |= {f"{prefix}i": 1 << 10 * power for power, prefix in enumerate("KMGTP", start=1)}
_MEBIBYTE = 1 << 20


class Device(NamedTuple):
    """The devices of a node. `memory` is of one, in MiB, 0 where nothing says it; `slices` are MIG's, of them all."""

    product: str
    memory: int
    number: int
    sharing: str
    replicas: int = 0
    slices: tuple[tuple[str, int], ...] = ()


class Node(NamedTuple):
    """What decides a node's pool, and what pods can have of it."""

    group: str
    zone: str
    taints: tuple[tuple[str, str, str], ...]
    labels: tuple[tuple[str, str], ...]
    device: Device | None
    millicores: int
    mebibytes: int
    pods: int


class Pool(NamedTuple):
    """Nodes that are alike: how many, and as much of each amount as the least of them has."""

    node: Node
    nodes: int


def pools_of(nodes: Iterable[Mapping[str, Any]], slices: Mapping[str, Device]) -> list[Pool]:
    """The pools, in the order of their names; `slices` are devices that nodes have by Dynamic Resource Allocation.

    Nodes that run the control plane, and those that are cordoned off, are none of combs'.
    """
    alike: dict[tuple[Any, ...], list[Node]] = {}
    for one in nodes:
        if _FOR_CONTROL in one["metadata"].get("labels", {}) or one.get("spec", {}).get("unschedulable"):
            continue
        node = _node(one, slices)
        size = (round(node.millicores, -3), node.mebibytes >> 10)  # what the kubelet keeps differs by a little
        alike.setdefault((*node[:5], size), []).append(node)
    pools = [
        Pool(
            each[0]._replace(**{name: min(getattr(one, name) for one in each) for name in Node._fields[5:]}), len(each)
        )
        for each in alike.values()
    ]
    return sorted(pools, key=lambda pool: (pool.node.group, pool.node.zone, pool.node.taints, pool.node.millicores))


def slices_by_node(slices: Iterable[Mapping[str, Any]]) -> dict[str, Device]:
    """The devices of each node that NVIDIA's driver publishes in ResourceSlices."""
    found: dict[str, Device] = {}
    for spec in (one["spec"] for one in slices):
        if spec.get("driver") != _DRIVER or "nodeName" not in spec:
            continue
        whole = [one for one in spec.get("devices", ()) if _attribute(one, "type") == "gpu"]
        if whole:
            memory = int(_amount(whole[0].get("capacity", {}).get("memory", {}).get("value", "0"))) // _MEBIBYTE
            found[spec["nodeName"]] = Device(_attribute(whole[0], "productName"), memory, len(whole), "dra")
    return found


def _attribute(device: Mapping[str, Any], name: str) -> str:
    return str(device.get("attributes", {}).get(name, {}).get("string", ""))


def _node(one: Mapping[str, Any], slices: Mapping[str, Device]) -> Node:
    metadata, has = one["metadata"], one.get("status", {}).get("allocatable", {})
    labels: Labels = metadata.get("labels", {})
    taints = (
        (taint["key"], taint.get("value", ""), taint["effect"])
        for taint in one.get("spec", {}).get("taints", ())
        if not taint["key"].startswith(_PASSING)
    )
    device = slices.get(metadata["name"]) or _device(labels, metadata.get("annotations", {}), has)
    named = next(((key, labels[key]) for key in _POOLS if labels.get(key)), None)
    told = [(key, labels[key]) for key in _TOLD if device is not None and key in labels]
    return Node(
        named[1] if named else "",
        labels.get(_ZONE, ""),
        tuple(sorted(taints)),
        (*([named] if named else []), *told),
        device,
        int(_amount(has.get("cpu", "0")) * 1000),
        int(_amount(has.get("memory", "0"))) // _MEBIBYTE,
        int(_amount(has.get("pods", "110"))),
    )


def _device(labels: Labels, annotations: Labels, has: Mapping[str, str]) -> Device | None:
    """The devices that a plugin counts on a node, and how it shares them; None for a node without any."""
    hami = _registered(annotations.get(_HAMI, ""))
    if hami is not None:
        return hami
    other = next((back_end for resource, back_end in _OTHERS.items() if _count(has, resource)), None)
    slices = {found["profile"]: _count(has, key) for key in has if (found := _MIG.fullmatch(key)) and _count(has, key)}
    offered = _count(has, _GPU)
    if not (other or slices or offered):
        return None
    product = re.sub(r"-(SHARED|MIG-.*)$", "", labels.get(_PRODUCT, "")).replace("-", " ")
    memory = int(labels.get(_MEMORY, "0")) if labels.get(_MEMORY, "0").isdecimal() else 0
    counted = int(labels[_COUNT]) if labels.get(_COUNT, "").isdecimal() else 0
    strategy = labels.get(_STRATEGY, "none")
    replicas = int(labels[_REPLICAS]) if strategy in ("mps", "time-slicing") and labels.get(_REPLICAS) else 0
    sharing = other or ("mig" if slices else strategy if replicas else "exclusive")
    if labels.get("gpu") == "on" and counted and offered > counted and sharing == "exclusive":
        sharing = "hami"  # its plugin counts parts, ten a device unless it is told otherwise
    return Device(
        product, memory, counted or offered // max(1, replicas), sharing, replicas, tuple(sorted(slices.items()))
    )


def _registered(annotation: str) -> Device | None:
    """What HAMi's plugin writes of a node: a list of devices, each with its memory in MiB and its type."""
    try:
        devices = json.loads(annotation)
        first = devices[0]
        return Device(str(first["type"]).removeprefix("NVIDIA-"), int(first["devmem"]), len(devices), "hami")
    except (ValueError, LookupError, TypeError):
        return None


def _count(has: Mapping[str, str], resource: str) -> int:
    return int(_amount(has.get(resource, "0")))


def _amount(text: str) -> Decimal:
    """A quantity of Kubernetes."""
    found = re.fullmatch(r"([0-9.]+)([mkMGT]|[KMGTP]i)?", text)
    return Decimal(found[1]) * _UNITS[found[2] or ""] if found else Decimal(0)
