"""The platform's patches: merged as RFC 7386 says, into the objects that are meant, with their own origin."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from comb_compiler.render.manifest import Cause, Manifest, cause_of, caused, manifest
from comb_compiler.render.patches import Whereabouts, matching, patched
from comb_compiler.spec.platform.patches import Patch

# The examples of RFC 7386, appendix A, whose target and patch are objects.
RFC = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


def patch(merge: dict[str, Any], **target: str) -> Patch:
    return Patch.model_validate({"why": "Because.", "target": {"kind": "Thing", **target}, "merge": merge})


def thing(spec: Any = None) -> Manifest:
    made = {"kind": "Thing", "metadata": {"name": "one"}, "spec": spec}
    return manifest(made, Cause.comb("operators"))


def merged(made: Manifest, **patches: Patch) -> Manifest:
    (found,) = patched((made,), patches)
    return found


@pytest.mark.parametrize(("target", "merge", "result"), RFC, ids=str)
def test_objects_are_merged_as_the_rfc_shows(target: Any, merge: Any, result: Any) -> None:
    made = Manifest("thing.yaml", {"kind": "Thing", "metadata": {"name": "one"}, "spec": target}, {(): Cause.comb()})
    assert merged(made, settle=patch({"spec": merge})).object["spec"] == result


def test_a_list_is_replaced() -> None:
    made = thing({"containers": [{"name": "comb", "image": "a"}]})
    found = merged(made, settle=patch({"spec": {"containers": [{"name": "comb"}]}}))
    assert found.object["spec"] == {"containers": [{"name": "comb"}]}


def test_what_it_changes_has_the_patch_as_cause_and_the_rest_keeps_its_own() -> None:
    made = thing({"kept": 1, "set": caused({"inner": 2, "other": 3}, Cause.comb("sla"))})
    found = merged(made, settle=patch({"spec": {"set": {"inner": 4}, "new": {"deep": [1]}}}))
    at = ("patches", "settle", "merge", "spec")
    assert cause_of(found, ("spec", "set", "inner")) == Cause.platform(*at, "set", "inner")
    assert cause_of(found, ("spec", "new", "deep", 0)) == Cause.platform(*at, "new")
    assert cause_of(found, ("spec", "set", "other")) == Cause.comb("sla")
    assert cause_of(found, ("spec", "kept")) == Cause.comb("operators")


def test_what_it_replaces_has_no_older_cause_below() -> None:
    made = thing({"list": [caused(1, Cause.comb("sla")), 2]})
    found = merged(made, settle=patch({"spec": {"list": [7, 8]}}))
    assert cause_of(found, ("spec", "list", 0)) == Cause.platform("patches", "settle", "merge", "spec", "list")


def test_what_says_the_same_changes_nothing() -> None:
    made = thing({"set": caused(1, Cause.comb("sla"))})
    assert merged(made, settle=patch({"spec": {"set": 1, "absent": None}})) == made


def test_a_later_patch_is_laid_over_an_earlier_one() -> None:
    found = merged(thing({}), first=patch({"spec": {"a": 1, "b": 1}}), second=patch({"spec": {"a": 2}}))
    assert found.object["spec"] == {"a": 2, "b": 1}
    assert cause_of(found, ("spec", "a")) == Cause.platform("patches", "second", "merge", "spec", "a")


def test_it_is_for_objects_of_its_kind_and_name() -> None:
    for target in ({"kind": "Other"}, {"name": "two"}):
        assert merged(thing({}), settle=patch({"spec": {"a": 1}}, **target)).object["spec"] == {}
    assert merged(thing({}), settle=patch({"spec": {"a": 1}}, name="one")).object["spec"] == {"a": 1}


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        ({}, True),
        ({"cluster": "east"}, True),
        ({"cluster": "west"}, False),
        ({"comb": "ocr", "environment": "production"}, True),
        ({"comb": "ocr", "environment": "staging"}, False),
        ({"comb": "other"}, False),
    ],
    ids=str,
)
def test_it_is_for_what_is_rendered_there(target: dict[str, str], meant: bool) -> None:
    found = matching({"settle": patch({"spec": {}}, **target)}, Whereabouts("east", "ocr", "production"))
    assert bool(found) == meant


def test_one_for_a_comb_is_not_for_the_platforms_own_objects() -> None:
    assert matching({"settle": patch({"spec": {}}, comb="ocr")}, Whereabouts("east")) == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), JSON, max_size=3)


@given(OBJECTS, OBJECTS)
def test_merging_twice_is_merging_once_and_every_part_has_a_cause(target: Any, merge: Any) -> None:
    made = Manifest("thing.yaml", {"kind": "Thing", "metadata": {"name": "one"}, "spec": target}, {(): Cause.comb()})
    once = merged(made, settle=patch({"spec": merge}))
    assert merged(once, settle=patch({"spec": merge})) == once
    for key, value in once.object["spec"].items():
        from_patch = cause_of(once, ("spec", key)).path[:1] == ("patches",)
        assert not from_patch or value != target.get(key)
