"""What a comb claims of the devices of an environment."""

from collections.abc import Iterable

from comb_compiler.plan.asked import CPU
from comb_compiler.plan.model import ClusterPlan, Plan
from comb_compiler.release.claims import Claim

__all__ = ["claim_of", "devices_of"]


def claim_of(plan: Plan) -> Claim:
    """What a comb claims in all clusters of an environment together."""
    return Claim(plan.comb, plan.team or "", devices_of(plan.clusters))


def devices_of(clusters: Iterable[ClusterPlan]) -> dict[str, int]:
    """The most devices or shares of them, by class: a share of a card and a MIG slice count as one, as a card does.

    A class of which pods use a device without a share of it is there with 0.
    """
    devices: dict[str, int] = {}
    for cluster in clusters:
        for one in cluster.workloads:
            if one.device != CPU:
                each = one.amounts.slice.devices if one.amounts.slice is not None else 0
                devices[one.device] = devices.get(one.device, 0) + one.replicas.most * each
    return dict(sorted(devices.items()))
