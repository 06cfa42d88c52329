"""A PrometheusRule that evaluates a comb's own queries, so that HPA can ask for them.

HPA asks an adapter, whose rules are the platform's; a comb's query becomes a series that one of these rules knows.
"""

from collections.abc import Iterator
from typing import Any

from comb_compiler.plan.scaling import Measure, aims_of
from comb_compiler.render.manifest import Manifest, caused, manifest
from comb_compiler.render.rendering import Rendering, cause_of_group
from comb_compiler.render.scaling.adapter import SCALE_QUERY
from comb_compiler.render.scaling.queries import total_of
from comb_compiler.spec.platform.clusters import Autoscaling

__all__ = ["recording_rules"]


def recording_rules(rendering: Rendering) -> Iterator[Manifest]:
    """One for a comb with queries, where the cluster scales by HPA."""
    if rendering.cluster.autoscaling is not Autoscaling.HPA:
        return
    rules = list(_rules(rendering))
    if rules:
        yield manifest(
            {
                "apiVersion": "monitoring.coreos.com/v1",
                "kind": "PrometheusRule",
                "metadata": rendering.metadata(rendering.object_name("scaling")),
                "spec": {"groups": [{"name": f"{rendering.name}-scaling", "interval": "15s", "rules": rules}]},
            },
            rules[0].cause,
        )


def _rules(rendering: Rendering) -> Iterator[Any]:
    for workload in rendering.here.workloads:
        for aim in aims_of(workload, rendering.cluster):
            if aim.measure is Measure.QUERY:
                labels = {"namespace": rendering.namespace, "comb": rendering.name}
                labels |= {"workload": workload.name, "query": aim.name}
                rule = {"record": SCALE_QUERY, "expr": total_of(rendering, workload, aim), "labels": labels}
                yield caused(rule, cause_of_group(workload.group, "scale", "targets", "queries", aim.name))
