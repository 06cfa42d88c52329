"""A policy says the same in CI and in a cluster: of its fixtures, and of objects that nobody thought of."""

import copy
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.api import Api, Refused, until
from tests.policy.own import NAMESPACE, admitted, own_fixtures, own_set
from tests.support.trials import Trial

FIXTURES = tuple(one for one in own_fixtures() if one.root.data["kind"] != "Comb")
_WARNED = re.compile(r"Validation failed for ValidatingAdmissionPolicy '([^']*)' with binding '[^']*': (.*)", re.DOTALL)
_KEPT = ("apiVersion", "kind", "metadata", "namespace")
"""What says where an object is asked for: without it nothing could be."""
_VALUES: tuple[Any, ...] = (
    True, False, 0, 1, 65536, "", "0", "1", "100%", "1Gi", "500m", "1.5", "Always", "default", "comb-high-100000",
    "docker.io/a:b", "registry.example.com/base/a@sha256:" + "ab" * 32, [], {}, ["ALL"], ["NET_ADMIN"],
)  # fmt: skip


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


def changed(document: Any, dice: random.Random) -> Any:
    """A copy in which one to three places are taken out, doubled or given another value."""
    made = copy.deepcopy(document)
    for _ in range(dice.randint(1, 3)):
        places = [(holder, key) for holder, key in _places(made) if key not in _KEPT]
        holder, key = dice.choice(places)
        action = dice.random()
        if action < 0.45:
            del holder[key]
        elif action < 0.85 or not isinstance(holder, list):
            holder[key] = copy.deepcopy(dice.choice(_VALUES))
        else:
            holder.append(copy.deepcopy(holder[key]))
    return made


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys: Any = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


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
