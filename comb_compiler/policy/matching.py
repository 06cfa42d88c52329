"""Which policies and bindings are about an object: rules, selectors, scopes, as an API server matches them."""

from collections.abc import Mapping
from typing import Any

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


class Asked:
    """What an API server is asked to take: an object, in a namespace whose own object is known.

    `one` is the object that it is about, `old` what it was before; `group` is empty for the oldest kinds.
    `resources` are all words by which a rule may name its resource.
    """

    __slots__ = (
        "group", "is_cluster_wide", "namespace", "object", "old", "one", "operation", "resource", "resources", "version"
    )  # fmt: skip

    def __init__(
        self,
        document: _Spec | None,
        old: _Spec | None = None,
        operation: str = "CREATE",
        namespace: _Spec | None = None,
    ) -> None:
        one = document if document is not None else old
        assert one is not None
        self.object, self.old, self.one = document, old, one
        self.operation = operation
        self.namespace = namespace
        self.group, _, self.version = str(one["apiVersion"]).rpartition("/")
        self.resource = resource_of(str(one["kind"]))
        self.resources = frozenset((self.resource, "*", "*/*", f"{self.resource}/*"))
        self.is_cluster_wide = one["kind"] in _CLUSTER_WIDE

    @property
    def request(self) -> dict[str, Any]:
        """What of the request is known before it is made."""
        metadata = within(self.one, "metadata")
        known = {
            "kind": {"group": self.group, "version": self.version, "kind": self.one["kind"]},
            "resource": {"group": self.group, "version": self.version, "resource": self.resource},
            "name": metadata.get("name", ""),
            "operation": self.operation,
            "dryRun": False,
        }
        return known if self.is_cluster_wide else {**known, "namespace": metadata.get("namespace", "")}


def matches(resources: _Spec, asked: Asked, *, is_binding: bool = False) -> bool | str:
    """Whether constraints are about what is asked, or ANOTHER_VERSION. A binding need not have rules."""
    exact = resources.get("matchPolicy", "Equivalent") == "Exact"
    rules = resources.get("resourceRules") or ()
    found = [is_binding] if not rules else [_rule(one, asked, exact) for one in rules]
    if not any(found) or not _selects_namespace(resources, asked) or not _selects_object(resources, asked):
        return False
    if any(_rule(one, asked, exact) is True for one in resources.get("excludeResourceRules") or ()):
        return False
    return True if True in found else ANOTHER_VERSION


def _rule(rule: _Spec, asked: Asked, exact: bool) -> bool | str:
    if not _one_of(rule["apiGroups"], asked.group) or not _one_of(rule["operations"], asked.operation):
        return False
    if asked.resources.isdisjoint(rule["resources"]):
        return False
    scope, names = rule.get("scope", "*"), rule.get("resourceNames")
    if scope != "*" and (scope == "Cluster") != asked.is_cluster_wide:
        return False
    if names and within(asked.one, "metadata").get("name") not in names:
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
