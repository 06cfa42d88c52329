"""The workloads that something moves, for the kind of autoscaler that a cluster has."""

from collections.abc import Iterator
from typing import NamedTuple

from comb_compiler.plan import Workload
from comb_compiler.plan.scaling import Aim, aims_of
from comb_compiler.render.manifest import Cause
from comb_compiler.render.rendering import Rendering, cause_of_group
from comb_compiler.spec.platform.clusters import Autoscaling

__all__ = ["Scaled", "scaled_by"]


class Scaled(NamedTuple):
    """A workload, what moves it, and where its scale is written."""

    workload: Workload
    aims: tuple[Aim, ...]
    cause: Cause

    def cause_of(self, aim: Aim) -> Cause:
        """Where an aim is written."""
        return self.cause.below("targets", aim.measure.value, *((aim.name,) if aim.name else ()))


def scaled_by(rendering: Rendering, autoscaling: Autoscaling) -> Iterator[Scaled]:
    """All of them; none where the cluster scales otherwise. There is never an HPA beside a ScaledObject."""
    if rendering.cluster.autoscaling is not autoscaling:
        return
    for workload in rendering.here.workloads:
        aims = aims_of(workload, rendering.cluster)
        if aims:
            yield Scaled(workload, aims, cause_of_group(workload.group, "scale"))
