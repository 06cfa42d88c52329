"""Objects of a comb in a cluster → what they say of it, by name: models, replicas, images, arms, resources."""

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from comb_compiler.changes.amounts import parse_quantity

__all__ = ["CONTROLLERS", "Facts", "facts_of", "pods_resources"]

CONTROLLERS = ("Deployment", "StatefulSet", "DaemonSet")
_SCALERS = ("HorizontalPodAutoscaler", "ScaledObject")
_MOST_PARAMETER = 60

_Object = Mapping[str, Any]


class Facts(NamedTuple):
    """What a side says, ready to be compared. `replicas` are the fewest and the most, by workload."""

    models: Mapping[str, str]
    parameters: Mapping[str, Any]
    images: Mapping[str, str]
    replicas: Mapping[str, tuple[int, int]]
    arms: Mapping[str, Any]
    usage: Mapping[str, tuple[Decimal, Decimal]]


def facts_of(objects: Iterable[_Object]) -> Facts:
    """What the objects say; what is not as Comb writes it says nothing."""
    every = list(objects)
    plan, weights = _text(every, "plan.json"), _text(every, "weights.json")
    replicas = dict(_replicas(every))
    return Facts(
        models=dict(_models(plan)),
        parameters=dict(_parameters(plan)),
        images=dict(_images(every)),
        replicas=replicas,
        arms=dict(_arms(plan, weights)),
        usage=_usage(every, replicas),
    )


def _text(objects: Iterable[_Object], key: str) -> Mapping[str, Any]:
    """The JSON that a ConfigMap has under a key."""
    for one in objects:
        data = one.get("data") if one.get("kind") == "ConfigMap" else None
        text = data.get(key) if isinstance(data, Mapping) else None
        if isinstance(text, str):
            try:
                found = json.loads(text)
            except (ValueError, RecursionError):
                continue
            if isinstance(found, dict):
                return found
    return {}


def _bindings(plan: _Object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for one in _items(plan, "bindings"):
        model = one.get("model")
        if isinstance(model, Mapping):
            yield str(one.get("name")), model


def _models(plan: _Object) -> Iterator[tuple[str, str]]:
    for name, model in _bindings(plan):
        pin = str(model.get("sha256", ""))[:12]
        yield name, f"{model.get('name')} {model.get('version')}{f' ({pin})' if pin else ''}"


def _parameters(plan: _Object) -> Iterator[tuple[str, Any]]:
    for name, model in _bindings(plan):
        params = model.get("params")
        if isinstance(params, Mapping):
            yield from ((f"{name}.{key}", value) for key, value in params.items())


def _arms(plan: _Object, weights: _Object) -> Iterator[tuple[str, Any]]:
    experiment, said = plan.get("experiment"), weights.get("arms")
    if isinstance(experiment, Mapping):
        yield from ((str(arm.get("name")), arm.get("weight")) for arm in _items(experiment, "arms"))
    if isinstance(said, Mapping):
        yield from ((str(name), weight) for name, weight in said.items())


def _items(value: _Object, key: str) -> list[Mapping[str, Any]]:
    found = value.get(key)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _under(value: Any, *path: str) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _name(one: _Object) -> str:
    return str(_under(one, "metadata", "name"))


def _images(objects: Iterable[_Object]) -> Iterator[tuple[str, str]]:
    for one in objects:
        if one.get("kind") in CONTROLLERS:
            spec = _under(one, "spec", "template", "spec")
            for container in (*_items(spec or {}, "initContainers"), *_items(spec or {}, "containers")):
                yield f"{_name(one)}[{container.get('name')}]", str(container.get("image"))


def _replicas(objects: list[_Object]) -> Iterator[tuple[str, tuple[int, int]]]:
    scaled = {str(target): counts for target, counts in _scaled(objects)}
    for one in objects:
        if one.get("kind") in ("Deployment", "StatefulSet"):
            own = _under(one, "spec", "replicas")
            alone = own if isinstance(own, int) else 1
            yield _name(one), scaled.get(_name(one), (alone, alone))


def _scaled(objects: Iterable[_Object]) -> Iterator[tuple[Any, tuple[int, int]]]:
    for one in objects:
        if one.get("kind") in _SCALERS:
            spec = one.get("spec")
            least = _under(spec, "minReplicas") or _under(spec, "minReplicaCount")
            most = _under(spec, "maxReplicas") or _under(spec, "maxReplicaCount")
            if isinstance(most, int):
                fewest = least if isinstance(least, int) else int(one.get("kind") == _SCALERS[0])
                yield _under(spec, "scaleTargetRef", "name"), (fewest, most)


def _usage(objects: list[_Object], replicas: Mapping[str, tuple[int, int]]) -> dict[str, tuple[Decimal, Decimal]]:
    """How much all pods ask for, with the fewest and with the most instances."""
    claims = {_name(one): one for one in objects if one.get("kind") == "ResourceClaimTemplate"}
    usage: dict[str, tuple[Decimal, Decimal]] = {}
    for one in objects:
        if one.get("kind") not in CONTROLLERS or _name(one) not in replicas:
            continue
        least, most = replicas[_name(one)]
        for resource, amount in pods_resources(_under(one, "spec", "template", "spec"), claims).items():
            before = usage.get(resource, (Decimal(0), Decimal(0)))
            usage[resource] = (before[0] + amount * least, before[1] + amount * most)
    return usage


def pods_resources(spec: Any, claims: Mapping[str, _Object]) -> dict[str, Decimal]:
    """What one pod requests, as a quota counts it; what has only a limit requests that."""
    total: dict[str, Decimal] = {}
    for container in _items(spec or {}, "containers"):
        asked = {
            **(_under(container, "resources", "limits") or {}),
            **(_under(container, "resources", "requests") or {}),
        }
        for resource, written in asked.items():
            amount = parse_quantity(written)
            if amount is not None:
                total[resource] = total.get(resource, Decimal(0)) + amount
    for claim in _items(spec or {}, "resourceClaims"):
        template = claims.get(str(claim.get("resourceClaimTemplateName")), {})
        for request in _items(_under(template, "spec", "spec", "devices") or {}, "requests"):
            exactly = request.get("exactly")
            device = _under(exactly if isinstance(exactly, Mapping) else request, "deviceClassName")
            count = _under(exactly, "count")
            if device:
                name = f"{device}.deviceclass.resource.k8s.io/devices"
                total[name] = total.get(name, Decimal(0)) + (count if isinstance(count, int) else 1)
    return total
