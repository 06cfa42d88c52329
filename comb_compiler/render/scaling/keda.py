"""KEDA's ScaledObjects (`keda.sh/v1alpha1`). KEDA makes an HPA of each: there is never one beside it."""

from collections.abc import Iterator
from typing import Any

from comb_compiler.plan import Workload
from comb_compiler.plan.scaling import Aim, Measure
from comb_compiler.plan.wording import plain
from comb_compiler.render.manifest import Manifest, caused, manifest
from comb_compiler.render.promql import pods_of, quoted
from comb_compiler.render.rendering import Rendering
from comb_compiler.render.scaling.measures import measured, target_of
from comb_compiler.render.scaling.pace import behavior
from comb_compiler.render.scaling.queries import total_of
from comb_compiler.render.scaling.scaled import scaled_by
from comb_compiler.spec.platform.clusters import Autoscaling

__all__ = ["scaled_objects"]

_POLLING = 15
_COOLDOWN = 300
"""Seconds."""


def scaled_objects(rendering: Rendering) -> Iterator[Manifest]:
    """One for each workload that something moves, where the cluster scales so."""
    for scaled in scaled_by(rendering, Autoscaling.KEDA):
        workload = scaled.workload
        yield manifest(
            {
                "apiVersion": "keda.sh/v1alpha1",
                "kind": "ScaledObject",
                "metadata": rendering.metadata(workload.name),
                "spec": {
                    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": workload.name},
                    "pollingInterval": _POLLING,
                    "cooldownPeriod": _COOLDOWN,
                    "minReplicaCount": caused(rendering.bounds(workload).least, scaled.cause("min")),
                    "maxReplicaCount": caused(rendering.bounds(workload).most, scaled.cause("max")),
                    "advanced": {
                        "horizontalPodAutoscalerConfig": {
                            "behavior": caused(behavior(workload.scale.pace), scaled.cause("pace"))
                        }
                    },
                    "triggers": [
                        caused(_trigger(rendering, workload, aim), scaled.cause_of(aim)) for aim in scaled.aims
                    ],
                },
            },
            scaled.cause(),
        )


def _trigger(rendering: Rendering, workload: Workload, aim: Aim) -> dict[str, Any]:
    if aim.measure is Measure.CPU:
        return {"type": "cpu", "metricType": "Utilization", "metadata": {"value": str(max(1, round(aim.value)))}}
    prometheus = rendering.cluster.prometheus
    assert prometheus is not None
    if aim.measure is Measure.QUERY:
        query, threshold = total_of(rendering, workload, aim), aim.value
    else:
        one = measured(aim, workload, prometheus)
        selector = (
            f"{one.namespace_label}={quoted(rendering.namespace)},{one.pod_label}=~{quoted(pods_of(workload.name))}"
        )
        query = f"sum({one.query.format(selector=selector, by=one.pod_label)})"
        threshold = target_of(aim, workload, rendering.back_end(workload))
    return {
        "type": "prometheus",
        "metricType": "AverageValue",
        "metadata": {
            "serverAddress": caused(prometheus.url, rendering.cause_of_cluster("prometheus", "url")),
            "query": query,
            "threshold": plain(threshold),
            # What is lost is an error, not a load of nothing: the number of replicas stays as it is.
            "ignoreNullValues": "false",
        },
    }
