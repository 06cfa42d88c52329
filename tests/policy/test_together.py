"""Validations that are asked at once: it is heard as little of them as if each were asked, and of nothing less."""

import random
from typing import Any

import pytest

from comb_compiler.policy.admission import decide
from comb_compiler.policy.evaluator import Outcome
from comb_compiler.policy.judging import Verdict, judge
from comb_compiler.policy.matching import Asked
from comb_compiler.policy.model import PolicySet, Rule
from comb_compiler.policy.reading import read_policies
from tests.policy.changing import changed
from tests.policy.own import EVALUATOR, NAMESPACE, own_fixtures, own_set

_OBJECTS = tuple(one.root.data for one in own_fixtures() if one.root.data["kind"] not in ("Comb", "AdmissionReview"))
_HEAD = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: a.example}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
"""
_LOOP = "range.all(x, range.all(y, x != '' || y != ''))"
_RANGE = "'{}'.split('')".format("a" * 80)


def singly(policies: PolicySet) -> PolicySet:
    """The same, each of whose validations is asked by itself."""
    apart = (
        one._replace(rule=one.rule._replace(together=lambda: None, bound=lambda _: None)) for one in policies.policies
    )
    return policies._replace(policies=tuple(apart))


def said(policies: PolicySet, document: Any) -> list[tuple[str, Verdict]]:
    found = decide(policies, Asked(document, namespace=NAMESPACE), EVALUATOR)
    return [(one.policy.name, one.verdict) for one in found]


def rule(body: str) -> Rule:
    policies, found = read_policies({"a.yaml": (_HEAD + body).encode()}, EVALUATOR)
    assert not found
    return policies.policies[0].rule


def heard(body: str, **data: str) -> list[tuple[str, str]]:
    facts = EVALUATOR.facts({"object": {"data": data}})
    return [(one.outcome, one.message) for one in judge(rule(body), facts)]


def test_every_policy_of_comb_can_be_asked_at_once() -> None:
    assert [one.name for one in own_set().policies if one.rule.together() is None] == []


def test_every_fixture_is_judged_as_if_each_validation_were_asked_by_itself() -> None:
    for one in _OBJECTS:
        assert said(own_set(), one) == said(singly(own_set()), one)


def test_changed_objects_are_judged_as_if_each_validation_were_asked_by_itself() -> None:
    dice = random.Random(5)
    refused = 0
    apart = singly(own_set())
    for _ in range(200):
        document = changed(dice.choice(_OBJECTS), dice)
        if not isinstance(document.get("metadata"), dict):
            continue
        found = said(own_set(), document)
        assert found == said(apart, document), document
        refused += bool(found)
    assert refused > 50


def evaluated(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every program that is evaluated from now on."""
    asked: list[Any] = []
    program = type(own_set().policies[0].rule.validations[0].holds.program)
    evaluate = program.evaluate

    def counted(self: Any, facts: Any) -> Any:
        asked.append(self)
        return evaluate(self, facts)

    monkeypatch.setattr(program, "evaluate", counted)
    return asked


def test_an_object_that_passes_is_asked_once_for_each_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    document = next(one for one in _OBJECTS if one["kind"] == "Deployment" and not said(own_set(), one))
    asked = evaluated(monkeypatch)
    assert said(own_set(), document) == []
    together = {one.rule.together() for one in own_set().policies}
    conditions = {each.program for one in own_set().policies for each in one.rule.conditions}
    assert set(asked) <= together | conditions
    assert len(asked) == len(set(asked)) > 3


def test_what_is_refused_is_asked_once_for_each_validation_and_its_message(monkeypatch: pytest.MonkeyPatch) -> None:
    body = """\
  variables: [{name: a, expression: object.data.a}, {name: b, expression: variables.a + 'b'}]
  validations:
  - {expression: "variables.b == 'ab'"}
  - {expression: "variables.b == 'xb'", messageExpression: "'not ' + variables.b"}
"""
    made, facts = rule(body), EVALUATOR.facts({"object": {"data": {"a": "a"}}})
    asked = evaluated(monkeypatch)
    assert [one.message for one in judge(made, facts)] == ["not ab"]
    assert len(asked) == len(made.validations) + 2


def test_a_variable_that_fails_fails_who_asks_for_it_alone() -> None:
    body = """\
  variables: [{name: gone, expression: object.data.gone}, {name: here, expression: "object.data.here + ''"}]
  validations:
  - {expression: "variables.here == 'a'", messageExpression: string(variables.gone), message: not a}
  - {expression: "variables.here == 'a' || variables.gone == ''"}
"""
    assert heard(body, here="a") == []
    assert [outcome for outcome, _ in heard(body, here="b")] == [Outcome.VALUE, Outcome.ERROR]


def test_what_could_not_be_answered_is_heard_of() -> None:
    body = """\
  variables: [{name: whole, expression: "quantity(object.data.size).asInteger() > 0"}]
  validations: [{expression: "variables.whole || true"}]
"""
    assert heard(body, size="2") == []
    assert [outcome for outcome, _ in heard(body, size="1000m")] == [Outcome.LACKING]


def test_two_that_loop_less_than_is_too_much_pass_together() -> None:
    range_ = _RANGE
    body = f"""\
  variables: [{{name: range, expression: "{range_}"}}]
  validations:
  - {{expression: "{_LOOP.replace("range", "variables.range")}"}}
  - {{expression: "{_LOOP.replace("range", "variables.range")}"}}
"""
    facts = EVALUATOR.facts({"object": {"data": {}}})
    made = rule(body)
    together = made.together()
    assert together is not None
    assert together.evaluate(facts).outcome == Outcome.COSTLY
    assert judge(made, facts) == ()


@pytest.mark.parametrize(
    "expression",
    [
        "variables.a == 'x' // that is all",
        "[variables.a].all(v, v == variables.a)",
        "'%s'.format([variables.a]) == 'x'",
        "(variables . a) == 'x' && variables.a.size() == 1",
        "{variables.a: true}[variables.a]",
    ],
)
def test_variables_are_known_wherever_they_are_named(expression: str) -> None:
    body = f"""\
  variables: [{{name: a, expression: "object.data.a // a text"}}]
  validations: [{{expression: "{expression}"}}, {{expression: "variables.a != ''"}}]
"""
    assert heard(body, a="x") == []
    made = rule(body).together()
    assert made is not None
    assert made.evaluate(EVALUATOR.facts({"object": {"data": {"a": "x"}}})).value is True


def test_a_loop_may_name_its_variable_as_ours_are_named() -> None:
    body = """\
  variables: [{name: a, expression: object.data.a}]
  validations: [{expression: "['y'].all(comb_variable_a, comb_variable_a == variables.a)"}]
"""
    assert rule(body).together() is None
    assert heard(body, a="y") == []
    assert [outcome for outcome, _ in heard(body, a="x")] == [Outcome.VALUE]
