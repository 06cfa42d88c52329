"""Which items of two lists are the same one: by the keys that Kubernetes merges them by, or as members of a set."""

import json
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, NamedTuple

__all__ = ["Pair", "pairs"]

_KEYS: dict[str, tuple[str, ...]] = {
    "allowedTopologies": ("key",),
    "claims": ("name",),
    "conditions": ("type",),
    "containers": ("name",),
    "env": ("name",),
    "ephemeralContainers": ("name",),
    "groups": ("name",),
    "hostAliases": ("ip",),
    "imagePullSecrets": ("name",),
    "initContainers": ("name",),
    "listeners": ("name",),
    "matchConditions": ("name",),
    "ownerReferences": ("uid",),
    "panels": ("title",),
    "requests": ("name",),
    "resourceClaims": ("name",),
    "schedulingGates": ("name",),
    "secrets": ("name",),
    "targets": ("refId",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "variables": ("name",),
    "versions": ("name",),
    "volumeDevices": ("devicePath",),
    "volumeMounts": ("mountPath",),
    "volumes": ("name",),
    "webhooks": ("name",),
}
"""By the name of a field, as `x-kubernetes-list-map-keys` and `x-kubernetes-patch-merge-key` say it, and as Grafana
knows the panels of a dashboard and their queries."""
_SETS = frozenset(
    (
        *("accessModes", "add", "apiGroups", "drop", "egress", "except", "externalIPs", "finalizers", "from"),
        *("hostnames", "ingress", "loadBalancerSourceRanges", "matchExpressions", "matchFields", "metrics"),
        *("nodeSelectorTerms", "nonResourceURLs", "policies", "policyTypes", "ports"),
        *("preferredDuringSchedulingIgnoredDuringExecution", "requiredDuringSchedulingIgnoredDuringExecution"),
        *("resourceNames", "resources", "to", "tolerations", "values", "verbs"),
    )
)
"""Lists that Kubernetes keeps in order, though their order means nothing."""
_PROTOCOL = "TCP"


class Pair(NamedTuple):
    """An item before and after, None where it is not there; its label for people, and its place where it is now."""

    label: str
    before: Any
    after: Any
    place: int


def pairs(field: str, before: Sequence[Any], after: Sequence[Any], *, named: bool = False) -> Iterator[Pair]:
    """The items of two lists of a field, one with the other. `named` is for lists that are nobody's but Comb's."""
    keys = _keys(field, before, after, named=named)
    if keys is not None:
        yield from _keyed(keys[0], keys[1], before, after)
    elif field in _SETS:
        yield from _as_set(before, after)
    else:
        yield from _in_order(before, after)


def _keys(
    field: str, before: Sequence[Any], after: Sequence[Any], *, named: bool
) -> tuple[list[Hashable], list[Hashable]] | None:
    """What the items are known by; None where the list has no such keys, or one of them twice."""
    fields = _fields(field, (*before, *after)) or (("name",) if named else None)
    if fields is None or (field == "env" and any("$(" in str(one) for one in (*before, *after))):
        return None  # a variable may hold those above it, so that their order means something
    found = [_all_of(fields, items) for items in (before, after)]
    if found[0] is None or found[1] is None:
        return None
    return found[0], found[1]


def _fields(field: str, items: Sequence[Any]) -> tuple[str, ...] | None:
    if field != "ports":
        return _KEYS.get(field)
    dicts = [one for one in items if isinstance(one, dict)]
    if dicts and all("containerPort" in one for one in dicts):
        return ("containerPort", "protocol")
    return ("port", "protocol") if dicts and all("name" in one or "targetPort" in one for one in dicts) else None


def _all_of(fields: tuple[str, ...], items: Sequence[Any]) -> list[Hashable] | None:
    keys: list[Hashable] = []
    for item in items:
        if not isinstance(item, dict) or fields[0] not in item:
            return None
        keys.append(tuple(str(item.get(one, _PROTOCOL if one == "protocol" else "")) for one in fields))
    return keys if len(set(keys)) == len(keys) else None


def _keyed(
    before_keys: list[Hashable], after_keys: list[Hashable], before: Sequence[Any], after: Sequence[Any]
) -> Iterator[Pair]:
    old = dict(zip(before_keys, before, strict=True))
    for index, (key, item) in enumerate(zip(after_keys, after, strict=True)):
        yield Pair(_label(key), old.pop(key, None), item, index)
    for key, item in old.items():
        yield Pair(_label(key), item, None, len(after))


def _label(key: Any) -> str:
    parts = [one for one in key if one and one != _PROTOCOL]
    return ",".join(parts)


def _as_set(before: Sequence[Any], after: Sequence[Any]) -> Iterator[Pair]:
    """What only one of them holds; as many of these as there are on both sides are compared, in their order."""
    had, has = (Counter(map(_canonical, items)) for items in (before, after))
    gone, come = had - has, has - had
    left = [one for one in before if _taken(gone, one)]
    new = [(index, one) for index, one in enumerate(after) if _taken(come, one)]
    if len(left) == len(new):
        for old, (index, one) in zip(left, new, strict=True):
            yield Pair(str(index), old, one, index)
        return
    yield from (Pair("", one, None, len(after)) for one in left)
    yield from (Pair(str(index), None, one, index) for index, one in new)


def _taken(counts: Counter[str], item: Any) -> bool:
    key = _canonical(item)
    if not counts[key]:
        return False
    counts[key] -= 1
    return True


def _canonical(item: Any) -> str:
    return json.dumps(item, sort_keys=True, default=str)


def _in_order(before: Sequence[Any], after: Sequence[Any]) -> Iterator[Pair]:
    """What stands between the items at both ends that are the same."""
    first = 0
    while first < min(len(before), len(after)) and before[first] == after[first]:
        first += 1
    last = 0
    while last < min(len(before), len(after)) - first and before[-1 - last] == after[-1 - last]:
        last += 1
    old, new = before[first : len(before) - last], after[first : len(after) - last]
    for place in range(max(len(old), len(new))):
        one = old[place] if place < len(old) else None
        other = new[place] if place < len(new) else None
        yield Pair(str(first + place), one, other, first + place)
