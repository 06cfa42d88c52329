"""A policy says the same in CI and in a cluster: of its fixtures, and of objects that nobody thought of."""

import random
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.api import Api, Refused, until
from tests.policy.changing import changed
from tests.policy.expressions import LACKING, REFUSED, VALUES
from tests.policy.own import NAMESPACE, admitted, own_fixtures, own_set
from tests.policy.wrong import WRONG, right, wrong
from tests.support.trials import Trial

FIXTURES = tuple(one for one in own_fixtures() if one.root.data["kind"] != "Comb")
_WARNED = re.compile(r"Validation failed for ValidatingAdmissionPolicy '([^']*)' with binding '[^']*': (.*)", re.DOTALL)


@pytest.fixture(scope="module")
def bound(api: Api) -> Iterator[None]:
    """The policies that come with Comb, bound so that everything that each of them says is a warning."""
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "comb-policies"}})
    api.apply(NAMESPACE)
    api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "ocr", "namespace": "moderation"}})
    for name, value in (("comb-normal-10000", 10000), ("comb-high-100000", 100000)):
        kind = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass"}
        api.apply({**kind, "metadata": {"name": name}, "value": value})
    api.apply_all(dict(one) for one in own_set().params)
    shipped = [one.root.data for one in own_set().shipped]
    for one in shipped:
        spec = {**one["spec"], "validationActions": ["Warn"]} if one["kind"].endswith("Binding") else one["spec"]
        api.apply({**one, "spec": spec})
    denied = [one for one in FIXTURES if not one.allowed]
    until(lambda: all(warned(api, one.root.data) for one in denied), 60)
    yield
    for one in reversed(shipped):
        api.delete(one["apiVersion"], one["kind"], one["metadata"]["name"])


def warned(api: Api, document: Any) -> set[tuple[str, str]]:
    """What the API server says against an object, by policy; a failure without its words, which are Go's."""
    found = (_WARNED.match(text) for text in api.warnings(document))
    said = {(one[1], one[2]) for one in found if one is not None}
    return {(policy, "" if message.startswith("expression '") else message) for policy, message in said}


@pytest.mark.slow
@pytest.mark.usefixtures("bound")
@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda one: f"{one.of}/{one.file.rpartition('/')[2]}")
def test_a_fixture_is_judged_alike(fixture: Any, api: Api) -> None:
    assert warned(api, fixture.root.data) == admitted(fixture.root.data)


def compared(api: Api, wanted: int, seed: int) -> tuple[int, int, int]:
    """Compare objects that are changed at random, until so many were taken; how many, refused by some policy, tried."""
    dice = random.Random(seed)
    taken = refused = tried = 0
    while taken < wanted:
        assert tried < 20 * wanted, "hardly anything that is changed is taken"
        document = changed(dice.choice(FIXTURES).root.data, dice)
        tried += 1
        try:
            said = warned(api, document)
        except Refused:  # it is no object that a cluster could have, whatever policies say
            continue
        taken += 1
        refused += bool(said)
        assert said == admitted(document), document
    return taken, refused, tried


def _policy(validations: list[str], name: str) -> list[dict[str, Any]]:
    """A policy of its own about one ConfigMap, and its binding, which warns."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    constraints = {"resourceRules": [{**rule, "resourceNames": [name]}]}
    spec = {
        "matchConstraints": constraints,
        "validations": [{"expression": one, "message": one} for one in validations],
    }
    head = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": name}}
    return [
        {**head, "kind": "ValidatingAdmissionPolicy", "spec": spec},
        {
            **head,
            "kind": "ValidatingAdmissionPolicyBinding",
            "spec": {"policyName": name, "validationActions": ["Warn"]},
        },
    ]


@pytest.mark.slow
def test_functions_give_what_a_cluster_gives(api: Api) -> None:
    api.apply(NAMESPACE)
    expressions = [f"string({text}) == '{value}'" for text, value in VALUES.items()]
    wrong: dict[str, None] = {}
    for start in range(0, len(expressions), 20):
        name = f"functions-{start}"
        document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "moderation"}}
        document["data"] = {"one": "1"}
        made = _policy([*expressions[start : start + 20], "false"], name)
        api.apply_all(made)
        until(lambda document=document: bool(warned(api, document)), 60)  # type: ignore[misc]
        wrong |= dict.fromkeys(said for _, said in warned(api, document) if said != "false")
        for one in made:
            api.delete(one["apiVersion"], one["kind"], name)
    assert wrong == {}


@pytest.mark.slow
@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused_here_is_refused_by_a_cluster(text: str, api: Api) -> None:
    with pytest.raises(Refused, match=r"compil|Invalid|must evaluate"):
        api.apply(_policy([text], "refused")[0], dry=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", WRONG)
def test_a_policy_that_is_refused_here_is_refused_by_a_cluster(name: str, api: Api) -> None:
    which, made = wrong(name)
    with pytest.raises(Refused):
        api.apply(made[which], dry=True)


@pytest.mark.slow
def test_a_policy_that_is_right_here_is_taken_by_a_cluster(api: Api) -> None:
    for one in right().values():
        api.apply(one, dry=True)


@pytest.mark.slow
@pytest.mark.parametrize("text", LACKING)
def test_what_is_not_evaluated_here_is_taken_by_a_cluster(text: str, api: Api) -> None:
    """Else it would be told what is wrong with it."""
    is_bool = " " in text.replace(", ", ",") or ".hasValue()" in text or "isURL" in text or ".allowed()" in text
    api.apply(_policy([text if is_bool else f"dyn({text}) == true"], "lacking")[0], dry=True)


@pytest.mark.slow
@pytest.mark.usefixtures("bound")
def test_objects_that_were_changed_are_judged_alike(api: Api) -> None:
    taken, refused, _ = compared(api, 100, seed=1)
    assert taken == 100
    assert refused > 20


@pytest.mark.prove
@pytest.mark.usefixtures("bound")
def test_a_thousand_changed_objects_are_judged_alike(api: Api, trial: Trial) -> None:
    taken, refused, tried = compared(api, 1000, trial.seed)
    trial.note(compared=taken, refused_by_a_policy=refused, tried=tried)
