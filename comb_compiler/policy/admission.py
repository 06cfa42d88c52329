"""What an API server with these policies would say of an object that it is asked to take."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from comb_compiler.policy.evaluator import Answer, Evaluator, Facts, Outcome
from comb_compiler.policy.judging import Verdict, judge
from comb_compiler.policy.matching import ANOTHER_VERSION, Asked, matches, selects, within
from comb_compiler.policy.model import Binding, Policy, PolicySet

__all__ = ["Decision", "decide"]

_EXEMPT = frozenset(
    ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicy",
     "MutatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
)  # fmt: skip
"""What no policy is ever asked about, so that a wrong one can be mended."""


class Decision(NamedTuple):
    """What one policy says against an object, by one of its bindings."""

    policy: Policy
    binding: Binding
    verdict: Verdict


def decide(policies: PolicySet, asked: Asked, evaluator: Evaluator) -> tuple[Decision, ...]:
    """Everything that policies say against it; nothing where it would be taken without a word."""
    own = () if asked.one["kind"] in _EXEMPT else policies.policies
    cases = [case for policy in own if not policy.is_of_combs for case in _cases(policy, policies, asked)]
    if not cases:
        return ()
    facts = _facts(cases, asked, evaluator)
    shared: dict[str, Answer] = {}
    return tuple(
        Decision(case.policy, case.binding, one)
        for case in cases
        for one in ((case.known,) if isinstance(case.known, Verdict) else judge(case.policy.rule, facts(case), shared))
    )


class _Case(NamedTuple):
    """That a policy is about what is asked, by a binding, with the params that are `known`, or what is said at once."""

    policy: Policy
    binding: Binding
    known: Mapping[str, Any] | Verdict | None

    @property
    def asks_params(self) -> bool:
        return "paramKind" in self.policy.spec


def _facts(cases: Iterable[_Case], asked: Asked, evaluator: Evaluator) -> Callable[[_Case], Facts]:
    """The facts of each case: as few as there are params, since each has the object once more.

    Who does not ask for params does not see any, and has the facts of whoever asks.
    """
    asking = (one for one in cases if one.asks_params and not isinstance(one.known, Verdict))
    params = {id(one.known): one.known for one in asking} or {id(None): None}
    values = {
        "object": asked.object,
        "oldObject": asked.old,
        "request": asked.request,
        "namespaceObject": asked.namespace,
    }
    bare = evaluator.facts(values)
    made = {key: bare.with_values({"params": one}) for key, one in params.items()}
    some = next(iter(made.values()))
    return lambda case: made[id(case.known)] if case.asks_params else some


def _cases(policy: Policy, policies: PolicySet, asked: Asked) -> Iterator[_Case]:
    about = matches(policy.spec["matchConstraints"], asked)
    if about is False:
        return
    for binding in policies.bindings_of(policy):
        bound = matches(binding.spec.get("matchResources") or {}, asked, is_binding=True)
        if bound is False:
            continue
        if ANOTHER_VERSION in (about, bound):
            message = f"a rule about another version of {asked.one['kind']} than {asked.version}"
            yield _Case(policy, binding, Verdict(Outcome.LACKING, message, None))
            continue
        yield from (_Case(policy, binding, known) for known in _params(policy, binding, policies.params, asked))


def _params(
    policy: Policy, binding: Binding, known: Iterable[Mapping[str, Any]], asked: Asked
) -> Iterator[Mapping[str, Any] | Verdict | None]:
    """What the policy is judged with, once for each; nothing where it is not judged at all."""
    kind, reference = policy.spec.get("paramKind"), binding.spec.get("paramRef")
    if kind is None or reference is None:
        yield None
        return
    namespace = reference.get("namespace") or within(asked.one, "metadata").get("namespace", "")
    found = [one for one in known if _is_param(one, kind, namespace) and _is_named(one, reference)]
    yield from found
    if not found and reference["parameterNotFoundAction"] == "Deny" and policy.rule.fails:
        wanted = reference.get("name") or "by its labels"
        message = f"no {kind['kind']} `{wanted}` is there, whose values the policy asks for"
        yield Verdict(Outcome.ERROR, message, None)


def _is_param(one: Mapping[str, Any], kind: Mapping[str, Any], namespace: str) -> bool:
    home = within(one, "metadata").get("namespace")
    return all(one.get(key) == kind[key] for key in ("apiVersion", "kind")) and home in (None, namespace)


def _is_named(one: Mapping[str, Any], reference: Mapping[str, Any]) -> bool:
    if "name" in reference:
        return bool(within(one, "metadata").get("name") == reference["name"])
    return selects(reference.get("selector") or {}, one)
