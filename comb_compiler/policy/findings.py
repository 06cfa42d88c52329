"""What policies say, as findings: each at the line of comb.yaml or platform.yaml that made the object what it is."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from comb_compiler.diagnostics import Code, Diagnostic, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.policy.admission import Decision, decide
from comb_compiler.policy.combs import CombFacts, judge_comb
from comb_compiler.policy.evaluator import Evaluator, Outcome
from comb_compiler.policy.judging import Verdict
from comb_compiler.policy.matching import Asked, within
from comb_compiler.policy.model import Policy, PolicySet
from comb_compiler.policy.places import about
from comb_compiler.release.images import UNBUILT
from comb_compiler.render import Manifest, Written, cause_of
from comb_compiler.source import Node
from comb_compiler.source.nodes import child
from comb_compiler.spec import Bound, Comb
from comb_compiler.spec.places import Place, format_path
from comb_compiler.spec.platform import Platform

__all__ = ["comb_findings", "object_findings"]


def object_findings(
    policies: PolicySet,
    manifests: Iterable[Manifest],
    namespace: Mapping[str, Any] | None,
    bound: tuple[Bound[Comb], Bound[Platform]],
    evaluator: Evaluator,
) -> Iterator[Diagnostic]:
    """What an API server with these policies would say of rendered objects, in a namespace whose object is given.

    Images that are not built are taken for what a build will push.
    """
    comb, platform = bound
    assert platform.value is not None
    for made in manifests:
        if "metadata" not in made.object:  # it is for kustomize alone
            continue
        asked = Asked(_as_built(made.object, str(platform.value.registry.push)), namespace=namespace)
        for decision in decide(policies, asked, evaluator):
            steps = about(decision.verdict, decision.policy.rule, "object") or ("spec",)
            cause = cause_of(made, steps)
            place = (comb if cause.written is Written.COMB else platform).place(*cause.path)
            yield from _of_decision(decision, made, place)


def _as_built(document: Mapping[str, Any], registry: str) -> Mapping[str, Any]:
    text = json.dumps(document)
    return document if f'"{UNBUILT}/' not in text else dict(json.loads(text.replace(f'"{UNBUILT}/', f'"{registry}/')))


def _of_decision(decision: Decision, made: Manifest, place: Place) -> Iterator[Diagnostic]:
    kind, name = made.object["kind"], made.object["metadata"]["name"]
    subject = f"the {kind} `{name}`"
    code = _code(decision.binding.actions)
    if decision.verdict.source is None and decision.verdict.outcome == Outcome.ERROR:
        reference = _below(decision.binding.root, "spec", "paramRef")
        yield diagnose(codes.MISSING_PARAMS, decision.verdict.message, reference.span, path="spec.paramRef")
    elif code is not None:
        yield _finding(decision.policy, decision.verdict, subject, place, code)


def _code(actions: Iterable[str]) -> Code | None:
    """What a violation is: an error, a warning, or, where it is only to be written down, nothing."""
    if "Deny" in actions:
        return codes.POLICY_VIOLATED
    return codes.POLICY_WARNING if "Warn" in actions else None


def _finding(policy: Policy, verdict: Verdict, subject: str, place: Place, code: Code) -> Diagnostic:
    if verdict.outcome in (Outcome.LACKING, Outcome.COSTLY):
        source = verdict.source.node if verdict.source is not None else policy.root
        code = codes.COSTLY_POLICY if verdict.outcome == Outcome.COSTLY else codes.UNSUPPORTED_POLICY
        message = f"for {subject} the policy `{policy.name}` cannot be evaluated here: {verdict.message}"
        return diagnose(code, message, source.span)
    said = verdict.message if verdict.outcome == Outcome.VALUE else f"it fails: {verdict.message}"
    hints = (f"`comb policy explain {policy.name}` shows the rule",)
    message = f"the policy `{policy.name}` refuses {subject}: {said}"
    return diagnose(code, message, place.span, path=format_path(place.path), hints=hints)


def _below(root: Node, *path: str) -> Node:
    node: Node = root
    for step in path:
        node = child(node, step) or node
    return node


def _first_of(data: Any, steps: tuple[str, ...]) -> tuple[str, ...]:
    """A path with a `*` for any name: with the first name below which all the rest is written, where there is one."""
    if "*" not in steps:
        return steps
    at = steps.index("*")
    above = within(data, *steps[:at])
    paths = (_first_of(data, (*steps[:at], name, *steps[at + 1 :])) for name in above)
    return next((path for path in paths if path[-1] in within(data, *path[:-1])), steps[:at])


def comb_findings(
    policies: PolicySet, facts: CombFacts, comb: Bound[Comb], evaluator: Evaluator, where: str = ""
) -> Iterator[Diagnostic]:
    """What policies over combs say against one; `where` says of which of its parts."""
    for policy, verdict in judge_comb(policies, facts, evaluator):
        told = verdict.validation.path if verdict.validation is not None else ""
        about_it = about(verdict, policy.rule, "comb") or ("metadata", "name")
        steps = _first_of(comb.root.data, tuple(told.split("."))) if told else about_it
        code = _code(policy.spec.get("validationActions", ("Deny",)))
        subject = f"the comb in {facts.environment}{where}" if facts.environment else f"the comb{where}"
        if code is not None:
            place = comb.place(*steps)
            yield _finding(policy, verdict, subject, place if place.path else comb.place("metadata", "name"), code)
