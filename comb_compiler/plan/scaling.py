"""What moves the number of instances of a workload: its targets, as far as they can be measured where it runs."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from comb_compiler.diagnostics import Code, Diagnostic, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.plan.asked import Asked, scale_of
from comb_compiler.plan.model import Workload
from comb_compiler.source import Path
from comb_compiler.spec.comb.models import ModelFormat
from comb_compiler.spec.comb.scaling import Scale, ScaleTargets
from comb_compiler.spec.places import format_path
from comb_compiler.spec.platform.clusters import Autoscaling, Cluster, Exporter
from comb_compiler.spec.platform.devices import SharingBackEnd

__all__ = ["Aim", "Measure", "aims_of", "is_moved", "scaling_findings"]

_EQUAL_PARTS = (SharingBackEnd.TIME_SLICING, SharingBackEnd.MPS)


class Measure(StrEnum):
    """What is measured."""

    CPU = "cpu"
    GPU_UTILIZATION = "gpuUtilization"
    GPU_MEMORY = "gpuMemory"
    QUEUE = "queue"
    QUERY = "queries"


_OF_GPUS = (Measure.GPU_UTILIZATION, Measure.GPU_MEMORY)


class Aim(NamedTuple):
    """A value to hold per instance. `value` is in percent for all but a queue and a query, whose `name` and `text`
    are there too.
    """

    measure: Measure
    value: Decimal
    name: str = ""
    text: str = ""


def aims_of(workload: Workload, cluster: Cluster) -> tuple[Aim, ...]:
    """What moves the workload between its least and its most; nothing where it stays at its least."""
    if workload.replicas.most <= workload.replicas.least or cluster.autoscaling is Autoscaling.NONE:
        return ()
    return tuple(
        aim
        for aim in _asked(workload.scale.targets)
        if aim.measure not in _OF_GPUS or workload.amounts.slice is not None
    )


def is_moved(scale: Scale, cluster: Cluster) -> bool:
    """Whether anything could move a group off its least in a cluster: there are a most, a target and an autoscaler."""
    has_target = next(_asked(scale.targets), None) is not None
    return scale.max is not None and has_target and cluster.autoscaling is not Autoscaling.NONE


def _asked(targets: ScaleTargets) -> Iterator[Aim]:
    if targets.cpu is not None:
        yield Aim(Measure.CPU, targets.cpu * 100)
    if targets.gpu_utilization is not None:
        yield Aim(Measure.GPU_UTILIZATION, targets.gpu_utilization * 100)
    if targets.gpu_memory is not None:
        yield Aim(Measure.GPU_MEMORY, targets.gpu_memory * 100)
    if targets.queue is not None:
        yield Aim(Measure.QUEUE, Decimal(targets.queue))
    for name, query in targets.queries.items():
        yield Aim(Measure.QUERY, Decimal(repr(query.target)), name, query.query)


def scaling_findings(asked: Asked, workloads: Sequence[Workload], where: str, cluster: Cluster) -> Iterator[Diagnostic]:
    """What is asked of a group's scaling and cannot be, or is not what it seems. `workloads` are the group's."""
    scale = scale_of(asked)
    if not scale.min and not is_moved(scale, cluster):
        yield _asleep(asked, where)
    elif next(_asked(scale.targets), None) is None and scale.max is not None and scale.max > scale.min:
        yield _aimless(asked, scale.min, scale.max)
    for workload in workloads:
        aims = aims_of(workload, cluster)
        yield from _unmoved(asked, workload, aims, where, cluster)
        for aim in aims:
            yield from _unmeasured(asked, aim, where, cluster)
            yield from _misread(asked, workload, aim, where, cluster)


def _asleep(asked: Asked, where: str) -> Diagnostic:
    """None runs, and none ever will."""
    message = f"in the cluster `{where}` no instance of `{asked.first}` ever runs: the least is 0, and nothing moves it"
    hint = "write a `min` of 1, or a target beside `max` in a cluster that an autoscaler serves"
    place = asked.bound.place(*asked.path("scale", "min"))
    return diagnose(codes.UNMEASURED_TARGET, message, place.span, path=format_path(place.path), hints=(hint,))


def _aimless(asked: Asked, least: int, most: int) -> Diagnostic:
    """There is room to grow, in whatever cluster, and nothing that decides when."""
    name = next(name for name, operator in asked.operators.items() if operator.scale.max == most)
    place = asked.bound.place(*asked.path("scale", "max", of=name))
    message = f"nothing moves `{name}` towards its {most} instances: `scale` has no target, and {least} run"
    hint = "give `scale.targets` a value to hold, such as `cpu: 70%`, or leave `max` out"
    return diagnose(codes.NOTHING_TO_SCALE_BY, message, place.span, path=format_path(place.path), hints=(hint,))


def _unmoved(
    asked: Asked, workload: Workload, aims: Sequence[Aim], where: str, cluster: Cluster
) -> Iterator[Diagnostic]:
    """Targets were given, and none of them counts on this class of device; or a start from none is not seen."""
    least, most = workload.replicas
    if most <= least or cluster.autoscaling is Autoscaling.NONE:
        return
    given = list(_asked(workload.scale.targets))
    if given and not aims:
        message = (
            f"in the cluster `{where}` nothing moves `{workload.name}`: it has no GPU, and the targets are of GPUs"
        )
        hint = f"give `cpu` or `queue` as a target too; as it is, {least} of at most {most} instances run"
        yield _say(asked, codes.NOTHING_TO_SCALE_BY, given[0], message, hint)
    if aims and not least and all(aim.measure is not Measure.QUERY for aim in aims):
        message = f"in the cluster `{where}` nothing wakes `{workload.name}`: no instance, nothing to measure"
        hint = "give a query that counts requests before they arrive, such as those of a gateway; or a `min` of 1"
        yield _say(asked, codes.UNMEASURED_TARGET, aims[0], message, hint)


def _unmeasured(asked: Asked, aim: Aim, where: str, cluster: Cluster) -> Iterator[Diagnostic]:
    if aim.measure is Measure.CPU:
        return
    what = f"`{aim.name or aim.measure.value}`"
    if cluster.prometheus is None:
        message = f"the cluster `{where}` has no Prometheus, so that {what} is never measured"
        yield _say(
            asked, codes.UNMEASURED_TARGET, aim, message, "scale on `cpu`, or have the platform name its Prometheus"
        )
    elif (
        aim.measure is Measure.QUERY
        and cluster.autoscaling is Autoscaling.HPA
        and not cluster.prometheus.service_monitors
    ):
        message = f"the cluster `{where}` scales by HPA and takes no rules, so that nothing evaluates the query {what}"
        hint = "have the platform set `autoscaling: keda`, or `serviceMonitors: true` where the Prometheus operator is"
        yield _say(asked, codes.UNMEASURED_TARGET, aim, message, hint)


def _misread(asked: Asked, workload: Workload, aim: Aim, where: str, cluster: Cluster) -> Iterator[Diagnostic]:
    if aim.measure is Measure.GPU_MEMORY and (keeper := _keeper(asked)):
        message = f"the GPU memory of `{keeper}` never falls: what its model takes once it keeps"
        hint = "more instances do not lower it, and fewer never come back; scale on `gpuUtilization` or `queue` instead"
        yield _say(asked, codes.MEMORY_NEVER_FALLS, aim, message, hint)
    if aim.measure not in _OF_GPUS or cluster.prometheus is None:
        return
    shared = any(
        pool.sharing.back_end in _EQUAL_PARTS and (pool.sharing.replicas or 1) > 1
        for pool in (cluster.node_pools[name] for name in workload.pools)
    )
    if shared and cluster.prometheus.exporter is Exporter.DCGM:
        message = f"in the cluster `{where}` `{aim.measure.value}` is that of the whole device, neighbours included"
        hint = (
            "neighbours' load makes this one grow; scale on `queue` or `cpu`, or have an exporter that knows of shares"
        )
        yield _say(asked, codes.MEASURED_WITH_NEIGHBOURS, aim, message, hint)


def _keeper(asked: Asked) -> str:
    """The first operator whose model's runtime keeps the memory that it once took: all known ones do."""
    comb = asked.bound.value
    assert comb is not None
    for name, operator in asked.operators.items():
        model = comb.models.get(operator.model[0]) if operator.model else None
        if operator.resources.gpu is not None and model is not None and model.format is not ModelFormat.CUSTOM:
            return name
    return ""


def _say(asked: Asked, code: Code, aim: Aim, message: str, hint: str) -> Diagnostic:
    """Told at the first operator of the group that gives such a target."""
    below: Path = ("scale", "targets", aim.measure.value, *((aim.name,) if aim.name else ()))
    paths = [asked.path(*below, of=one) for one in asked.operators]
    path = next((one for one in paths if asked.bound.place(*one).path == one), paths[0])
    place = asked.bound.place(*path)
    return diagnose(code, message, place.span, path=format_path(place.path), hints=(hint,))
