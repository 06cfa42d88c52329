"""Changes that Kubernetes refuses, each from its field's documentation."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from comb_compiler.changes.amounts import parse_quantity
from comb_compiler.render.manifest import Pointer

__all__ = ["RULES", "Refusal", "Rule", "refusals"]

_DOCS = "https://kubernetes.io/docs"
_API = f"{_DOCS}/reference/kubernetes-api"
_Object = Mapping[str, Any]


class Refusal(NamedTuple):
    """What is refused: the path of the field, why, and where that is said."""

    pointer: Pointer
    why: str
    documented: str


class Rule(NamedTuple):
    """A field of a kind that may not change; `is_refused` is of what stands there before and after."""

    kind: str
    path: tuple[str, ...]
    why: str
    documented: str
    is_refused: Callable[[Any, Any], bool]


def _differs(before: Any, after: Any) -> bool:
    return bool(before != after)


def _is_given_another(before: Any, after: Any) -> bool:
    """Where the newer object leaves it out, the cluster keeps it; where the older one did, the cluster chose."""
    return after is not None and before != after


def _was_given(before: Any, after: Any) -> bool:
    return before is not None and after is not None and before != after


def _shrinks(before: Any, after: Any) -> bool:
    old, new = parse_quantity(before), parse_quantity(after)
    return old is not None and new is not None and new < old


_SELECTOR = "what selects its pods is fixed when it is made"
_WORKLOADS = f"{_DOCS}/concepts/workloads/controllers"
_CLAIM = "only the storage that a claim requests may change, and only upwards"
_CLAIM_DOCUMENTED = f"{_DOCS}/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims"
_JOB_DOCUMENTED = f"{_API}/workload-resources/job-v1/#JobSpec"
_SERVICE_DOCUMENTED = f"{_API}/service-resources/service-v1/#ServiceSpec"
_STATEFUL_DOCUMENTED = f"{_API}/workload-resources/stateful-set-v1/#StatefulSetSpec"
_STATEFUL = "of a StatefulSet only replicas, template, updateStrategy and a few more may change"
_CLASS_DOCUMENTED = f"{_API}/config-and-storage-resources/storage-class-v1/"
_PRIORITY_DOCUMENTED = f"{_API}/workload-resources/priority-class-v1/"
_STORAGE = ("resources", "requests", "storage")


def _fields(kind: str, why: str, documented: str, *fields: str) -> Iterator[Rule]:
    return (Rule(kind, tuple(field.split(".")), why, documented, _differs) for field in fields)


RULES: tuple[Rule, ...] = (
    *_fields("Deployment", _SELECTOR, f"{_WORKLOADS}/deployment/#label-selector-updates", "spec.selector"),
    *_fields("ReplicaSet", _SELECTOR, f"{_WORKLOADS}/replicaset/", "spec.selector"),
    *_fields("DaemonSet", _SELECTOR, f"{_WORKLOADS}/daemonset/#pod-selector", "spec.selector"),
    *_fields(
        "StatefulSet",
        _STATEFUL,
        _STATEFUL_DOCUMENTED,
        *("spec.selector", "spec.serviceName", "spec.podManagementPolicy", "spec.volumeClaimTemplates"),
    ),
    *_fields(
        "Job",
        "a Job's pods are described once",
        _JOB_DOCUMENTED,
        *(
            "spec.template",
            "spec.selector",
            "spec.completionMode",
            "spec.podFailurePolicy",
            "spec.backoffLimitPerIndex",
        ),
    ),
    Rule(
        "Service",
        ("spec", "clusterIP"),
        "the address of a Service is given once",
        _SERVICE_DOCUMENTED,
        _is_given_another,
    ),
    Rule(
        "PersistentVolumeClaim",
        ("spec", *_STORAGE),
        "a claim never shrinks",
        _CLAIM_DOCUMENTED,
        _shrinks,
    ),
    *_fields(
        "PersistentVolumeClaim",
        _CLAIM,
        _CLAIM_DOCUMENTED,
        *("spec.accessModes", "spec.selector", "spec.volumeMode", "spec.dataSource"),
    ),
    Rule("PersistentVolumeClaim", ("spec", "storageClassName"), _CLAIM, _CLAIM_DOCUMENTED, _is_given_another),
    Rule("PersistentVolumeClaim", ("spec", "volumeName"), _CLAIM, _CLAIM_DOCUMENTED, _was_given),
    *_fields(
        "StorageClass",
        "a class is fixed when it is made",
        _CLASS_DOCUMENTED,
        *("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"),
    ),
    *_fields(
        "PriorityClass",
        "what a class is worth is fixed when it is made",
        _PRIORITY_DOCUMENTED,
        "value",
        "preemptionPolicy",
    ),
    *_fields(
        "RoleBinding",
        "a binding is to one role for ever",
        f"{_DOCS}/reference/access-authn-authz/rbac/#clusterrolebinding-example",
        "roleRef",
    ),
    *_fields(
        "ClusterRoleBinding",
        "a binding is to one role for ever",
        f"{_DOCS}/reference/access-authn-authz/rbac/#clusterrolebinding-example",
        "roleRef",
    ),
    *_fields(
        "Secret", "a Secret's type is fixed when it is made", f"{_API}/config-and-storage-resources/secret-v1/", "type"
    ),
    *_fields(
        "ResourceClaimTemplate",
        "a template of claims is fixed when it is made",
        f"{_API}/workload-resources/resource-claim-template-v1/",
        "spec",
    ),
    *_fields(
        "ResourceClaim", "a claim is fixed when it is made", f"{_API}/workload-resources/resource-claim-v1/", "spec"
    ),
)
_DEFAULTS = {
    "completionMode": "NonIndexed",
    "podManagementPolicy": "OrderedReady",
    "preemptionPolicy": "PreemptLowerPriority",
    "reclaimPolicy": "Delete",
    "type": "Opaque",
    "volumeBindingMode": "Immediate",
    "volumeMode": "Filesystem",
}
"""What a field is that nobody gave, by its name."""
_SEALED = f"{_DOCS}/concepts/configuration/configmap/#configmap-immutable"


def refusals(before: _Object, after: _Object) -> list[Refusal]:
    """What of a change the API server would refuse. Both are of one kind."""
    kind = str(after.get("kind", ""))
    found = [
        Refusal(_reached(after, rule.path), rule.why, rule.documented)
        for rule in RULES
        if rule.kind == kind and rule.is_refused(_given(before, rule.path), _given(after, rule.path))
    ]
    if kind in ("ConfigMap", "Secret") and before.get("immutable") is True:
        why = "it was made immutable"
        changed = [field for field in ("data", "binaryData", "stringData") if before.get(field) != after.get(field)]
        changed += ["immutable"] if after.get("immutable") is not True else []
        found += [Refusal(_reached(after, (field,)), why, _SEALED) for field in changed]
    return found


def _given(value: Any, path: tuple[str, ...]) -> Any:
    found = _at(value, path)
    return _DEFAULTS.get(path[-1]) if found is None else found


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _reached(value: Any, path: tuple[str, ...]) -> Pointer:
    """As much of the path as there is: of a field that is gone, what held it."""
    length = next(
        (count for count in range(len(path), 0, -1) if _at(value, path[:count]) is not None),
        0,
    )
    return path[:length]
