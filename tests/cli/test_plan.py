"""`comb plan` as a user runs it."""

import json
from pathlib import Path

import pytest

from tests.architecture.imports import ROOT
from tests.cli.conftest import Comb

EXAMPLE = ROOT / "examples" / "frame-moderation"
PLATFORM = """\
apiVersion: comb.dev/v1
kind: Platform
metadata: {name: acme}
clusters: {east: {nodePools: {cpus: {nodes: 2, cpu: 4, memory: 16Gi}}}}
namespaces: {greetings: {}, live: {}}
environments:
  staging: {clusters: [east], namespace: greetings}
  production: {clusters: [east], namespace: live}
environmentRepository: {url: "https://git.acme.example/environments.git"}
registry: {push: registry.acme.example/combs}
"""


@pytest.fixture
def platform(checkout: Path) -> Path:
    """A platform of two small nodes, beside the comb."""
    file = checkout / "platform.yaml"
    file.write_text(PLATFORM, encoding="utf-8")
    return file


def asks(checkout: Path, resources: str) -> None:
    file = checkout / "comb.yaml"
    text = file.read_text(encoding="utf-8").replace("timeout: 80ms", f"timeout: 80ms, {resources}")
    file.write_text(text, encoding="utf-8")


def test_workloads_and_what_nodes_have_left_are_shown(comb: Comb, checkout: Path, platform: Path) -> None:
    asks(checkout, "resources: {cpu: 1500m, memory: 4Gi}, scale: {min: 3}")
    ran = comb("plan", ".", "--platform", "platform.yaml", "--environment", "staging")
    assert (ran.code, ran.err) == (0, "")
    assert (
        ran.out
        == """\
greeting in staging: cluster east, namespace greetings
3 instances; the fewest fit in any order

  workload  min–max  cores  memory
  greeting        3    1.5   4 GiB
    greet · on cpu in cpus

  nodes     cores left           GiB left
  1 × cpus  ██░░░░░░░░ 1 of 4    █████░░░░░ 8 of 16
    2 × greeting
  1 × cpus  ██████░░░░ 2.5 of 4  ████████░░ 12 of 16
    1 × greeting
"""
    )


def test_all_environments_are_planned_where_none_is_named(comb: Comb, platform: Path) -> None:
    ran = comb("plan", ".", "--platform", "platform.yaml")
    assert ran.code == 0
    assert [line for line in ran.out.splitlines() if line.startswith("greeting in")] == [
        "greeting in staging: cluster east, namespace greetings",
        "greeting in production: cluster east, namespace live",
    ]


def test_what_does_not_fit_is_said_and_the_rest_still_shown(comb: Comb, checkout: Path, platform: Path) -> None:
    asks(checkout, "resources: {cpu: 3, memory: 4Gi}, scale: {min: 3}")
    ran = comb("plan", ".", "--platform", "platform.yaml", "--environment", "staging")
    assert ran.code == 1
    assert "error[COMB4105] does-not-fit" in ran.err
    assert "3 instances; no place for 1 of 3" in ran.out
    assert "2 × cpus" in ran.out


def test_a_cluster_without_nodes_has_no_bars(comb: Comb, platform: Path) -> None:
    platform.write_text(PLATFORM.replace("nodes: 2", "nodes: 0"), encoding="utf-8")
    ran = comb("plan", ".", "--platform", "platform.yaml", "--environment", "staging")
    assert ran.code == 1
    assert "there are no nodes" in ran.out


def test_long_names_are_cut_to_the_width(comb: Comb, checkout: Path, platform: Path) -> None:
    name = "a" * 40
    file = checkout / "comb.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("name: greeting,", f"name: {name},"), encoding="utf-8")
    platform.write_text(PLATFORM.replace("cpus:", f"{'p' * 40}:"), encoding="utf-8")
    ran = comb("plan", ".", "--platform", "platform.yaml", "--environment", "staging")
    assert ran.code == 0
    table = [line for line in ran.out.splitlines() if line.startswith("  ")]
    assert max(map(len, table)) <= 100


def test_a_comb_with_mistakes_has_findings_and_no_plan(comb: Comb, checkout: Path, platform: Path) -> None:
    asks(checkout, "resources: {cpu: much}")
    ran = comb("plan", ".", "--platform", "platform.yaml")
    assert (ran.code, ran.out) == (1, "")
    assert "comb.yaml:6" in ran.err


def test_a_platform_with_mistakes_has_findings_and_no_plan(comb: Comb, platform: Path) -> None:
    platform.write_text(PLATFORM.replace("cpu: 4", "cpu: four"), encoding="utf-8")
    ran = comb("plan", ".", "--platform", "platform.yaml")
    assert (ran.code, ran.out) == (1, "")
    assert "platform.yaml:4" in ran.err


def test_a_platform_that_is_not_there_is_a_finding(comb: Comb) -> None:
    ran = comb("plan", ".", "--platform", "nowhere.yaml")
    assert (ran.code, ran.out) == (1, "")
    assert "nowhere.yaml" in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--platform"),
        (["--platform", "platform.yaml", "--environment", "stagin"], "did you mean `staging`"),
    ],
)
def test_what_makes_no_sense_is_usage(comb: Comb, platform: Path, arguments: list[str], said: str) -> None:
    ran = comb("plan", ".", *arguments)
    assert ran.code == 2
    assert said in ran.err


def test_a_platform_is_no_comb(comb: Comb, platform: Path) -> None:
    ran = comb("plan", "platform.yaml", "--platform", "platform.yaml")
    assert ran.code == 2
    assert "name a comb" in ran.err


def test_programs_read_findings_and_plans_in_one_object(comb: Comb, checkout: Path, platform: Path) -> None:
    asks(checkout, "resources: {cpu: 3, memory: 4Gi}, scale: {min: 3}")
    ran = comb("plan", ".", "--platform", "platform.yaml", "--environment", "production", "--format", "json")
    assert ran.code == 1
    told = json.loads(ran.out)
    assert told["version"] == 1
    assert [found["code"] for found in told["diagnostics"]] == ["COMB4105"]
    (plan,) = told["plans"]
    (cluster,) = plan["clusters"]
    assert (plan["environment"], cluster["cluster"], cluster["namespace"]) == ("production", "east", "live")
    assert (cluster["fits"], cluster["safe"], cluster["missing"]) == (False, False, {"greeting": 1})
    (workload,) = cluster["workloads"]
    assert (workload["cpu"], workload["memory"], workload["slice"]) == (3.0, 4 * 2**30, None)
    (nodes,) = cluster["nodes"]
    assert (nodes["nodes"], nodes["left"]["cpu"], nodes["empty"]["cpu"]) == (2, 1.0, 4.0)
    assert nodes["instances"] == {"greeting": 1}


def test_the_example_is_planned_without_findings(comb: Comb) -> None:
    ran = comb("plan", str(EXAMPLE), "--platform", str(EXAMPLE / "platform.yaml"), cwd=ROOT)
    assert (ran.code, ran.err) == (0, "")
    assert max(map(len, ran.out.splitlines())) <= 100
    assert "frame-moderation in production: cluster east, namespace moderation" in ran.out
    assert "memory is not divided" in ran.out
    assert "4 × frame-moderation--detect" in ran.out


def test_where_there_is_only_ascii_nothing_is_lost(comb: Comb, platform: Path) -> None:
    ran = comb("plan", ".", "--platform", "platform.yaml", env={"PYTHONIOENCODING": "ascii"})
    assert ran.code == 0
    assert "2 x cpus  ######" in ran.out or "1 x cpus  ######" in ran.out
    assert "?" not in ran.out


def test_arms_and_a_grey_release_are_told(comb: Comb, checkout: Path, platform: Path) -> None:
    with (checkout / "comb.yaml").open("a", encoding="utf-8") as file:
        file.write("experiment: {key: header/x-user, arms: {control: {weight: 9}, other: {weight: 1}}}\n")
        file.write("rollout: {steps: [1%, 12.5%], hold: 90s, abort: {timeoutRate: 3%}}\n")
        file.write("sla: {errorRate: 0.5%, timeoutRate: 1%}\n")
    said = ("plan", ".", "--platform", "platform.yaml", "--environment", "production")
    text = comb(*said, env={"COLUMNS": "200"}).out
    assert "arms by weight: control 9, other 1\n" in text
    # What `abort` does not say is what is promised.
    assert "grey release: 1% → 12.5%, 90s each; back at errorRate 0.5%, timeoutRate 3%\n" in text
    assert "grey release: 1% -> 12.5%" in comb(*said, env={"COLUMNS": "200", "PYTHONIOENCODING": "ascii"}).out
    (plan,) = json.loads(comb(*said, "--format", "json").out)["plans"]
    assert plan["arms"] == {"control": 9, "other": 1}
    limits = {"errorRate": 0.005, "timeoutRate": 0.03, "p99": None}
    assert plan["rollout"] == {"steps": [0.01, 0.125], "hold": 90.0, "abort": limits}


def test_without_a_rollout_nothing_is_told_of_one(comb: Comb, platform: Path) -> None:
    said = ("plan", ".", "--platform", "platform.yaml", "--environment", "production")
    assert "release" not in comb(*said).out
    (plan,) = json.loads(comb(*said, "--format", "json").out)["plans"]
    assert (plan["arms"], plan["rollout"]) == ({}, None)
