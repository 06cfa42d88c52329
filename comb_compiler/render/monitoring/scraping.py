"""How Prometheus finds a comb's pods: by its operator's ServiceMonitor, or by annotations of the Services.

Either way the series carry `namespace` and `service`, and `service` is the name of the process.
"""

from collections.abc import Iterator
from typing import Any

from comb_compiler.render import layout
from comb_compiler.render.manifest import Cause, Manifest, caused, manifest
from comb_compiler.render.rendering import Rendering
from comb_compiler.spec.platform.clusters import Prometheus

__all__ = ["has_operator", "monitored_metadata", "scrape_annotations", "service_monitors"]

_INTERVAL = "15s"


def has_operator(rendering: Rendering) -> bool:
    """Whether the cluster understands the Prometheus operator's objects."""
    prometheus = rendering.cluster.prometheus
    return prometheus is not None and prometheus.service_monitors


def monitored_metadata(rendering: Rendering, name: str) -> dict[str, Any]:
    """The metadata of an object that the Prometheus operator must find."""
    made, prometheus = rendering.metadata(name), rendering.cluster.prometheus
    assert isinstance(prometheus, Prometheus)
    cause = Cause.platform("clusters", rendering.here.cluster, "prometheus", "labels")
    found_by = {key: caused(value, cause) for key, value in prometheus.labels.items()}
    return {**made, "labels": {**made["labels"], **found_by}}


def service_monitors(rendering: Rendering) -> Iterator[Manifest]:
    """One for all processes of the comb, where the operator of Prometheus is."""
    if not has_operator(rendering):
        return
    yield manifest(
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "ServiceMonitor",
            "metadata": monitored_metadata(rendering, rendering.name),
            "spec": {
                "selector": {"matchLabels": rendering.selects_comb()},
                "endpoints": [{"port": "http", "path": "/metrics", "interval": _INTERVAL}],
            },
        },
        Cause.platform("clusters", rendering.here.cluster, "prometheus"),
    )


def scrape_annotations(rendering: Rendering) -> Any:
    """What a Service says to a Prometheus without an operator; None where nobody is to read it.

    A Service's annotations, not its pods': so its series are labelled like those of a ServiceMonitor.
    """
    if rendering.cluster.prometheus is None or has_operator(rendering):
        return None
    said = {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(layout.HTTP_PORT),
        "prometheus.io/path": "/metrics",
    }
    return caused(said, Cause.platform("clusters", rendering.here.cluster, "prometheus", "serviceMonitors"))
