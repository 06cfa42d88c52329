"""Files of policies → PolicySet, and everything that is wrong with them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from comb_compiler.diagnostics import Diagnostic, Label, codes, has_errors
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.policy.combs import asks_objects, asks_others
from comb_compiler.policy.compiling import Scope, compile_rule
from comb_compiler.policy.evaluator import Evaluator
from comb_compiler.policy.fields import bad, field_findings, shape_of
from comb_compiler.policy.model import Binding, Policy, PolicySet, Shipped
from comb_compiler.policy.refusing import refusals
from comb_compiler.source import Node, decode, parse
from comb_compiler.source.nodes import child
from comb_compiler.spec.suggest import did_you_mean

__all__ = ["CLUSTER_KINDS", "COMB_POLICY", "read_documents", "read_policies"]

_API = "admissionregistration.k8s.io/v1"
_COMB = "comb.dev/v1"
COMB_POLICY = "CombPolicy"
CLUSTER_KINDS = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
_VERSIONS = {**dict.fromkeys(CLUSTER_KINDS, _API), COMB_POLICY: _COMB}
_IN_CLUSTER = ("object", "oldObject", "request", "namespaceObject")
_OVER_COMBS = ("comb", "platform", "plan", "environment", "params", "objects", "others")


def read_documents(file: str, content: bytes) -> tuple[tuple[Node, ...], tuple[Diagnostic, ...]]:
    """The objects of a YAML file; what is empty is left out."""
    source, refused = decode(file, content)
    if source is None:
        return (), tuple(refused)
    parsed = parse(source)
    found = list(parsed.diagnostics)
    roots = []
    for document in parsed.documents:
        if document.root.data is None:
            continue
        if isinstance(document.root.data, dict):
            roots.append(document.root)
        else:
            found.append(bad("this is no object", document.root.span))
    return tuple(roots), tuple(found)


def read_policies(files: Mapping[str, bytes], evaluator: Evaluator) -> tuple[PolicySet, tuple[Diagnostic, ...]]:
    """The policies of these files, by path, as far as they are right. Never raises for what a file holds."""
    found: list[Diagnostic] = []
    roots: list[tuple[str, Node]] = []
    for file, content in sorted(files.items()):
        documents, told = read_documents(file, content)
        found += told
        roots += ((file, root) for root in documents)
    found += _duplicates(root for _, root in roots)
    policies: list[Policy] = []
    bindings: list[Binding] = []
    params: list[Mapping[str, Any]] = []
    for file, root in roots:
        kind = root.data.get("kind")
        told = tuple(_kind_findings(root))
        if not told and kind in _VERSIONS:
            told = tuple(field_findings(root)) or tuple(refusals(root))
        found += told
        if has_errors(told):
            continue
        if kind == CLUSTER_KINDS[1]:
            bindings.append(
                Binding(root.data["metadata"]["name"], root.data["spec"]["policyName"], file, root, root.data["spec"])
            )
        elif kind in _VERSIONS:
            policy, told = _policy(file, root, evaluator)
            found += told
            if not has_errors(told):
                policies.append(policy)
        else:
            params.append(root.data)
    declared = {root.data["metadata"].get("name") for _, root in roots if _is_policy(root)}
    found += (_unknown_policy(one, declared) for one in bindings if one.policy not in declared)
    shipped = tuple(Shipped(file, root) for file, root in roots if root.data.get("kind") != COMB_POLICY)
    return PolicySet(tuple(policies), tuple(bindings), tuple(params), shipped, tuple(files)), tuple(found)


def _is_policy(root: Node) -> bool:
    return root.data.get("kind") in (CLUSTER_KINDS[0], COMB_POLICY) and isinstance(root.data.get("metadata"), dict)


def _kind_findings(root: Node) -> Iterator[Diagnostic]:
    kind, version = root.data.get("kind"), root.data.get("apiVersion")
    if not isinstance(kind, str) or not isinstance(version, str):
        yield bad("an object has an `apiVersion` and a `kind`", root.span)
        return
    expected = _VERSIONS.get(kind)
    if expected is not None and version != expected:
        place = child(root, "apiVersion")
        assert place is not None
        yield bad(f"a {kind} is read in the version {expected}", place.span, "apiVersion")
    elif expected is None and version.partition("/")[0] in (_API.partition("/")[0], "comb.dev"):
        place = child(root, "kind")
        assert place is not None
        yield bad(f"`{kind}` is no kind of policy", place.span, "kind", did_you_mean(kind, _VERSIONS, "kinds"))


def _policy(file: str, root: Node, evaluator: Evaluator) -> tuple[Policy, tuple[Diagnostic, ...]]:
    spec = child(root, "spec")
    assert spec is not None
    assert shape_of(root.data["kind"]) is not None
    of_combs = root.data["kind"] == COMB_POLICY
    names = _OVER_COMBS if of_combs else (*_IN_CLUSTER, *(("params",) if "paramKind" in spec.data else ()))
    rule, found = compile_rule(spec, Scope(evaluator, names, not of_combs))
    policy = Policy(root.data["metadata"]["name"], file, root, spec.data, rule, of_combs)
    if of_combs and asks_objects(policy) and asks_others(policy):
        message = "`objects` and `others` are not known together: a policy asks for one of them"
        found = (*found, bad(message, root.span._replace(end=root.span.start)))
    return policy, found


def _duplicates(roots: Iterable[Node]) -> Iterator[Diagnostic]:
    """Two objects of one kind and one name: only one of them would be."""
    first: dict[tuple[str, str], Node] = {}
    for root in roots:
        place = child(child(root, "metadata"), "name")
        if root.data.get("kind") not in _VERSIONS or place is None or not isinstance(place.data, str):
            continue
        kind = str(root.data["kind"])
        earlier = first.setdefault((kind, place.data), place)
        if earlier is not place:
            message = f"two objects of the kind {kind} are named `{place.data}`"
            related = (Label(earlier.span, "the other one"),)
            yield diagnose(codes.DUPLICATE_POLICY, message, place.span, related=related, path="metadata.name")


def _unknown_policy(binding: Binding, declared: set[Any]) -> Diagnostic:
    place = child(child(binding.root, "spec"), "policyName")
    assert place is not None
    known = [str(one) for one in declared]
    return bad(
        f"there is no policy `{binding.policy}`",
        place.span,
        "spec.policyName",
        did_you_mean(binding.policy, known, "policies"),
    )
