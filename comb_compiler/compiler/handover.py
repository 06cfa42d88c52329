"""Scaling that is turned on: an autoscaler takes over a number of replicas that a release said until now.

When a Deployment is applied on the server without a field that only its applier owned, Kubernetes gives the field its
default: of many replicas one is left, until the autoscaler acts. So the number stays for one release, in which the
autoscaler writes another and so owns the field.
"""

from comb_compiler.compiler.render import RenderedCluster, render_release
from comb_compiler.compiler.rollout import Stable, object_in
from comb_compiler.plan.scaling import aims_of
from comb_compiler.release.release import Release

__all__ = ["handed_over", "may_hand_over"]

_SCALERS = ("horizontalpodautoscaler-", "scaledobject-")


def may_hand_over(rendered: RenderedCluster, before: Release) -> bool:
    """Whether an autoscaler comes with a release that follows `before`, or came with that: else nothing is taken over.

    It asks for names of files only.
    """
    return bool(before.replicas) or any(
        name.startswith(_SCALERS) and name not in before.files for name in rendered.files
    )


def handed_over(rendered: RenderedCluster, before: Stable, is_settled: bool = True) -> RenderedCluster:
    """The release as it follows `before`: with the numbers that autoscalers are only about to take over.

    What was kept by `before` is not kept again where that `is_settled`: was there long enough for autoscalers to have
    acted. Raises BadStable where it has an object that cannot be read.
    """
    rendering, kept = rendered.rendering, {}
    for workload in rendering.here.workloads:
        number = _replicas(before, workload.name)
        is_new = not is_settled or workload.name not in before.release.replicas
        if number and is_new and aims_of(workload, rendering.cluster):
            kept[workload.name] = max(number, workload.replicas.least)
    return render_release(rendering._replace(kept=kept), rendered.code) if kept else rendered


def _replicas(before: Stable, name: str) -> int:
    """How many replicas a release said that a Deployment has; 0 where it said nothing."""
    file = f"deployment-{name}.yaml"
    spec = object_in(file, before.files[file]).get("spec") if file in before.files else None
    found = spec.get("replicas") if isinstance(spec, dict) else None
    return found if isinstance(found, int) else 0
