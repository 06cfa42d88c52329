"""What a comb's devices do, as the cluster's exporter measures them."""

from collections.abc import Iterator

from comb_compiler.plan import Workload
from comb_compiler.render.monitoring.views import DEVICES, Panel, Query, Row
from comb_compiler.render.promql import pods_of, quoted
from comb_compiler.render.rendering import Rendering
from comb_compiler.render.scaling.measures import measures_of
from comb_compiler.spec.platform.clusters import Prometheus

__all__ = ["device_row", "device_selectors"]

_TITLES = {
    "comb_gpu_utilization": "Use of devices",
    "comb_gpu_slice_utilization": "Use of slices",
    "comb_gpu_memory": "Memory of devices in use",
}


def device_row(rendering: Rendering) -> Iterator[Row]:
    """A row where some workload has devices; none for a comb of CPUs."""
    prometheus = rendering.cluster.prometheus
    if prometheus is not None and _holders(rendering):
        yield Row("Devices", tuple(_panels(prometheus)))


def device_selectors(rendering: Rendering) -> dict[str, str]:
    """What selects the series of that row, by what stands for it there."""
    prometheus, holders = rendering.cluster.prometheus, _holders(rendering)
    if prometheus is None or not holders:
        return {}
    pods = "|".join(pods_of(one.name) for one in holders)
    pod, namespace = prometheus.pod_label, prometheus.namespace_label
    return {DEVICES: f"{namespace}={quoted(rendering.namespace)},{pod}=~{quoted(pods)}"}


def _holders(rendering: Rendering) -> list[Workload]:
    return [one for one in rendering.here.workloads if one.amounts.slice is not None]


def _panels(prometheus: Prometheus) -> Iterator[Panel]:
    pod = prometheus.pod_label
    for measure in measures_of(prometheus):
        if measure.name in _TITLES:
            query = measure.query.format(selector=DEVICES, by=pod)
            yield Panel(_TITLES[measure.name], "percent", (Query(query, f"{{{{{pod}}}}}"),))
