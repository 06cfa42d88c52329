"""What stands in the way of a plan, each told where it was asked for."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from comb_compiler.diagnostics import Code, Diagnostic, Label, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.plan.asked import CPU, Asked, may_use
from comb_compiler.plan.buckets import BUCKETS, MOST_ARMS, buckets_of
from comb_compiler.plan.model import Amounts, Workload
from comb_compiler.plan.quotas import Excess
from comb_compiler.plan.sharing import Refusal
from comb_compiler.plan.wording import plain, size
from comb_compiler.source import Path
from comb_compiler.spec import Bound, Comb
from comb_compiler.spec.places import Place, format_path
from comb_compiler.spec.platform import Platform
from comb_compiler.spec.platform.clusters import Cluster
from comb_compiler.spec.platform.release import Delivery
from comb_compiler.spec.wording import listed

__all__ = [
    "contradiction",
    "crowded",
    "fragile",
    "indistinct",
    "name_clash",
    "never_grows",
    "no_common_class",
    "no_room",
    "no_zone",
    "nowhere",
    "one_image",
    "one_priority",
    "over_quota",
    "refused",
    "unaffordable",
    "unmet_preference",
    "unroutable",
]


def no_common_class(asked: Asked) -> Diagnostic:
    """Operators that share a pod have no class of device in common."""
    names = [name for name, operator in asked.operators.items() if operator.devices]
    message = f"{listed(names)} share a pod, and name no class of device that suits all of them"
    hint = "name a class that all of them can run on, or part them"
    return _say(asked, codes.NO_COMMON_DEVICE, asked.path("devices", of=names[0]), message, hint)


def refused(asked: Asked, refusal: Refusal, cluster: str) -> Diagnostic:
    """The way in which a cluster shares its devices cannot make the share that is asked for."""
    name = next(name for name, operator in asked.operators.items() if operator.resources.gpu is not None)
    message = f"the cluster `{cluster}` cannot give this share of a device: {refusal.message}"
    return _say(asked, codes.INEXPRESSIBLE_SHARE, asked.path("resources", "gpu", of=name), message, refusal.hint)


def nowhere(asked: Asked, classes: Sequence[str], name: str, cluster: Cluster) -> Diagnostic:
    """A cluster has no nodes with such devices, or none where the group requires to be."""
    there = sorted({pool.device or CPU for pool in cluster.node_pools.values()})
    if any(device in there for device in classes):
        wishes = [name for name, operator in asked.operators.items() if operator.affinity.require]
        if all(_is_anywhere(asked, one, classes, cluster) for one in wishes) and len(wishes) > 1:
            return _never_together(asked, wishes, name, cluster)
        required = next((n for n, operator in asked.operators.items() if operator.affinity.require), asked.first)
        message = f"no nodes of the cluster `{name}` are where `{required}` requires to be"
        hint = f"there are {_pools(cluster)}"
        return _say(asked, codes.UNMET_PLACE, asked.path("affinity", "require", of=required), message, hint)
    message = f"the cluster `{name}` has no nodes with {listed(classes, 'or')}, which `{asked.first}` runs on"
    return _say(asked, codes.NO_DEVICE_HERE, asked.path("devices"), message, f"it has {listed(there)}")


def _is_anywhere(asked: Asked, operator: str, classes: Sequence[str], cluster: Cluster) -> bool:
    alone = asked._replace(operators={operator: asked.operators[operator]})
    pools = cluster.node_pools.values()
    return any((pool.device or CPU) in classes and may_use(alone, pool) for pool in pools)


def _never_together(asked: Asked, wishes: Sequence[str], where: str, cluster: Cluster) -> Diagnostic:
    """Each of several operators that share a pod can be where it requires to be, and not all of them at once."""
    paths = [asked.path("affinity", "require", of=one) for one in wishes]
    related = tuple(Label(asked.bound.place(*path).span, "required here") for path in paths[:-1])
    message = f"{listed(wishes)} share a pod, and no nodes of the cluster `{where}` are where all of them require to be"
    hint = f"require the same of all of them, or part them: there are {_pools(cluster)}"
    return _say(asked, codes.CONTRADICTING_AFFINITY, paths[-1], message, hint, related)


def indistinct(asked: Asked, zone: str, name: str) -> Diagnostic:
    """A place is required whose nodes no label tells from others."""
    required = next(n for n, operator in asked.operators.items() if operator.affinity.require)
    message = f"in the cluster `{name}` nothing tells the nodes of the zone `{zone}`, where `{required}` requires to be"
    hint = f"have the platform write their labels at `clusters.{name}.zones.{zone}.nodeLabels`"
    return _say(asked, codes.INDISTINCT_PLACE, asked.path("affinity", "require", of=required), message, hint)


def no_room(
    asked: Asked, workload: Workload, missing: int, holds: int, where: str, change: tuple[str, str], *, is_certain: bool
) -> Diagnostic:
    """Instances find no place in the cluster `where`; `holds` is how many its empty nodes hold of these alone.

    `change` says what would make them fit, behind the field of `resources` that there is too little of for one.
    """
    least = workload.replicas.least
    verdict = "no place is left for" if is_certain else "no place was found for"
    whom = f"{missing} of {least} instances" if least > 1 else "an instance"
    message = f"in the cluster `{where}` {verdict} {whom} of `{workload.name}`"
    pools = listed(workload.pools, "or")
    there = f"the empty nodes of {pools} hold {holds} of them; {change[1]}" if holds else change[1]
    scaled = next(
        (name for name in asked.operators if "min" in asked.bound.declared(*asked.path("scale", of=name))), ""
    )
    path = asked.path("scale", "min", of=scaled) if holds else asked.path("resources", of=_most_of(asked, change[0]))
    hint = f"each takes {_amounts(workload.amounts)}; {there}"
    return _say(asked, codes.DOES_NOT_FIT, path, message, hint)


def fragile(asked: Asked, workload: Workload, where: str) -> Diagnostic:
    """All have a place, but there is an order in which one of `workload` finds none."""
    message = f"in the cluster `{where}` all instances fit, but an instance of `{workload.name}` may come too late"
    hint = (
        f"it takes {_amounts(workload.amounts)}, which no node has left when the others came first and spread out; "
        "ask for less, give it a higher priority, or leave more room"
    )
    return _say(asked, codes.FRAGILE_FIT, asked.path("resources"), message, hint)


def no_zone(bound: Bound[Comb], cluster: str, zone: str = "") -> Diagnostic:
    """A workspace is for the pods of a zone: the cluster has none, or nothing tells the nodes of `zone` from others."""
    message = f"the workspace is for the pods of a zone, and no nodes of the cluster `{cluster}` are in one"
    hint = "write `shared: pod`, or have the platform say which of its pools are in which zone"
    if zone:
        message = f"in the cluster `{cluster}` nothing tells the nodes of the zone `{zone}`, where all pods must be"
        hint = f"have the platform write their labels at `clusters.{cluster}.zones.{zone}.nodeLabels`"
    place = bound.place("storage", "workspace", "shared")
    return diagnose(codes.NO_ZONE, message, place.span, path=format_path(place.path), hints=(hint,))


def unroutable(bound: Bound[Comb], on: Bound[Platform]) -> Iterator[Diagnostic]:
    """Arms that routes cannot tell apart, or give users: a gateway has so many buckets, and a route so many rules."""
    comb, platform = bound.value, on.value
    assert comb is not None
    assert platform is not None
    if comb.experiment is None or platform.delivery is not Delivery.GATEWAY_API:
        return
    related = (Label(on.place("delivery").span, "by the Gateway API"),)
    arms = comb.experiment.arms
    if len(arms) > MOST_ARMS:
        place = bound.place("experiment", "arms")
        message = f"one route tells {MOST_ARMS} arms apart, and there are {len(arms)}"
        hint = "test fewer variants at once, or let the platform deliver by `router`"
        yield _at(place.key_span, place, message, hint, related)
    for arm, buckets in buckets_of({name: one.weight for name, one in arms.items()}).items():
        if arms[arm].weight and not buckets:
            place = bound.place("experiment", "arms", arm, "weight")
            message = f"`{arm}` would get no users: its share is too small for one of the gateway's {BUCKETS} buckets"
            yield _at(place.span, place, message, "give it at least 1%, or a weight of 0", related)


def _at(span: Span, place: Place, message: str, hint: str, related: tuple[Label, ...]) -> Diagnostic:
    path = format_path(place.path)
    return diagnose(codes.UNROUTABLE_ARM, message, span, path=path, hints=(hint,), related=related)


def contradiction(asked: Asked, name: str, index: int, other: str) -> Diagnostic:
    """The operator `name` wants to be apart from one that it shares a pod with."""
    path = asked.path("affinity", "apart", index, of=name)
    beside = [one for one in asked.operators if asked.operators[one].affinity.beside]
    related = tuple(
        Label(asked.bound.place(*asked.path("affinity", "with", of=one)).span, "joined here") for one in beside
    )
    message = f"`{name}` is to be apart from `{other}`, and shares a pod with it"
    hint = "take it from `apart`, or part the two: `with` joins through others too"
    if not beside:
        hint = "take it from `apart`, or give each a class of device or a place of its own"
    return _say(asked, codes.CONTRADICTING_AFFINITY, path, message, hint, related)


def one_image(asked: Asked, name: str, other: str) -> Diagnostic:
    """The operator `name` is an image, and shares a pod, which runs one, with another that is not the same."""
    joined = next(one for one in asked.operators if asked.operators[one].affinity.beside)
    label = Label(asked.bound.place(*asked.path("affinity", "with", of=joined)).span, "joined here")
    message = f"`{name}` is an image of its own, and shares a pod with `{other}`, which does not run in it"
    hint = "take one of the two from `with`: a pod runs one image"
    return _say(asked, codes.CONTRADICTING_AFFINITY, asked.path("image", of=name), message, hint, (label,))


def one_priority(asked: Asked, name: str, other: str) -> Diagnostic:
    """Two operators share a pod, which has one priority: that of `name`, not that of `other`."""
    wanted = asked.operators[name].priority
    first = Label(asked.bound.place(*asked.path("priority", of=name)).span, "this one counts")
    message = f"`{name}` and `{other}` share a pod, and name different priorities: it has `{wanted}`"
    hint = f"write `priority: {wanted}` for both, or give each a pod of its own"
    return _say(asked, codes.CONTRADICTING_PRIORITIES, asked.path("priority", of=other), message, hint, (first,))


def unmet_preference(asked: Asked, name: str, index: int) -> Diagnostic:
    """No node that `name` may run on is where it prefers to be."""
    message = f"no node that `{name}` may run on is where it prefers to be"
    hint = "name a zone and labels that a pool of its devices has, and that `require` does not rule out"
    return _say(asked, codes.UNMET_PREFERENCE, asked.path("affinity", "prefer", index, of=name), message, hint)


def name_clash(asked: Asked, workload: Workload, other: Workload, cluster: str) -> Diagnostic:
    """Two workloads of a comb come to the same name."""
    message = f"in the cluster `{cluster}` two workloads would be named `{workload.name}`"
    place = asked.bound.place(*asked.path())
    hint = f"`{other.group.name}` on `{other.device}` comes to the same name: give one of the two another"
    path = format_path(place.path)
    return diagnose(codes.NAME_CLASH, message, place.key_span, path=path, hints=(hint,))


def over_quota(asked: Asked, excess: Excess, namespace: str, quota: Label, cluster: str) -> Diagnostic:
    """The fewest instances ask for more than their namespace may have."""
    message = (
        f"in the cluster `{cluster}` the fewest instances take {excess.asked}; `{namespace}` may have {excess.quota}"
    )
    hint = f"`{excess.workload.name}` takes most of it; ask for less or for fewer, or have the platform raise the quota"
    path = _field_path(asked, excess.field)
    return _say(asked, codes.QUOTA_EXCEEDED, path, message, hint, (quota,))


def never_grows(asked: Asked, excess: Excess, namespace: str, quota: Label, cluster: str) -> Diagnostic:
    """A workload's most instances alone are more than the namespace may have."""
    workload = excess.workload
    message = (
        f"in the cluster `{cluster}` `{workload.name}` never reaches its {workload.replicas.most} instances: "
        f"they take {excess.asked}, and `{namespace}` may have {excess.quota}"
    )
    scaled = next(
        (name for name in asked.operators if "max" in asked.bound.declared(*asked.path("scale", of=name))), ""
    )
    path = asked.path("scale", "max", of=scaled) if scaled else _field_path(asked, excess.field)
    hint = "lower `scale.max`, ask for less, or have the platform raise the quota"
    return _say(asked, codes.QUOTA_BELOW_MAX, path, message, hint, (quota,))


def crowded(bound: Bound[Comb], cluster: str, missing: int, total: int, *, is_certain: bool) -> Diagnostic:
    """A candidate's instances find no place beside the stable release's: of both so many in `total`."""
    verdict = "no place is left for" if is_certain else "no place was found for"
    message = (
        f"in the cluster `{cluster}` {verdict} {missing} of {total} instances of the stable release and a candidate"
    )
    return _of_the_largest_step(bound, message)


def unaffordable(bound: Bound[Comb], cluster: str, excess: Excess, namespace: str, quota: Label) -> Diagnostic:
    """A candidate and the stable release ask for more than their namespace may have."""
    message = (
        f"in the cluster `{cluster}` the stable release and a candidate take {excess.asked}; "
        f"`{namespace}` may have {excess.quota}"
    )
    return _of_the_largest_step(bound, message, quota)


def _of_the_largest_step(bound: Bound[Comb], message: str, *related: Label) -> Diagnostic:
    comb = bound.value
    assert comb is not None
    assert comb.rollout is not None
    steps = comb.rollout.steps
    place = bound.place("rollout", "steps", steps.index(max(steps)))
    share = plain(100 * max(steps))
    hint = (
        f"for {share}% of the users a candidate has {share}% of the instances, from the first step on: "
        "end with a smaller step, ask for less, or leave more room"
    )
    path = format_path(place.path)
    return diagnose(codes.NO_ROOM_FOR_CANDIDATE, message, place.span, path=path, hints=(hint,), related=related)


def _field_path(asked: Asked, field: str) -> Path:
    return asked.path("resources", field, of=_most_of(asked, field))


def _most_of(asked: Asked, field: str) -> str:
    """The operator of a group that asks for most of a field of `resources`: of GPUs the first; empty for none."""
    who = [one for one in asked.operators if field in asked.bound.declared(*asked.path("resources", of=one))]
    return max(who, key=lambda one: _number(asked, one, field), default="")


def _number(asked: Asked, operator: str, field: str) -> Decimal:
    resources = asked.operators[operator].resources
    return Decimal({"cpu": resources.cpu, "memory": resources.memory}.get(field) or 0)


def _say(asked: Asked, code: Code, path: Path, message: str, hint: str, related: tuple[Label, ...] = ()) -> Diagnostic:
    place = asked.bound.place(*path)
    span = place.span if place.path == path else place.key_span
    return diagnose(code, message, span, path=format_path(place.path), hints=(hint,), related=related)


def _amounts(amounts: Amounts) -> str:
    cpu = f"{plain(amounts.cpu)} {'core' if amounts.cpu == 1 else 'cores'}" if amounts.cpu else ""
    memory = size(amounts.memory) if amounts.memory else ""
    return _joined([cpu, memory, _slice(amounts)]) or "nothing"


def _slice(amounts: Amounts) -> str:
    part = amounts.slice
    if part is None:
        return ""
    return f"{part.profile or size(part.memory)} of {'a device' if part.devices == 1 else f'{part.devices} devices'}"


def _joined(parts: Iterable[str]) -> str:
    return ", ".join(part for part in parts if part)


def _pools(cluster: Cluster) -> str:
    names = (f"`{name}`" + (f" in `{pool.zone}`" if pool.zone else "") for name, pool in cluster.node_pools.items())
    return ", ".join(names)
