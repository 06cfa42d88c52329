"""What the platform's own objects in a cluster are made from."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from comb_compiler.spec.platform import Platform
from comb_compiler.spec.platform.clusters import Cluster, NodePool
from comb_compiler.spec.platform.release import Environment

__all__ = ["LABELS", "Grounds"]

LABELS = {"app.kubernetes.io/managed-by": "comb"}


class Grounds(NamedTuple):
    """A platform, and one of its clusters."""

    platform: Platform
    name: str

    @property
    def cluster(self) -> Cluster:
        """The cluster, as platform.yaml has it."""
        return self.platform.clusters[self.name]

    @property
    def environments(self) -> Mapping[str, Environment]:
        """The environments that the cluster is part of."""
        return {name: one for name, one in self.platform.environments.items() if self.name in one.clusters}

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces of its environments, as platform.yaml orders them."""
        used = {one.namespace for one in self.environments.values()}
        return tuple(name for name in self.platform.namespaces if name in used)

    def pools_with(self, device: str) -> Iterator[NodePool]:
        """The pools that have devices of a class, one for each way in which they are shared."""
        seen: list[Any] = []
        for pool in self.cluster.node_pools.values():
            if pool.device == device and pool.sharing not in seen:
                seen.append(pool.sharing)
                yield pool
