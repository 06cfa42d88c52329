"""Deployments: one for each group of operators and class of device."""

from collections.abc import Iterator

from comb_compiler.plan.scaling import aims_of
from comb_compiler.render.manifest import Manifest, caused, manifest
from comb_compiler.render.pod import pod_template
from comb_compiler.render.rendering import Rendering, selects

__all__ = ["deployments"]


def deployments(rendering: Rendering) -> Iterator[Manifest]:
    """A Deployment for each workload. Where an autoscaler owns the number of replicas, it says none.

    A field that nobody but who applies it owns is reset when it is left out, here to 1: so an autoscaler owns it first.
    """
    for workload in rendering.here.workloads:
        scaled = bool(aims_of(workload, rendering.cluster))
        number = rendering.kept.get(workload.name) if scaled else workload.replicas.least
        replicas = caused(number, rendering.cause_of_group(workload.group, "scale"))
        yield manifest(
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": rendering.metadata(
                    workload.name,
                    annotations={"comb.dev/unbuilt": "true"} if rendering.images.unbuilt else None,
                ),
                "spec": {
                    "replicas": replicas,
                    "revisionHistoryLimit": 3,
                    "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
                    "selector": {"matchLabels": selects(workload)},
                    "template": pod_template(rendering, workload),
                },
            },
            rendering.cause_of_group(workload.group),
        )
