"""HorizontalPodAutoscalers (`autoscaling/v2`)."""

from collections.abc import Iterator
from typing import Any

from comb_compiler.plan import Workload
from comb_compiler.plan.scaling import Aim, Measure
from comb_compiler.render.manifest import Manifest, caused, manifest
from comb_compiler.render.quantities import number_quantity
from comb_compiler.render.rendering import Rendering
from comb_compiler.render.scaling.adapter import SCALE_QUERY
from comb_compiler.render.scaling.measures import measured, target_of
from comb_compiler.render.scaling.pace import behavior
from comb_compiler.render.scaling.scaled import scaled_by
from comb_compiler.spec.platform.clusters import Autoscaling

__all__ = ["autoscalers"]


def autoscalers(rendering: Rendering) -> Iterator[Manifest]:
    """One for each workload that something moves, where the cluster scales so."""
    for scaled in scaled_by(rendering, Autoscaling.HPA):
        workload = scaled.workload
        yield manifest(
            {
                "apiVersion": "autoscaling/v2",
                "kind": "HorizontalPodAutoscaler",
                "metadata": rendering.metadata(workload.name),
                "spec": {
                    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": workload.name},
                    "minReplicas": caused(rendering.bounds(workload).least, scaled.cause("min")),
                    "maxReplicas": caused(rendering.bounds(workload).most, scaled.cause("max")),
                    "metrics": [caused(_metric(rendering, workload, aim), scaled.cause_of(aim)) for aim in scaled.aims],
                    "behavior": caused(behavior(workload.scale.pace), scaled.cause("pace")),
                },
            },
            scaled.cause(),
        )


def _metric(rendering: Rendering, workload: Workload, aim: Aim) -> dict[str, Any]:
    if aim.measure is Measure.CPU:
        target = {"type": "Utilization", "averageUtilization": max(1, round(aim.value))}
        return {"type": "Resource", "resource": {"name": "cpu", "target": target}}
    if aim.measure is Measure.QUERY:
        labels = {"comb": rendering.name, "query": aim.name, "workload": workload.name}
        metric = {"name": SCALE_QUERY, "selector": {"matchLabels": labels}}
        target = {"type": "AverageValue", "averageValue": number_quantity(aim.value)}
        return {"type": "External", "external": {"metric": metric, "target": target}}
    prometheus = rendering.cluster.prometheus
    assert prometheus is not None
    value = target_of(aim, workload, rendering.back_end(workload))
    target = {"type": "AverageValue", "averageValue": number_quantity(value)}
    return {"type": "Pods", "pods": {"metric": {"name": measured(aim, workload, prometheus).name}, "target": target}}
