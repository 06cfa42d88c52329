"""PriorityClasses, under the names that pods of combs ask for."""

from collections.abc import Iterator

from comb_compiler.render.manifest import Cause, Manifest, caused, manifest
from comb_compiler.render.names import priority_name
from comb_compiler.render.platform.grounds import LABELS, Grounds

__all__ = ["priority_classes"]


def priority_classes(grounds: Grounds) -> Iterator[Manifest]:
    """One for each priority. None is the cluster's default: that of combs is given to each pod by name.

    Flux never removes one: combs that were not published since it changed still ask for it, and without it their pods
    would be refused.
    """
    for name, one in grounds.platform.priorities.items():
        at = ("priorities", name)
        yield manifest(
            {
                "apiVersion": "scheduling.k8s.io/v1",
                "kind": "PriorityClass",
                "metadata": {
                    "name": priority_name(grounds.platform, name),
                    "labels": dict(LABELS),
                    "annotations": {"kustomize.toolkit.fluxcd.io/prune": "disabled"},
                },
                "value": caused(one.value, Cause.platform(*at, "value")),
                "preemptionPolicy": caused(
                    "PreemptLowerPriority" if one.preempts else "Never", Cause.platform(*at, "preempts")
                ),
                "description": f"The priority `{name}` of combs.",
            },
            Cause.platform(*at),
        )
