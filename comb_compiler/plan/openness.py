"""Pools that nothing keeps pods off which are not meant for them."""

from collections.abc import Iterator

from comb_compiler.diagnostics import Diagnostic, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.plan.model import ClusterPlan
from comb_compiler.spec import Bound
from comb_compiler.spec.places import format_path
from comb_compiler.spec.platform import Platform

__all__ = ["open_pools"]


def open_pools(here: ClusterPlan, on: Bound[Platform]) -> Iterator[Diagnostic]:
    """Told at the pool, once for each kind of pods that may come there."""
    for one in here.workloads:
        for pool in one.strays:
            place = on.place("clusters", here.cluster, "nodePools", pool)
            message = f"nothing keeps pods without devices off the nodes of `{pool}`, whose room they may take up"
            if one.amounts.slice is not None:
                message = (
                    f"pods for `{one.device}` may come to the nodes of `{pool}`: they ask for devices by the same name"
                )
            path = format_path((*place.path, "labels"))
            hint = f"give the nodes a taint, or labels that others lack, and write them at `{path}`"
            yield diagnose(codes.OPEN_POOL, message, place.key_span, path=format_path(place.path), hints=(hint,))
