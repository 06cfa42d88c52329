"""The workloads that something moves, for the kind of autoscaler that a cluster has."""

from collections.abc import Iterator
from typing import NamedTuple

from comb_compiler.plan import Workload
from comb_compiler.plan.scaling import Aim, aims_of
from comb_compiler.render.manifest import Cause
from comb_compiler.render.rendering import Rendering
from comb_compiler.render.whose import said
from comb_compiler.spec.platform.clusters import Autoscaling

__all__ = ["Scaled", "scaled_by"]


class Scaled(NamedTuple):
    """A workload, and what moves it."""

    rendering: Rendering
    workload: Workload
    aims: tuple[Aim, ...]

    def cause(self, *path: str) -> Cause:
        """Where its scale says what is at `path`: of several operators, the one whose word counts."""
        _, value = said(self.workload.scale, path)
        return self.rendering.cause_of_group(self.workload.group, "scale", *path, value=value)

    def cause_of(self, aim: Aim) -> Cause:
        """Where an aim is written."""
        return self.cause("targets", aim.measure.value, *((aim.name,) if aim.name else ()))


def scaled_by(rendering: Rendering, autoscaling: Autoscaling) -> Iterator[Scaled]:
    """All of them; none where the cluster scales otherwise. There is never an HPA beside a ScaledObject."""
    if rendering.cluster.autoscaling is not autoscaling:
        return
    for workload in rendering.here.workloads:
        aims = aims_of(workload, rendering.cluster)
        if aims:
            yield Scaled(rendering, workload, aims)
