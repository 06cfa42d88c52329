"""A comb's own queries, as they count for one of its workloads."""

from comb_compiler.plan import Workload
from comb_compiler.plan.scaling import Aim
from comb_compiler.render.promql import pods_of, select
from comb_compiler.render.rendering import Rendering

__all__ = ["total_of"]


def total_of(rendering: Rendering, workload: Workload, aim: Aim) -> str:
    """What a query yields for a workload's pods together: its part of the whole, by how many of the pods are its own.

    A group that runs on one class of device has the whole. `comb_build_info` is there once for each pod that runs.
    """
    if len(rendering.workloads(workload.group)) < 2:
        return aim.text
    mine = _running(rendering, pods_of(workload.name))
    all_of_them = "|".join(pods_of(one.name) for one in rendering.workloads(workload.group))
    return f"(\n{aim.text}\n) * scalar({mine} / {_running(rendering, all_of_them)})"


def _running(rendering: Rendering, pods: str) -> str:
    return f"count({select('comb_build_info', {'namespace': rendering.namespace}, like={'pod': pods})})"
