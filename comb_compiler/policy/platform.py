"""What policies are told of a platform, in CI as in a cluster: a ConfigMap, and the namespace that it is in."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from comb_compiler.policy.matching import within
from comb_compiler.policy.model import PolicySet
from comb_compiler.render.manifest import Cause, Manifest, manifest
from comb_compiler.render.names import priority_name
from comb_compiler.spec.platform import Platform

__all__ = ["NAMESPACE", "PARAMS", "platform_params", "shipped_manifests"]

NAMESPACE = "comb-policies"
PARAMS = "comb-platform"
_LABELS = {"app.kubernetes.io/managed-by": "comb"}
_CAUSE = Cause.platform("policies")


def platform_params(platform: Platform, own: Iterable[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """The ConfigMap: registries, priorities, and the teams of namespaces, in words with spaces between.

    A ConfigMap of this name among a platform's `own` objects adds to it, and says what it says otherwise.
    """
    registries = (platform.registry.push, *platform.registry.allowed)
    default = [""] if any(one.default for one in platform.priorities.values()) or not platform.priorities else []
    priorities = [*(priority_name(platform, name) for name in platform.priorities), *default]
    data = {"registries": " ".join(map(str, registries)), "priorities": " ".join(priorities)}
    data |= {f"teams.{name}": " ".join(one.teams) for name, one in platform.namespaces.items() if one.teams}
    for one in own:
        if _is_params(one):
            data |= {str(key): str(value) for key, value in within(one, "data").items()}
    metadata = {"name": PARAMS, "namespace": NAMESPACE, "labels": _LABELS}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def _is_params(one: Mapping[str, Any]) -> bool:
    metadata = within(one, "metadata")
    return one.get("kind") == "ConfigMap" and metadata.get("name") == PARAMS and metadata.get("namespace") == NAMESPACE


def shipped_manifests(policies: PolicySet, platform: Platform) -> Iterator[Manifest]:
    """What a cluster is told of policies: all that it knows the kinds of, as it is written."""
    if not policies.shipped:
        return
    yield manifest(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": _LABELS}}, _CAUSE
    )
    yield manifest(platform_params(platform, policies.params), _CAUSE)
    for one in policies.shipped:
        if not _is_params(one.root.data):
            data = one.root.data
            yield Manifest(f"{data['kind'].lower()}-{data['metadata']['name']}.yaml", data, {(): _CAUSE})
