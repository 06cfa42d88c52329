"""PodDisruptionBudgets: how many pods of a process may go when nodes are emptied."""

from collections.abc import Iterator

from comb_compiler.render.manifest import Manifest, caused, manifest
from comb_compiler.render.rendering import Rendering

__all__ = ["disruption_budgets"]


def disruption_budgets(rendering: Rendering) -> Iterator[Manifest]:
    """One for each process, whatever classes of device it runs on: one pod at a time.

    None where one pod is enough: nothing but an emptied node would ever end it, and that would have to wait for ever.
    Pods that are not ready may always go: they serve nobody, and keep nodes from being emptied.
    """
    for group in rendering.groups:
        if sum(one.replicas.least for one in rendering.workloads(group)) < 2:
            continue
        yield manifest(
            {
                "apiVersion": "policy/v1",
                "kind": "PodDisruptionBudget",
                "metadata": rendering.metadata(rendering.service(group)),
                "spec": {
                    "maxUnavailable": 1,
                    "unhealthyPodEvictionPolicy": "AlwaysAllow",
                    "selector": {
                        "matchLabels": caused(rendering.selects_process(group), rendering.cause_of_group(group))
                    },
                },
            },
            rendering.cause_of_group(group, "scale"),
        )
