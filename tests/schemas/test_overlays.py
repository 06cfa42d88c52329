"""Overlays in the schema: the comb's own shape, as far as their scope goes, with nothing required."""

from typing import Any

import pytest
from jsonschema import Draft7Validator

from comb_compiler.spec.comb import Comb
from comb_compiler.spec.jsonschema import comb_schema
from comb_compiler.spec.overlay_scope import ARM_SCOPE, ENVIRONMENT_SCOPE, Scope
from comb_compiler.spec.shape import field_names

SCHEMA = comb_schema()
OVERLAYS = {"Arm": ARM_SCOPE, "Environment": ENVIRONMENT_SCOPE}


def accepts(owner: str, overlay: Any) -> bool:
    reference = {"$ref": f"#/definitions/{owner}Overlay", "definitions": SCHEMA["definitions"]}
    return bool(Draft7Validator(reference).is_valid(overlay))


def test_they_stand_where_overlays_are_written() -> None:
    assert SCHEMA["definitions"]["Arm"]["properties"]["set"]["$ref"] == "#/definitions/ArmOverlay"
    assert SCHEMA["properties"]["environments"]["additionalProperties"]["$ref"] == "#/definitions/EnvironmentOverlay"


@pytest.mark.parametrize(("owner", "scope"), OVERLAYS.items())
def test_they_hold_what_their_scope_allows(owner: str, scope: Scope) -> None:
    assert accepts(owner, {})
    assert {field for field in field_names(Comb) if accepts(owner, {field: {}})} == scope.keys()


def test_nothing_in_them_is_required() -> None:
    definitions = SCHEMA["definitions"].items()
    assert [name for name, schema in definitions if name.endswith("Overlay") and "required" in schema] == []
    assert accepts("Arm", {"operators": {"straighten": {"model": "text-angle@1.5.0"}}})


@pytest.mark.parametrize(
    "overlay",
    [
        {"operators": {"straighten": None}},
        {"operators": {"straighten": {"timeout": None, "scale": {"pace": None}}}},
        {"models": None},
        {"graph": {"lines": None}},
    ],
)
def test_null_takes_away_what_may_be_left_out(overlay: Any) -> None:
    assert accepts("Arm", overlay)


@pytest.mark.parametrize(
    "overlay",
    [
        None,
        {"operators": None},
        {"operators": {"straighten": {"out": None}}},
        {"graph": {"return": None}},
        {"operators": {"straighten": {"devices": [None]}}},
    ],
)
def test_null_does_not_take_away_what_must_be_there(overlay: Any) -> None:
    assert not accepts("Arm", overlay)


def test_lists_are_replaced_and_so_their_items_are_whole() -> None:
    queries = {"targets": {"queries": {"load": {"target": 5}}}}
    assert accepts("Environment", {"operators": {"straighten": {"scale": queries}}})
    assert accepts("Environment", {"rollout": {"hold": "5m"}})
    assert not accepts("Environment", {"rollout": {"steps": []}})


def test_an_environment_changes_no_operator_s_code_and_takes_none_away() -> None:
    assert accepts("Environment", {"operators": {"straighten": {"resources": {"cpu": 2}}}})
    assert not accepts("Environment", {"operators": {"straighten": {"run": "operators:Other"}}})
    assert not accepts("Environment", {"operators": {"straighten": None}})


def test_an_environment_moves_weights_and_changes_no_arm() -> None:
    assert accepts("Environment", {"experiment": {"arms": {"rotate": {"weight": 0}}}})
    assert not accepts("Environment", {"experiment": {"arms": {"rotate": {"set": {}}}}})


def test_parts_that_both_may_change_are_defined_once() -> None:
    overlays = [name for name in SCHEMA["definitions"] if name.endswith("Overlay")]
    shared = [name for name in overlays if not name.startswith(("Arm", "Environment"))]
    assert {"ScaleOverlay", "ResourcesOverlay", "OperatorOverlay"} <= set(shared)
