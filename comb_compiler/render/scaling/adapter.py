"""The Prometheus Adapter's rules of a cluster: how what HPA asks for is measured.

One set for all combs: what an HPA aims at, it names by pod. Form and placeholders as the adapter's documentation has
them (`docs/config.md`).
"""

from collections.abc import Iterator
from typing import Any

from comb_compiler.render.scaling.measures import measures_of
from comb_compiler.spec.platform.clusters import Prometheus

__all__ = ["SCALE_QUERY", "adapter_rules"]

SCALE_QUERY = "comb_scale_query"
"""The series that recording rules make of combs' own queries, and the external metric that HPA asks for."""


def adapter_rules(prometheus: Prometheus) -> dict[str, Any]:
    """The content of the adapter's `config.yaml`."""
    external = {
        "seriesQuery": f'{SCALE_QUERY}{{namespace!=""}}',
        "resources": {"overrides": {"namespace": {"resource": "namespace"}}},
        "name": {"matches": f"^{SCALE_QUERY}$", "as": SCALE_QUERY},
        "metricsQuery": "max(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)",
    }
    return {"rules": list(_rules(prometheus)), "externalRules": [external]}


def _rules(prometheus: Prometheus) -> Iterator[dict[str, Any]]:
    for one in measures_of(prometheus):
        yield {
            "seriesQuery": f'{one.series}{{{one.namespace_label}!="",{one.pod_label}!=""}}',
            "resources": {
                "overrides": {
                    one.namespace_label: {"resource": "namespace"},
                    one.pod_label: {"resource": "pod"},
                }
            },
            "name": {"matches": f"^{one.series}$", "as": one.name},
            "metricsQuery": one.query.format(selector="<<.LabelMatchers>>", by="<<.GroupBy>>"),
        }
