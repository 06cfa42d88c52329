"""Policies and bindings whose fields are right, each by itself: refused here, and by a real API server."""

from typing import Any

__all__ = ["WRONG", "right", "wrong"]

_API = "admissionregistration.k8s.io/v1"
_RULE = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}


def right() -> dict[str, Any]:
    """A policy and its binding, which nobody has anything against."""
    return {
        "policy": {
            "apiVersion": _API,
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": "right"},
            "spec": {
                "matchConstraints": {"resourceRules": [dict(_RULE)]},
                "validations": [{"expression": "true", "message": "one line"}],
            },
        },
        "binding": {
            "apiVersion": _API,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": "right"},
            "spec": {"policyName": "right", "validationActions": ["Deny", "Audit"]},
        },
    }


WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "no validations": ("policy", {"validations": []}),
    "no rules": ("policy", {"matchConstraints": {"resourceRules": []}}),
    "no groups": ("policy", {"matchConstraints": {"resourceRules": [{**_RULE, "apiGroups": []}]}}),
    "no versions": ("policy", {"matchConstraints": {"resourceRules": [{**_RULE, "apiVersions": []}]}}),
    "no operations": ("policy", {"matchConstraints": {"resourceRules": [{**_RULE, "operations": []}]}}),
    "no resources": ("policy", {"matchConstraints": {"resourceRules": [{**_RULE, "resources": []}]}}),
    "all groups and one": ("policy", {"matchConstraints": {"resourceRules": [{**_RULE, "apiGroups": ["*", "a"]}]}}),
    "all versions and one": (
        "policy",
        {"matchConstraints": {"resourceRules": [{**_RULE, "apiVersions": ["v1", "*"]}]}},
    ),
    "all operations and one": (
        "policy",
        {"matchConstraints": {"resourceRules": [{**_RULE, "operations": ["*", "CREATE"]}]}},
    ),
    "operation": ("policy", {"matchConstraints": {"resourceRules": [{**_RULE, "operations": ["PATCH"]}]}}),
    "operator": (
        "policy",
        {
            "matchConstraints": {
                "resourceRules": [_RULE],
                "objectSelector": {"matchExpressions": [{"key": "a", "operator": "Is", "values": ["b"]}]},
            }
        },
    ),
    "values of Exists": (
        "policy",
        {
            "matchConstraints": {
                "resourceRules": [_RULE],
                "objectSelector": {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]},
            }
        },
    ),
    "no values of In": (
        "policy",
        {
            "matchConstraints": {
                "resourceRules": [_RULE],
                "namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]},
            }
        },
    ),
    "condition twice": ("policy", {"matchConditions": [{"name": "a", "expression": "true"}] * 2}),
    "message of lines": ("policy", {"validations": [{"expression": "true", "message": "one\ntwo"}]}),
    "blank message": ("policy", {"validations": [{"expression": "true", "message": "  "}]}),
    "blank expression": ("policy", {"validations": [{"expression": "  "}]}),
    "variable twice": (
        "policy",
        {"variables": [{"name": "a", "expression": "1"}, {"name": "a", "expression": "2"}]},
    ),
    "variable of an odd name": ("policy", {"variables": [{"name": "a-b", "expression": "1"}]}),
    "variable of a reserved name": ("policy", {"variables": [{"name": "for", "expression": "1"}]}),
    "annotation twice": ("policy", {"auditAnnotations": [{"key": "a", "valueExpression": "'b'"}] * 2}),
    "annotation of an odd name": ("policy", {"auditAnnotations": [{"key": "a b", "valueExpression": "'b'"}]}),
    "param of no version": ("policy", {"paramKind": {"apiVersion": "a/b/c", "kind": "A"}}),
    "condition of an odd name": ("policy", {"matchConditions": [{"name": "a b", "expression": "true"}]}),
    "no actions": ("binding", {"validationActions": []}),
    "actions twice": ("binding", {"validationActions": ["Deny", "Deny"]}),
    "Deny and Warn": ("binding", {"validationActions": ["Deny", "Warn"]}),
    "params of no name": ("binding", {"paramRef": {"parameterNotFoundAction": "Deny"}}),
    "params of two kinds": (
        "binding",
        {"paramRef": {"name": "a", "selector": {}, "parameterNotFoundAction": "Deny"}},
    ),
}
"""By what is wrong: of which object, and what stands in its `spec` instead."""


def wrong(name: str) -> tuple[str, dict[str, Any]]:
    """Which object it is, and both of them with what is wrong."""
    which, spec = WRONG[name]
    made = right()
    made[which]["spec"] |= spec
    return which, made
