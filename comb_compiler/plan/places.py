"""Which nodes pods may run on, as labels tell it: those of their pools, and what keeps them off others."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from comb_compiler.plan.model import Workload
from comb_compiler.spec.comb.operators import Requirement
from comb_compiler.spec.platform.clusters import Cluster, NodePool, Taint, TaintEffect
from comb_compiler.spec.platform.devices import DeviceClass, SharingBackEnd

__all__ = ["Places", "labels_of", "places_of"]

_WHOLE_DEVICE = "nvidia.com/gpu"
"""What pools count their devices as unless they say otherwise."""
_OF_ANY_NODE = ("kubernetes.io/", "topology.kubernetes.io/")
"""Labels that nodes of any pool may have, whether platform.yaml says so or not."""

_Labels = dict[str, str]


class Places(NamedTuple):
    """Labels of which a node must have all of one of `terms`, where there are any, and none of `avoided`.

    `strays` are pools of other nodes, on which pods may be all the same: no taint and no label keeps them off.
    """

    terms: tuple[_Labels, ...]
    avoided: tuple[tuple[str, str], ...]
    strays: tuple[str, ...]


def places_of(workload: Workload, cluster: Cluster, zone: str | None, devices: Mapping[str, DeviceClass]) -> Places:
    """Where the pods of a workload may run. `zone` is that of the whole comb, if all of it is in one."""
    own = [cluster.node_pools[name] for name in workload.pools]
    terms = tuple(_terms(workload, cluster, zone, own))
    if not all(terms):
        terms = ()  # the nodes of some pool cannot be told from others
    avoided: dict[tuple[str, str], None] = {}
    strays = []
    for name, pool in cluster.node_pools.items():
        if not (_is_other(pool, own) and _has(workload, own[0], pool, devices) and _is_open(pool, own)):
            continue
        labels = {**_zone_labels(cluster, pool), **pool.labels}
        if terms and not any(term.items() <= labels.items() for term in terms):
            continue
        told = next(_distinct(pool, own), None)
        if told is None:
            strays.append(name)
        else:
            avoided[told] = None
    return Places(terms, tuple(sorted(avoided)), tuple(strays))


def labels_of(cluster: Cluster, place: Requirement) -> _Labels:
    """The labels of a place's nodes; a zone that this cluster lacks has none."""
    zone = cluster.zones.get(place.zone or "")
    return {**(zone.node_labels if zone else {}), **place.labels}


def _terms(workload: Workload, cluster: Cluster, zone: str | None, own: Sequence[NodePool]) -> list[_Labels]:
    terms: list[_Labels] = []
    for pool in own:
        # A zone's labels are enough to tell a pool's nodes only where all of the comb is in that zone.
        around = _zone_labels(cluster, pool) if pool.labels or zone is not None else {}
        for place in workload.require or _ANYWHERE:
            labels = {**around, **pool.labels, **labels_of(cluster, place)}
            if _is_in(place, pool) and labels not in terms:
                terms.append(labels)
    return terms


_ANYWHERE = (Requirement.model_construct(),)


def _is_in(place: Requirement, pool: NodePool) -> bool:
    return (place.zone is None or place.zone == pool.zone) and place.labels.items() <= pool.labels.items()


def _zone_labels(cluster: Cluster, pool: NodePool) -> Mapping[str, str]:
    zone = cluster.zones.get(pool.zone or "")
    return zone.node_labels if zone is not None else {}


def _is_other(pool: NodePool, own: Sequence[NodePool]) -> bool:
    """Whether it has other devices than the workload's pools, or shares them otherwise."""
    return bool(pool.devices) and all((pool.device, pool.sharing) != (one.device, one.sharing) for one in own)


def _has(workload: Workload, mine: NodePool, pool: NodePool, devices: Mapping[str, DeviceClass]) -> bool:
    """Whether a pool's nodes have what a workload asks for by name, be it of another class of device."""
    device = devices.get(pool.device or "")
    part = workload.amounts.slice
    if part is None:
        return True
    if device is None:
        return False
    ways = {mine.sharing.back_end, pool.sharing.back_end}
    if ways & {SharingBackEnd.DRA, SharingBackEnd.MIG} and (len(ways) > 1 or part.profile):
        profiles = pool.sharing.slices or device.mig
        return len(ways) == 1 and part.profile in profiles  # a profile is asked for by its name alone
    if SharingBackEnd.DRA in ways:
        product = devices[workload.device].product
        return product is None or device.product in (None, product)
    if mine.sharing.back_end is SharingBackEnd.HAMI and len(ways) > 1:  # HAMi places its pods on its own nodes alone
        return False
    return (mine.sharing.resource or _WHOLE_DEVICE) == (pool.sharing.resource or _WHOLE_DEVICE)


def _is_open(pool: NodePool, own: Sequence[NodePool]) -> bool:
    """Whether pods that tolerate the taints of their own pools tolerate all of this one's, too."""
    tolerated = [taint for one in own for taint in one.taints]
    return all(
        taint.effect is TaintEffect.PREFER_NO_SCHEDULE or any(_tolerates(one, taint) for one in tolerated)
        for taint in pool.taints
    )


def _tolerates(one: Taint, taint: Taint) -> bool:
    return one.key == taint.key and one.effect is taint.effect and one.value in ("", taint.value)


def _distinct(pool: NodePool, own: Sequence[NodePool]) -> Iterator[tuple[str, str]]:
    """Labels of a pool that none of the workload's own pools has."""
    for key, value in sorted(pool.labels.items()):
        if not key.startswith(_OF_ANY_NODE) and all(one.labels.get(key) != value for one in own):
            yield key, value
