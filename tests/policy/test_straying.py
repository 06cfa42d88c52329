"""Environments of policies that a platform has under nearly the same name, and those that are simply another's."""

import pytest

from comb_compiler.policy.reading import read_policies
from comb_compiler.policy.straying import stray_environments
from tests.policy.own import EVALUATOR, own_set

POLICY = """\
apiVersion: comb.dev/v1
kind: CombPolicy
metadata: {name: promises}
spec:
  environments: [NAMES]
  validations: [{expression: "has(comb.sla)"}]
"""


def said(names: str, *environments: str) -> list[str]:
    policies, found = read_policies({"a.yaml": POLICY.replace("NAMES", names).encode()}, EVALUATOR)
    assert found == ()
    return [hint for one in stray_environments(policies, environments) for hint in one.hints[:1]]


@pytest.mark.parametrize(
    "slip", ["prodution", "productoin", "productions", "Production", "prodaction", "produc-tion", "roduction"]
)
def test_a_slip_is_found(slip: str) -> None:
    assert said(slip, "production", "staging") == ["did you mean `production`?"]


@pytest.mark.parametrize(
    ("named", "environments"),
    [
        ("production", ("staging",)),
        ("preproduction", ("production",)),
        ("prod", ("production",)),
        ("prod-us", ("prod-eu",)),
        ("prod-west", ("prod-east",)),
        ("staging-2", ("staging-1",)),
        ("dev-b", ("dev-a",)),
        ("production, productions", ("production",)),
        ("production", ("production", "productions")),
        ("prodution", ()),
    ],
)
def test_a_name_that_another_platform_may_have_is_no_mistake(named: str, environments: tuple[str, ...]) -> None:
    assert said(named, *environments) == []


def test_a_name_beside_others_that_are_right_is_found_too() -> None:
    assert said("production, stagin", "production", "staging") == ["did you mean `staging`?"]


def test_the_policies_that_come_with_comb_are_right_for_any_platform() -> None:
    assert list(stray_environments(own_set(), ("staging", "canary", "prod"))) == []
