"""Policies over combs: what a platform asks of comb.yaml, of the plan, and of all objects of a comb together."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple

from comb_compiler.plan import Plan
from comb_compiler.plan.as_json import plans_json
from comb_compiler.policy.evaluator import Evaluator
from comb_compiler.policy.judging import Verdict, judge
from comb_compiler.policy.model import Compiled, Policy, PolicySet
from comb_compiler.release.claims import Claim

__all__ = ["CombFacts", "as_data", "asks_objects", "asks_others", "judge_comb", "plan_data"]


class CombFacts(NamedTuple):
    """What a comb is in an environment. Without `objects` policies that ask of them are not judged.

    Without `others`, what combs of the environment claim, policies are not judged that ask of them. Only those of the
    same team are shown to policies: a loop over all combs would cost too much.
    """

    comb: Mapping[str, Any]
    platform: Mapping[str, Any]
    plan: Mapping[str, Any]
    environment: str
    objects: tuple[Mapping[str, Any], ...] | None = None
    others: tuple[Claim, ...] | None = None


def as_data(value: Any) -> Any:
    """A model as a policy sees it: every field with its default, bytes, shares and seconds as numbers."""
    if hasattr(value, "model_dump"):
        return as_data(value.model_dump(by_alias=True, exclude_none=True, warnings=False))
    if isinstance(value, Mapping):
        return {str(key): as_data(one) for key, one in value.items()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if hasattr(value, "_asdict"):
        return as_data(value._asdict())
    if isinstance(value, list | tuple | set | frozenset):
        return [as_data(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def plan_data(plan: Plan) -> dict[str, Any]:
    """A plan as `comb plan --format json` has it."""
    (data,) = plans_json((plan,))
    return data


def asks_objects(policy: Policy) -> bool:
    """Whether a policy is about rendered objects."""
    return _asks(policy, "objects")


def asks_others(policy: Policy) -> bool:
    """Whether a policy is about a comb beside the others of its team."""
    return policy.is_of_combs and _asks(policy, "others")


def _asks(policy: Policy, fact: str) -> bool:
    return any(chain[0] == fact for one in _expressions(policy) for chain in one.expression.fields)


def _expressions(policy: Policy) -> Iterator[Compiled]:
    yield from policy.rule.conditions
    yield from policy.rule.variables
    for one in policy.rule.validations:
        yield one.holds
        yield from (one.says,) if one.says is not None else ()


def _beside(comb: Mapping[str, Any], claims: Iterable[Claim]) -> Iterator[Claim]:
    """The claims of other combs of the same team; who has no team is alone."""
    named = comb.get("metadata") or {}
    name, team = named.get("name"), named.get("team")
    return (one for one in claims if team and one.team == team and one.comb != name)


def judge_comb(policies: PolicySet, facts: CombFacts, evaluator: Evaluator) -> Iterator[tuple[Policy, Verdict]]:
    """What policies over combs say against a comb: those over objects where there are some, else the others."""
    others = [as_data(one) for one in _beside(facts.comb, facts.others or ())]
    values = {**facts._asdict(), "params": {}, "objects": list(facts.objects or ()), "others": others}
    plain = evaluator.facts(values)  # it has all objects; who has no params shares it
    for policy in policies.policies:
        environments = policy.spec.get("environments")
        if not policy.is_of_combs or (environments and facts.environment not in environments):
            continue
        if asks_objects(policy) != (facts.objects is not None) or (asks_others(policy) and facts.others is None):
            continue
        params = policy.spec.get("params")
        known = plain.with_values({"params": params}) if params else plain
        yield from ((policy, one) for one in judge(policy.rule, known))
