"""Where pods may run, where they would best run, and away from whom."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from comb_compiler.plan import Workload
from comb_compiler.plan.places import labels_of, places_of
from comb_compiler.render.manifest import Cause, caused
from comb_compiler.render.rendering import Rendering, selects

__all__ = ["affinity", "spread", "tolerations"]

_HOST = "kubernetes.io/hostname"
_ZONE = "topology.kubernetes.io/zone"


def affinity(rendering: Rendering, workload: Workload) -> dict[str, Any] | None:
    """The pod's affinity; None where it may run anywhere, beside anybody."""
    group = workload.group
    wanted = {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": _required(rendering, workload),
            "preferredDuringSchedulingIgnoredDuringExecution": caused(
                [
                    {"weight": one.weight, "preference": {"matchExpressions": _expressions(labels)}}
                    for one in workload.prefer
                    if (labels := labels_of(rendering.cluster, one))
                ]
                or None,
                rendering.cause_of_group(group, "affinity", "prefer"),
            ),
        },
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": caused(
                [
                    {"labelSelector": {"matchLabels": track.selects_process(other)}, "topologyKey": _HOST}
                    for track in _tracks(rendering)
                    for other in rendering.groups
                    if other != group and not set(other.operators).isdisjoint(workload.apart)
                ]
                or None,
                rendering.cause_of_group(group, "affinity", "apart"),
            )
        },
    }
    return _without_empty(wanted)


def _tracks(rendering: Rendering) -> tuple[Rendering, ...]:
    """Whose pods there are: beside a candidate's always the stable release's, too."""
    return (rendering, rendering._replace(track="")) if rendering.track else (rendering,)


def _without_empty(wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    kept = {name: one for name, one in wanted.items() if any(value is not None for value in one.values())}
    return kept or None


def _required(rendering: Rendering, workload: Workload) -> Any:
    """A term for each pool, and off the nodes of others; None where pods may be anywhere."""
    places = places_of(workload, rendering.cluster, rendering.here.zone, rendering.platform.devices)
    avoided = [{"key": key, "operator": "NotIn", "values": [value]} for key, value in places.avoided]
    terms = [{"matchExpressions": [*_expressions(labels), *avoided]} for labels in places.terms or ({},)]
    if terms == [{"matchExpressions": []}]:
        return None
    return caused({"nodeSelectorTerms": terms}, _why(rendering, workload))


def _why(rendering: Rendering, workload: Workload) -> Cause:
    if rendering.here.zone is not None:
        return Cause.comb("storage", "workspace", "shared")
    return rendering.cause_of_group(workload.group, "affinity" if workload.require else "devices")


def _expressions(labels: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "operator": "In", "values": [value]} for key, value in sorted(labels.items())]


def tolerations(rendering: Rendering, workload: Workload) -> list[Any] | None:
    """The taints of the pools that it may run in."""
    seen: dict[tuple[str, str, str], Cause] = {}
    for name, pool in rendering.pools(workload).items():
        for index, taint in enumerate(pool.taints):
            cause = rendering.cause_of_cluster("nodePools", name, "taints", index)
            seen.setdefault((taint.key, taint.value, taint.effect.value), cause)
    return [caused(_toleration(*taint), cause) for taint, cause in seen.items()] or None


def _toleration(key: str, value: str, effect: str) -> dict[str, Any]:
    operator: dict[str, str] = {"operator": "Equal", "value": value} if value else {"operator": "Exists"}
    return {"key": key, **operator, "effect": effect}


def spread(workload: Workload) -> list[dict[str, Any]] | None:
    """Over zones, then over nodes, as far as there is room: one that fails takes few instances with it."""
    if workload.replicas.most < 2:
        return None
    return list(_spread(selects(workload), (_ZONE, _HOST)))


def _spread(selector: Mapping[str, str], keys: Sequence[str]) -> Iterator[dict[str, Any]]:
    for key in keys:
        yield {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": dict(selector)},
        }
