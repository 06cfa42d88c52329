"""The policies that come with Comb: every fixture comes as its name says, and all that examples render passes."""

from pathlib import Path

import pytest

from comb_compiler.compiler.check import check
from comb_compiler.compiler.render import render_comb, render_platforms, unbuilt_images
from comb_compiler.diagnostics import codes
from comb_compiler.policy.combs import asks_objects
from comb_compiler.policy.fixtures import Fixture, try_fixtures
from comb_compiler.policy.platform import NAMESPACE, PARAMS
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.sources import load_sources
from tests.architecture.imports import ROOT
from tests.cluster.rendering import example_platform, render_example, written
from tests.policy.own import EVALUATOR, own_fixtures, own_set
from tests.support.memory import REMEMBERED


@pytest.mark.parametrize("fixture", own_fixtures(), ids=lambda one: one.file)
def test_a_fixture_comes_as_its_name_says(fixture: Fixture) -> None:
    (tried,), found = try_fixtures(own_set(), (fixture,), EVALUATOR)
    assert tried.is_right, tried.verdicts
    assert not [one for one in found if one.code is not codes.UNTESTED_POLICY]


def test_every_policy_is_tested_both_ways() -> None:
    _, found = try_fixtures(own_set(), own_fixtures(), EVALUATOR)
    assert found == ()


def test_every_validation_is_violated_by_some_fixture() -> None:
    """One that nothing violates may be one that nothing can violate."""
    tried, _ = try_fixtures(own_set(), own_fixtures(), EVALUATOR)
    violated = {one.source.node for each in tried for one in each.verdicts if one.source is not None}
    asked = {each.holds.node for one in own_set().policies for each in one.rule.validations}
    assert {node.data for node in asked - violated} == set()


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_what_the_example_renders_passes(environment: str, tmp_path: Path) -> None:
    document = example_platform() | {"policies": ["comb.dev"]}
    assert render_example("frame-moderation", written(document, tmp_path), environment)


def test_the_smallest_comb_is_refused_for_what_it_leaves_open(tmp_path: Path) -> None:
    """It says neither how much memory it needs, nor what it promises, nor what proves it."""
    document = example_platform() | {"policies": ["comb.dev"]}
    platform = written(document, tmp_path)
    sources = load_sources(Checkout(ROOT), "examples/hello/comb.yaml", REMEMBERED)
    said = {}
    for environment in ("staging", "production"):
        made = render_comb(sources, platform, environment, unbuilt_images, REMEMBERED)
        found = [one for one in made.diagnostics if one.code is codes.POLICY_VIOLATED]
        said[environment] = {(one.message.split("`")[1], one.path) for one in found}
    assert said == {
        "staging": {("limits.comb.dev", "operators.greet")},
        "production": {("promises.comb.dev", "metadata.name"), ("production-proof.comb.dev", "metadata.name")},
    }


def test_a_platform_ships_them_as_they_are_written(tmp_path: Path) -> None:
    document = example_platform() | {"policies": ["comb.dev"]}
    assert any(not asks_objects(one) for one in own_set().policies)
    checked = check(written(document, tmp_path))
    assert checked.platform is not None
    assert checked.platform.value is not None
    (east, west) = render_platforms(checked.platform.value, checked.policies)
    for cluster in (east, west):
        shipped = {
            (one.object["kind"], one.object["metadata"]["name"]): one.object
            for one in cluster.manifests
            if "metadata" in one.object
        }
        for one in own_set().shipped:
            data = one.root.data
            assert shipped[data["kind"], data["metadata"]["name"]] == data
        params = shipped["ConfigMap", PARAMS]
        assert params["metadata"]["namespace"] == NAMESPACE
        assert params["data"]["registries"].split(" ")[0] == "registry.example.com/combs"
        assert ("Namespace", NAMESPACE) in shipped
        (listed,) = (one.object["resources"] for one in cluster.manifests if one.file == "kustomization.yaml")
        assert {one.file for one in cluster.manifests} == {*listed, "kustomization.yaml"}
