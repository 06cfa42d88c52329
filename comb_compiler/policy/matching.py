"""Which policies and bindings are about an object: rules, selectors, scopes, as an API server matches them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["ANOTHER_VERSION", "Asked", "matches", "resource_of", "selects", "within"]

_Spec = Mapping[str, Any]

ANOTHER_VERSION = "another version"
"""That a rule names the resource in another version: a cluster would convert the object first."""

_CLUSTER_WIDE = frozenset(
    ("ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "Namespace", "Node", "PersistentVolume",
     "PriorityClass", "StorageClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
)  # fmt: skip


def within(document: _Spec, *keys: str) -> _Spec:
    """The mapping at a path; an empty one where something else is written there, or nothing."""
    for key in keys:
        one = document.get(key)
        document = one if isinstance(one, Mapping) else {}
    return document


def resource_of(kind: str) -> str:
    """The resource of a kind, as Kubernetes itself guesses it; it is right for all kinds that are rendered."""
    lower = kind.lower()
    if lower.endswith("s"):
        return lower + "es"
    return lower[:-1] + "ies" if lower.endswith("y") and lower[-2:-1] not in "aeiou" else lower + "s"


class Asked(NamedTuple):
    """What an API server is asked to take: an object, in a namespace whose own object is known."""

    object: _Spec | None
    old: _Spec | None = None
    operation: str = "CREATE"
    namespace: _Spec | None = None

    @property
    def one(self) -> _Spec:
        """The object that it is about."""
        one = self.object if self.object is not None else self.old
        assert one is not None
        return one

    @property
    def group(self) -> str:
        """The API group; empty for the oldest kinds."""
        return str(self.one["apiVersion"]).rpartition("/")[0]

    @property
    def version(self) -> str:
        """The version without the group."""
        return str(self.one["apiVersion"]).rpartition("/")[2]

    @property
    def resource(self) -> str:
        """The resource in the plural."""
        return resource_of(str(self.one["kind"]))

    @property
    def is_cluster_wide(self) -> bool:
        """Whether it is in no namespace."""
        return self.one["kind"] in _CLUSTER_WIDE

    @property
    def request(self) -> dict[str, Any]:
        """What of the request is known before it is made."""
        metadata = within(self.one, "metadata")
        gvk = {"group": self.group, "version": self.version, "kind": self.one["kind"]}
        gvr = {"group": self.group, "version": self.version, "resource": self.resource}
        asked = {
            "kind": gvk,
            "resource": gvr,
            "name": metadata.get("name", ""),
            "operation": self.operation,
            "dryRun": False,
        }
        return asked if self.is_cluster_wide else {**asked, "namespace": metadata.get("namespace", "")}


def matches(resources: _Spec, asked: Asked, *, is_binding: bool = False) -> bool | str:
    """Whether constraints are about what is asked, or ANOTHER_VERSION. A binding need not have rules."""
    if not _selects_namespace(resources, asked) or not _selects_object(resources, asked):
        return False
    exact = resources.get("matchPolicy", "Equivalent") == "Exact"
    if any(_rule(one, asked, exact) is True for one in resources.get("excludeResourceRules") or ()):
        return False
    rules = resources.get("resourceRules") or ()
    if is_binding and not rules:
        return True
    found = [_rule(one, asked, exact) for one in rules]
    return True if True in found else next((one for one in found if one), False)


def _rule(rule: _Spec, asked: Asked, exact: bool) -> bool | str:
    scope = rule.get("scope", "*")
    is_scope = scope == "*" or (scope == "Cluster") == asked.is_cluster_wide
    names = rule.get("resourceNames") or ()
    metadata = within(asked.one, "metadata")
    if not is_scope or (names and metadata.get("name") not in names):
        return False
    if not _one_of(rule["operations"], asked.operation) or not _one_of(rule["apiGroups"], asked.group):
        return False
    if not any(one in ("*", "*/*", asked.resource, f"{asked.resource}/*") for one in rule["resources"]):
        return False
    if _one_of(rule["apiVersions"], asked.version):
        return True
    return False if exact else ANOTHER_VERSION


def _one_of(listed: Any, value: str) -> bool:
    return "*" in listed or value in listed


def _selects_namespace(resources: _Spec, asked: Asked) -> bool:
    selector = resources.get("namespaceSelector")
    if not selector:
        return True
    if asked.one["kind"] == "Namespace":
        return selects(selector, asked.one)
    return asked.is_cluster_wide or selects(selector, asked.namespace or {})


def _selects_object(resources: _Spec, asked: Asked) -> bool:
    selector = resources.get("objectSelector")
    return not selector or any(selects(selector, one) for one in (asked.object, asked.old) if one is not None)


def selects(selector: _Spec, document: _Spec) -> bool:
    """Whether a label selector selects an object."""
    labels = within(document, "metadata", "labels")
    wanted = (selector.get("matchLabels") or {}).items()
    expressions = selector.get("matchExpressions") or ()
    return all(labels.get(key) == value for key, value in wanted) and all(_holds(one, labels) for one in expressions)


def _holds(expression: _Spec, labels: _Spec) -> bool:
    key, operator, values = expression["key"], expression["operator"], expression.get("values") or ()
    if operator == "Exists":
        return key in labels
    if operator == "DoesNotExist":
        return key not in labels
    is_in = key in labels and labels[key] in values
    return is_in if operator == "In" else not is_in
