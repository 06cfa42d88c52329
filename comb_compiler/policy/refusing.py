"""What a cluster refuses of policies whose fields are right, each by itself: after `validation.go` of Kubernetes."""

import re
from collections.abc import Iterator
from typing import Any

from comb_compiler.cel.tokens import RESERVED
from comb_compiler.diagnostics import Diagnostic
from comb_compiler.policy.fields import bad
from comb_compiler.source import Node
from comb_compiler.source.nodes import child
from comb_compiler.spec.places import format_path

__all__ = ["refusals"]

_Path = tuple[str | int, ...]
_OPERATIONS = ("*", "CREATE", "UPDATE", "DELETE", "CONNECT")
_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUALIFIED = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_NAMES = (
    ("variables", "name", _IDENTIFIER),
    ("matchConditions", "name", _QUALIFIED),
    ("auditAnnotations", "key", _QUALIFIED),
)
_RESOURCES = ("matchConstraints", "matchResources")
_RULES = ("resourceRules", "excludeResourceRules")


def refusals(root: Node) -> Iterator[Diagnostic]:
    """All of it; a policy over combs is held to the same, where it has the same fields."""
    at = _at(root, ("spec",))
    for name, key, form in _NAMES:
        yield from _named(root, ("spec", name), key, form)
    if root.data["kind"] == "ValidatingAdmissionPolicyBinding":
        yield from _binding(root, at.data)
    elif "paramKind" in at.data and at.data["paramKind"]["apiVersion"].count("/") > 1:
        yield _bad(
            root, ("spec", "paramKind", "apiVersion"), "an `apiVersion` is a version, or a group, a `/` and a version"
        )
    elif not at.data.get("validations") and not at.data.get("auditAnnotations"):
        yield bad("a policy without validations refuses nothing", at.span, "spec")
    for index, one in enumerate(at.data.get("validations") or ()):
        yield from _validation(root, ("spec", "validations", index), one)
    for resources in _RESOURCES:
        if resources in at.data:
            yield from _matching(root, ("spec", resources), at.data[resources])


def _at(root: Node, path: _Path) -> Node:
    """The node at a path, or the last above it that there is."""
    node = root
    for step in path:
        node = child(node, step) or node
    return node


def _bad(root: Node, path: _Path, message: str) -> Diagnostic:
    return bad(message, _at(root, path).span, format_path(path))


def _named(root: Node, path: _Path, key: str, form: re.Pattern[str]) -> Iterator[Diagnostic]:
    known: set[str] = set()
    for index, one in enumerate(_at(root, path).data if path[-1] in root.data["spec"] else ()):
        if form.fullmatch(one[key]) is None or (form is _IDENTIFIER and one[key] in RESERVED):
            yield _bad(root, (*path, index, key), f"`{one[key]}` is no name for an item of `{path[-1]}`")
        elif one[key] in known:
            yield _bad(root, (*path, index, key), f"`{one[key]}` is there already in `{path[-1]}`")
        known.add(one[key])


def _binding(root: Node, spec: Any) -> Iterator[Diagnostic]:
    path, actions = ("spec", "validationActions"), spec["validationActions"]
    if not actions:
        yield _bad(root, path, "a binding without actions does nothing")
    if len(set(actions)) < len(actions):
        yield _bad(root, path, "an action is named twice")
    if {"Deny", "Warn"} <= set(actions):
        yield _bad(root, path, "`Deny` and `Warn` say the same twice: a cluster takes one of them")
    reference = spec.get("paramRef")
    if reference is not None and ("name" in reference) == ("selector" in reference):
        yield _bad(root, ("spec", "paramRef"), "`paramRef` has either a `name` or a `selector`")


def _validation(root: Node, path: _Path, one: Any) -> Iterator[Diagnostic]:
    message = one.get("message", "")
    if "\n" in message.strip() or (message and not message.strip()):
        yield _bad(root, (*path, "message"), "a message is one line")


def _matching(root: Node, path: _Path, resources: Any) -> Iterator[Diagnostic]:
    if path[-1] == "matchConstraints" and not resources["resourceRules"]:
        yield _bad(root, (*path, "resourceRules"), "a policy without rules is about nothing")
    for name in _RULES:
        for index, rule in enumerate(resources.get(name) or ()):
            yield from _rule(root, (*path, name, index), rule)
    for name in ("namespaceSelector", "objectSelector"):
        for index, one in enumerate((resources.get(name) or {}).get("matchExpressions") or ()):
            yield from _selecting(root, (*path, name, "matchExpressions", index), one)


def _rule(root: Node, path: _Path, rule: Any) -> Iterator[Diagnostic]:
    for name in ("apiGroups", "apiVersions", "operations", "resources"):
        if not rule[name]:
            yield _bad(root, (*path, name), f"a rule without `{name}` is about nothing")
        if name != "resources" and "*" in rule[name] and len(rule[name]) > 1:
            yield _bad(root, (*path, name), f"beside `*` nothing else stands in `{name}`")
    for index, one in enumerate(rule["operations"]):
        if one not in _OPERATIONS:
            yield _bad(root, (*path, "operations", index), f"an operation is one of {', '.join(_OPERATIONS)}")


def _selecting(root: Node, path: _Path, one: Any) -> Iterator[Diagnostic]:
    operator, values = one["operator"], one.get("values") or ()
    if operator not in _OPERATORS:
        yield _bad(root, (*path, "operator"), f"`operator` is one of {', '.join(_OPERATORS)}")
    elif bool(values) != (operator in _OPERATORS[:2]):
        yield _bad(root, path, f"`{operator}` takes {'some' if not values else 'no'} values")
