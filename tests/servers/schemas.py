"""JSON Schemas of kinds of objects, made of what an API server is told: its own OpenAPI, and definitions of kinds.

They are strict, as `fieldValidation=Strict` is: a field that is not declared is wrong.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

__all__ = ["KINDS", "make_schemas"]

KINDS = (
    "admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy",
    "admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding",
    "apps/v1 Deployment",
    "autoscaling/v2 HorizontalPodAutoscaler",
    "gateway.networking.k8s.io/v1 GRPCRoute",
    "gateway.networking.k8s.io/v1 HTTPRoute",
    "keda.sh/v1alpha1 ScaledObject",
    "keda.sh/v1alpha1 TriggerAuthentication",
    "kustomize.toolkit.fluxcd.io/v1 Kustomization",
    "monitoring.coreos.com/v1 PodMonitor",
    "monitoring.coreos.com/v1 PrometheusRule",
    "monitoring.coreos.com/v1 ServiceMonitor",
    "networking.k8s.io/v1 NetworkPolicy",
    "notification.toolkit.fluxcd.io/v1beta3 Alert",
    "notification.toolkit.fluxcd.io/v1beta3 Provider",
    "policy/v1 PodDisruptionBudget",
    "rbac.authorization.k8s.io/v1 ClusterRole",
    "rbac.authorization.k8s.io/v1 ClusterRoleBinding",
    "rbac.authorization.k8s.io/v1 Role",
    "rbac.authorization.k8s.io/v1 RoleBinding",
    "resource.k8s.io/v1 DeviceClass",
    "resource.k8s.io/v1 ResourceClaimTemplate",
    "scheduling.k8s.io/v1 PriorityClass",
    "source.toolkit.fluxcd.io/v1 GitRepository",
    "v1 ConfigMap",
    "v1 LimitRange",
    "v1 Namespace",
    "v1 PersistentVolumeClaim",
    "v1 ResourceQuota",
    "v1 Service",
    "v1 ServiceAccount",
)
"""What Comb may render, as `apiVersion kind`."""

_REF = "#/definitions/"
_METADATA = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_NUMBERS_TOO = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["string", "number"]},
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["string", "integer"]},
}
_KEPT = frozenset(
    (
        "$ref",
        "type",
        "enum",
        "pattern",
        "required",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
    )
)
_NESTED = ("items", "additionalProperties", "not")
_LISTED = ("allOf", "anyOf", "oneOf")


def make_schemas(openapi: Path, crds: Path) -> dict[str, Any]:
    """A document with the schemas of `KINDS` under `kinds`, and under `definitions` what they share."""
    known: Mapping[str, Any] = json.loads(openapi.read_text(encoding="utf-8"))["definitions"]
    kinds = dict((*_built_in(known), *_defined(crds)))
    wanted = {kind: kinds[kind] for kind in KINDS}
    definitions: dict[str, Any] = {}
    open_ends = [*_references(wanted), _METADATA]
    while open_ends:
        name = open_ends.pop()
        if name not in definitions:
            definitions[name] = _NUMBERS_TOO.get(name) or _strict(known[name])
            open_ends += _references(definitions[name])
    return {"kinds": wanted, "definitions": dict(sorted(definitions.items()))}


def _built_in(known: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, schema in known.items():
        for kind in schema.get("x-kubernetes-group-version-kind", ()):
            version = "/".join(part for part in (kind["group"], kind["version"]) if part)
            yield f"{version} {kind['kind']}", {"$ref": _REF + name}


def _defined(crds: Path) -> Iterator[tuple[str, Any]]:
    for file in sorted(crds.iterdir()):
        spec = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)["spec"]
        for version in spec["versions"]:
            schema = _strict(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"$ref": _REF + _METADATA}
            yield f"{spec['group']}/{version['name']} {spec['names']['kind']}", schema


def _strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What decides about an object, without words about it; fields that are not declared are none."""
    if schema.get("x-kubernetes-int-or-string"):
        return {key: value for key, value in schema.items() if key == "pattern"} | {"type": ["integer", "string"]}
    made = {key: value for key, value in schema.items() if key in _KEPT}
    made |= {key: _strict(schema[key]) for key in _NESTED if isinstance(schema.get(key), Mapping)}
    made |= {key: [_strict(one) for one in schema[key]] for key in _LISTED if key in schema}
    if "properties" in schema:
        made["properties"] = {name: _strict(one) for name, one in schema["properties"].items()}
        if made.get("type") == "object" and not schema.get("x-kubernetes-preserve-unknown-fields"):
            made["additionalProperties"] = False
    if schema.get("nullable"):
        made["type"] = [made["type"], "null"]
    return made


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):
                yield value.removeprefix(_REF)
            else:
                yield from _references(value)
    elif isinstance(schema, list):
        for one in schema:
            yield from _references(one)
