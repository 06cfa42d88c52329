"""What a policy's YAML may say, field by field: what a cluster would refuse, or not look at, is found here."""

from collections.abc import Iterator, Mapping
from typing import Any

from comb_compiler.diagnostics import Diagnostic, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Mapping as MappingNode, Node
from comb_compiler.source.nodes import child
from comb_compiler.spec.places import format_path
from comb_compiler.spec.suggest import did_you_mean

__all__ = ["bad", "field_findings", "shape_of"]

_Shape = Mapping[str, Any]
_TEXT, _TEXTS, _ANY = "a text", "a list of texts", "anything"
_SELECTOR: _Shape = {"matchLabels": _ANY, "matchExpressions": [{"key!": _TEXT, "operator!": _TEXT, "values": _TEXTS}]}
_RULE: _Shape = {
    "apiGroups!": _TEXTS,
    "apiVersions!": _TEXTS,
    "operations!": _TEXTS,
    "resources!": _TEXTS,
    "resourceNames": _TEXTS,
    "scope": ("*", "Cluster", "Namespaced"),
}
_RESOURCES: _Shape = {
    "resourceRules": [_RULE],
    "excludeResourceRules": [_RULE],
    "namespaceSelector": _SELECTOR,
    "objectSelector": _SELECTOR,
    "matchPolicy": ("Equivalent", "Exact"),
}
_NAMED: _Shape = {"name!": _TEXT, "expression!": _TEXT}
_VALIDATION: _Shape = {"expression!": _TEXT, "message": _TEXT, "messageExpression": _TEXT}
_REASONS = ("Unauthorized", "Forbidden", "Invalid", "RequestEntityTooLarge")
_SHAPES: Mapping[str, _Shape] = {
    "ValidatingAdmissionPolicy": {
        "matchConstraints!": {**_RESOURCES, "resourceRules!": [_RULE]},
        "matchConditions": [_NAMED],
        "failurePolicy": ("Fail", "Ignore"),
        "paramKind": {"apiVersion!": _TEXT, "kind!": _TEXT},
        "variables": [_NAMED],
        "validations": [{**_VALIDATION, "reason": _REASONS}],
        "auditAnnotations": [{"key!": _TEXT, "valueExpression!": _TEXT}],
    },
    "ValidatingAdmissionPolicyBinding": {
        "policyName!": _TEXT,
        "paramRef": {
            "name": _TEXT,
            "namespace": _TEXT,
            "selector": _SELECTOR,
            "parameterNotFoundAction!": ("Allow", "Deny"),
        },
        "matchResources": _RESOURCES,
        "validationActions!": [("Deny", "Warn", "Audit")],
    },
    "CombPolicy": {
        "environments": _TEXTS,
        "params": {},
        "others": ("Checkout", "Published"),
        "matchConditions": [_NAMED],
        "failurePolicy": ("Fail", "Ignore"),
        "variables": [_NAMED],
        "validations!": [{**_VALIDATION, "path": _TEXT}],
        "validationActions": [("Deny", "Warn")],
    },
}
"""By kind what `spec` may hold. A name with `!` must be there; a tuple lists all values that there are; what holds
fields of which none is listed holds any.
"""


def shape_of(kind: str) -> _Shape | None:
    """What the `spec` of a kind may hold; None of what is no policy."""
    return _SHAPES.get(kind)


def bad(message: str, span: Span, path: str = "", hints: tuple[str, ...] = ()) -> Diagnostic:
    """A policy that a cluster would not take."""
    return diagnose(codes.BAD_POLICY, message, span, path=path, hints=hints)


def field_findings(root: Node) -> Iterator[Diagnostic]:
    """What is wrong with the fields of a policy or a binding, whose kind is known."""
    metadata, spec = child(root, "metadata"), child(root, "spec")
    name = child(metadata, "name")
    if name is None or not isinstance(name.data, str):
        yield bad(f"a {root.data['kind']} without a name", (metadata or root).span, "metadata.name")
    if spec is None:
        yield bad(f"a {root.data['kind']} without a `spec`", root.span, "spec")
    else:
        at = root.entries["spec"].key.span if isinstance(root, MappingNode) else spec.span
        yield from _below(spec, _SHAPES[root.data["kind"]], ("spec",), at)


def _below(node: Node, shape: Any, path: tuple[str | int, ...], at: Span) -> Iterator[Diagnostic]:
    if shape == _ANY:
        return
    if isinstance(shape, list):
        yield from _items(node, shape[0], path)
    elif isinstance(shape, tuple):
        if node.data not in shape:
            yield bad(f"`{path[-1]}` is one of {', '.join(shape)}", node.span, format_path(path))
    elif isinstance(shape, Mapping):
        yield from _entries(node, shape, path, at)
    elif shape == _TEXTS:
        yield from _items(node, _TEXT, path)
    elif not isinstance(node.data, str) or not node.data:
        yield bad(f"{_field(path)} is {shape}", node.span, format_path(path))


def _items(node: Node, shape: Any, path: tuple[str | int, ...]) -> Iterator[Diagnostic]:
    if not isinstance(node.data, list):
        yield bad(f"{_field(path)} is a list", node.span, format_path(path))
        return
    for index in range(len(node.data)):
        item = child(node, index)
        if item is not None and not (shape == _TEXT and item.data == ""):
            yield from _below(item, shape, (*path, index), item.span)


def _entries(node: Node, shape: _Shape, path: tuple[str | int, ...], at: Span) -> Iterator[Diagnostic]:
    if not isinstance(node, MappingNode):
        yield bad(f"{_field(path)} holds fields", node.span, format_path(path))
        return
    known = {name.removesuffix("!"): one for name, one in shape.items()}
    for key, entry in node.entries.items() if shape else ():
        if key not in known:
            hints = did_you_mean(key, known, "fields")
            yield bad(f"{_field(path)} has no field `{key}`", entry.key.span, format_path((*path, key)), hints)
        else:
            yield from _below(entry.value, known[key], (*path, key), entry.key.span)
    for name in shape:
        if name.endswith("!") and name[:-1] not in node.entries:
            yield bad(f"{_field(path)} has no `{name[:-1]}`", at, format_path(path))


def _field(path: tuple[str | int, ...]) -> str:
    names = [one for one in path if isinstance(one, str)]
    return f"`{names[-1]}`" if isinstance(path[-1], str) else f"an item of `{names[-1]}`"
