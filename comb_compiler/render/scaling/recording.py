"""A PrometheusRule that evaluates a comb's own queries, so that HPA can ask for them.

HPA asks an adapter, whose rules are the platform's; a comb's query becomes a series that one of these rules knows.
"""

from collections.abc import Iterator
from typing import Any

from comb_compiler.plan.scaling import Measure
from comb_compiler.render.manifest import Manifest, caused, manifest
from comb_compiler.render.rendering import Rendering
from comb_compiler.render.scaling.adapter import SCALE_QUERY
from comb_compiler.render.scaling.queries import total_of
from comb_compiler.render.scaling.scaled import scaled_by
from comb_compiler.spec.platform.clusters import Autoscaling

__all__ = ["recording_rules"]


def recording_rules(rendering: Rendering) -> Iterator[Manifest]:
    """One for a comb with queries, where the cluster scales by HPA."""
    rules = list(_rules(rendering))
    if rules:
        name = rendering.object_name("scaling")
        yield manifest(
            {
                "apiVersion": "monitoring.coreos.com/v1",
                "kind": "PrometheusRule",
                "metadata": rendering.metadata(name),
                "spec": {"groups": [{"name": name, "interval": "15s", "rules": rules}]},
            },
            rules[0].cause,
        )


def _rules(rendering: Rendering) -> Iterator[Any]:
    for scaled in scaled_by(rendering, Autoscaling.HPA):
        for aim in scaled.aims:
            if aim.measure is Measure.QUERY:
                labels = {"namespace": rendering.namespace, "comb": rendering.name}
                labels |= {"workload": scaled.workload.name, "query": aim.name}
                expression = total_of(rendering, scaled.workload, aim)
                yield caused({"record": SCALE_QUERY, "expr": expression, "labels": labels}, scaled.cause_of(aim))
