"""How what is aimed at is measured of each pod, in PromQL, by the exporter that a cluster has.

DCGM's exporter measures devices (`DCGM_FI_DEV_*`, in percent and MiB), and tells MIG's slices apart only in its
profiling metrics (`DCGM_FI_PROF_GR_ENGINE_ACTIVE`, a ratio). HAMi's measures what a container uses of its share, in
bytes, and of the whole device's compute, in percent (`hami_container_device_utilization_ratio`, in spite of its name).
"""

from decimal import Decimal
from typing import NamedTuple

from comb_compiler.plan import Workload
from comb_compiler.plan.scaling import Aim, Measure
from comb_compiler.spec.platform.clusters import Exporter, Prometheus
from comb_compiler.spec.platform.devices import SharingBackEnd

__all__ = ["Measured", "measured", "measures_of", "target_of"]


class Measured(NamedTuple):
    """One figure for each pod. `query` has `{selector}` where the pods are selected, and `{by}` for the labels to keep.

    `name` is what an adapter calls it, `series` one that must be there for it to be known.
    """

    name: str
    series: str
    query: str
    namespace_label: str
    pod_label: str


def _ratio(used: str, *whole: str) -> str:
    parts = " + ".join(f"sum by ({{by}}) ({one}{{{{{{selector}}}}}})" for one in whole)
    return f"100 * sum by ({{by}}) ({used}{{{{{{selector}}}}}}) / ({parts})"


def _mean(series: str, factor: str = "") -> str:
    return f"{factor}avg by ({{by}}) ({series}{{{{{{selector}}}}}})"


_UTILIZATION, _SLICE_UTILIZATION, _MEMORY, _QUEUE = (
    "comb_gpu_utilization",
    "comb_gpu_slice_utilization",
    "comb_gpu_memory",
    "comb_queue",
)
_NAMES = {Measure.GPU_UTILIZATION: _UTILIZATION, Measure.GPU_MEMORY: _MEMORY, Measure.QUEUE: _QUEUE}
_HAMI_UTILIZATION = "hami_container_device_utilization_ratio"
_BY_EXPORTER = {
    Exporter.DCGM: (
        (_UTILIZATION, "DCGM_FI_DEV_GPU_UTIL", _mean("DCGM_FI_DEV_GPU_UTIL")),
        (_SLICE_UTILIZATION, "DCGM_FI_PROF_GR_ENGINE_ACTIVE", _mean("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "100 * ")),
        (_MEMORY, "DCGM_FI_DEV_FB_USED", _ratio("DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_FB_FREE")),
    ),
    Exporter.HAMI: (
        (_UTILIZATION, _HAMI_UTILIZATION, _mean(_HAMI_UTILIZATION)),
        (_MEMORY, "hami_vgpu_memory_used_bytes", _ratio("hami_vgpu_memory_used_bytes", "hami_vgpu_memory_limit_bytes")),
    ),
}


def measures_of(prometheus: Prometheus) -> tuple[Measured, ...]:
    """All that can be measured in a cluster."""
    labels = (prometheus.namespace_label, prometheus.pod_label)
    waiting = Measured(
        _QUEUE, "comb_queue_length", "sum by ({by}) (comb_queue_length{{{selector}}})", "namespace", "pod"
    )
    return (*(Measured(*one, *labels) for one in _BY_EXPORTER[prometheus.exporter]), waiting)


def measured(aim: Aim, workload: Workload, prometheus: Prometheus) -> Measured:
    """What an aim at GPUs or at a queue is measured by, for a workload."""
    is_slice = workload.amounts.slice is not None and bool(workload.amounts.slice.profile)
    wanted = _NAMES[aim.measure]
    if is_slice and wanted == _UTILIZATION and prometheus.exporter is Exporter.DCGM:
        wanted = _SLICE_UTILIZATION
    return next(one for one in measures_of(prometheus) if one.name == wanted)


def target_of(aim: Aim, workload: Workload, back_end: SharingBackEnd | None) -> Decimal:
    """What the figure must be. A share of compute is held to: its use in percent of the device ends at the share."""
    part = workload.amounts.slice
    if aim.measure is Measure.GPU_UTILIZATION and back_end is SharingBackEnd.HAMI and part is not None and part.compute:
        return aim.value * part.compute
    return aim.value
