"""The Prometheus Adapter's rules, for clusters that scale by HPA: one set for all combs."""

from collections.abc import Iterator

from comb_compiler.render.emit import emit
from comb_compiler.render.manifest import Cause, Manifest, manifest
from comb_compiler.render.platform.grounds import LABELS, Grounds
from comb_compiler.render.scaling.adapter import adapter_rules
from comb_compiler.spec.platform.clusters import Autoscaling

__all__ = ["adapter_config"]

_NAME = "comb-adapter-rules"


def adapter_config(grounds: Grounds) -> Iterator[Manifest]:
    """A ConfigMap that the adapter is pointed at (`rules.existing` of its chart)."""
    prometheus = grounds.cluster.prometheus
    if prometheus is None or grounds.cluster.autoscaling is not Autoscaling.HPA:
        return
    yield manifest(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": _NAME, "namespace": prometheus.adapter_namespace, "labels": dict(LABELS)},
            "data": {"config.yaml": emit(adapter_rules(prometheus))},
        },
        Cause.platform("clusters", grounds.name, "prometheus"),
    )
