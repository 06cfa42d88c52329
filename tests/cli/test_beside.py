"""Policies over what a team's combs have together, as users meet them: in a checkout, and beside what is published."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import COMB, PROTO, Comb, Ran
from tests.publish.environment import Remote, git, remote_at

PLATFORM = """\
apiVersion: comb.dev/v1
kind: Platform
metadata: {name: acme}
devices: {nvidia-t4: {memory: 16Gi}}
clusters:
  east:
    nodePools:
      cpus: {nodes: 2, cpu: 4, memory: 16Gi}
      cards:
        {nodes: 4, cpu: 8, memory: 64Gi, device: nvidia-t4, devices: 4, sharing: {backEnd: exclusive},
         labels: {card: t4}}
namespaces: {greetings: {}}
environments: {staging: {clusters: [east], namespace: greetings}}
environmentRepository: {url: "https://git.acme.example/environments.git"}
registry: {push: registry.acme.example/combs}
policies: [policies]
"""
ASKS = "timeout: 80ms,\n    devices: [nvidia-t4], scale: {min: %d},\n    resources: {gpu: {count: %d}}"
ON = ("--platform", "platform.yaml")
IN = (*ON, "--environment", "staging")
POLICY = (Path(__file__).parents[2] / "policies" / "team-gpu-budgets.yaml").read_text(encoding="utf-8")


def budget(checkout: Path, most: int, old: str = "", new: str = "") -> None:
    (checkout / "policies").mkdir(exist_ok=True)
    text = POLICY.replace("{most: 64, teams: {}}", f"{{most: 64, teams: {{welcome: {most}}}}}").replace(old, new)
    (checkout / "policies" / "budgets.yaml").write_text(text, encoding="utf-8")


def write(checkout: Path, name: str, count: int, each: int = 1, team: str = "welcome") -> Path:
    """A comb with `count` instances, of so many devices or shares each."""
    place = checkout / "combs" / name
    place.mkdir(parents=True, exist_ok=True)
    text = COMB.replace("name: greeting, team: welcome", f"name: {name}, team: {team}")
    (place / "comb.yaml").write_text(text.replace("timeout: 80ms", ASKS % (count, each)), encoding="utf-8")
    (place / "greeting.proto").write_text(PROTO, encoding="utf-8")
    return place


@pytest.fixture
def tree(checkout: Path) -> Path:
    """Three combs of one team, with 4, 3 and 2 shares, one of another, and one without GPUs."""
    (checkout / "comb.yaml").unlink()
    (checkout / "greeting.proto").unlink()
    (checkout / "platform.yaml").write_text(PLATFORM, encoding="utf-8")
    for name, count in (("alpha", 4), ("beta", 3), ("gamma", 2)):
        write(checkout, name, count)
    write(checkout, "delta", 8, team="search")
    plain = checkout / "combs" / "plain"
    plain.mkdir()
    (plain / "comb.yaml").write_text(COMB.replace("name: greeting,", "name: plain,"), encoding="utf-8")
    (plain / "greeting.proto").write_text(PROTO, encoding="utf-8")
    budget(checkout, 9)
    return checkout


def refusals(ran: Ran) -> list[str]:
    """What the policy says of combs, with the place."""
    words = re.sub(r"\n  (?! *[-=|])", " ", ran.out + ran.err)
    found = re.findall(r"refuses the comb in staging: (.+)\n +--> (\S+) in operators.greet.resources.gpu\n", words)
    return [f"{place} {said}" for said, place in found]


def test_combs_are_added_up_over_the_checkout_whichever_are_named(comb: Comb, tree: Path) -> None:
    ran = comb("check", "combs", *ON)
    assert (ran.code, ran.out) == (0, "")
    budget(tree, 8)
    said = "combs/beta/comb.yaml:8:22 up to 3 GPUs or shares of them beside 6 of alpha (4), gamma (2), "
    said += "and the team may have 8: 2 would fit"
    ran = comb("check", "combs/beta", *ON)
    assert (ran.code, refusals(ran)) == (1, [said])
    whole = comb("check", "combs", *ON)
    names = ("alpha", "beta", "gamma")
    assert [one.split(":")[0] for one in refusals(whole)] == [f"combs/{name}/comb.yaml" for name in names]


def test_a_verdict_that_is_known_follows_what_others_ask_for(comb: Comb, tree: Path) -> None:
    assert comb("check", "combs/beta", *ON).code == 0
    assert comb("check", "combs/beta", *ON).code == 0
    write(tree, "alpha", 5)
    (said,) = refusals(comb("check", "combs/beta", *ON))
    assert said.endswith("beside 7 of alpha (5), gamma (2), and the team may have 9: 2 would fit")
    write(tree, "alpha", 4)
    assert comb("check", "combs/beta", *ON).code == 0
    write(tree, "delta", 12, team="search")
    assert comb("check", "combs/beta", *ON).code == 0


def test_devices_count_times_instances_in_every_command_that_judges(comb: Comb, tree: Path) -> None:
    (tree / ".git").rmdir()
    git(tree, "init", "-q")
    git(tree, "add", ".")
    git(tree, "commit", "-qm", "within the budget")
    write(tree, "gamma", 2, each=2)
    said = "combs/gamma/comb.yaml:8:22 up to 4 GPUs or shares of them beside 7 of alpha (4), beta (3), "
    said += "and the team may have 9: 2 would fit"
    for command in (
        ("check", "combs/gamma", *ON),
        ("plan", "combs/gamma", *ON),
        ("plan", "combs/gamma", *IN, "--against", "HEAD"),
        ("plan", "combs", *IN, "--against", "HEAD", "--all"),
    ):
        ran = comb(*command)
        assert (ran.code, refusals(ran)) == (1, [said]), command
    report = json.loads(comb("ci", "--base", "HEAD", *ON, "--no-gates", "--format", "json").out)
    assert [(one["name"], one["verdict"]) for one in report["combs"]] == [("gamma", "refused")]
    assert said.split(" ", 1)[1] in report["combs"][0]["findings"][0]["message"]


def test_nobody_raises_the_budget_of_a_change_by_that_change(comb: Comb, tree: Path) -> None:
    (tree / ".git").rmdir()
    git(tree, "init", "-q")
    git(tree, "add", ".")
    git(tree, "commit", "-qm", "within the budget")
    write(tree, "gamma", 4)
    budget(tree, 20)
    report = json.loads(comb("ci", "--base", "HEAD", *ON, "--no-gates", "--format", "json").out)
    assert {one["name"]: one["verdict"] for one in report["combs"]}["gamma"] == "refused"


def test_what_cannot_be_added_up_is_said(comb: Comb, tree: Path) -> None:
    (tree / "combs" / "alpha" / "comb.yaml").write_text("kind: Comb\n", encoding="utf-8")
    ran = comb("check", "combs/beta", *ON)
    assert ran.code == 0
    assert "warning[COMB4510] unknown-claims: the policy `team-gpu-budgets.comb.dev` is judged without" in ran.out
    assert "`combs/alpha/comb.yaml`, of which there is no plan" in re.sub(r"\n +", " ", ran.out)
    assert " --> policies/budgets.yaml:5:9 in metadata.name" in ran.out


def test_a_policy_that_wants_what_is_published_says_where_nobody_knows_it(comb: Comb, tree: Path) -> None:
    budget(tree, 9, "spec:\n", "spec:\n  others: Published\n")
    ran = comb("check", "combs/beta", *ON)
    assert ran.code == 0
    assert "is judged without what is published, which nothing says here" in re.sub(r"\n +", " ", ran.out)
    assert comb("check", "combs/beta", *ON, "--deny-warnings").code == 1
    assert comb("render", "combs", *IN, "--unbuilt", "-o", "out").code == 0
    ran = comb("plan", "combs/beta", *IN, "--against", "out")
    assert (ran.code, ran.err) == (0, "")


@pytest.fixture
def remote(tmp_path_factory: pytest.TempPathFactory) -> Remote:
    return remote_at(tmp_path_factory.mktemp("remote") / "environment.git")


def test_a_team_of_several_repositories_has_one_budget(comb: Comb, tree: Path, remote: Remote) -> None:
    to = ("--repository", remote.url)
    for name in ("alpha", "beta", "delta"):
        assert comb("publish", f"combs/{name}", *IN, "--unbuilt", *to).code == 0
        shutil.rmtree(tree / "combs" / name)  # it is elsewhere
    release = json.loads(remote.content("clusters/east/greetings/alpha/release.json"))
    assert (release["team"], release["devices"]) == ("welcome", {"nvidia-t4": 4})
    budget(tree, 8)
    said = "combs/gamma/comb.yaml:8:22 up to 2 GPUs or shares of them beside 7 of alpha (4), beta (3), "
    said += "and the team may have 8: 1 would fit"
    assert comb("check", "combs/gamma", *ON).code == 0
    ran = comb("plan", "combs/gamma", *IN, "--against", str(remote.directory))
    assert (ran.code, refusals(ran)) == (1, [said])
    ran = comb("publish", "combs/gamma", *IN, "--unbuilt", *to)
    assert (ran.code, refusals(ran)) == (1, [said])
    assert "comb: it is not published beside what the team has already" in ran.err
    assert len(remote.commits()) == 3
    write(tree, "gamma", 1)
    assert comb("publish", "combs/gamma", *IN, "--unbuilt", *to).code == 0


def test_a_rollout_begins_within_the_budget_or_not_at_all(comb: Comb, tree: Path, remote: Remote) -> None:
    steps = "rollout: {steps: [10%], hold: 10s, abort: {errorRate: 1%}}\n"
    file = tree / "combs" / "gamma" / "comb.yaml"
    file.write_text(file.read_text("utf-8") + steps, encoding="utf-8")
    to = (*IN, "--unbuilt", "--repository", remote.url)
    assert comb("publish", "combs/alpha", "combs/gamma", *to).code == 0
    shutil.rmtree(tree / "combs" / "alpha")  # it is elsewhere
    write(tree, "gamma", 6)
    file.write_text(file.read_text("utf-8").replace("timeout: 80ms", "timeout: 90ms") + steps, encoding="utf-8")
    run = ("rollout", "run", "combs/gamma", *to, "--prometheus", "east=http://127.0.0.1:1")
    ran = comb(*run)
    assert ran.code == 1
    (said,) = refusals(ran)
    assert said.endswith("beside 4 of alpha (4), and the team may have 9: 5 would fit")
    assert len(remote.commits()) == 1
    budget(tree, 10)
    ran = comb(*run)
    assert (ran.code, ran.err) == (0, "")
    assert "at 10%, step 1 of 1" in ran.out


def test_a_release_that_does_not_say_what_it_asks_for_is_named(comb: Comb, tree: Path, remote: Remote) -> None:
    assert comb("render", "combs/alpha", *IN, "--unbuilt", "-o", "out").code == 0
    file = tree / "out" / "clusters" / "east" / "greetings" / "alpha" / "release.json"
    release = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({key: one for key, one in release.items() if key not in ("team", "devices")}))
    ran = comb("plan", "combs/beta", *IN, "--against", "out")
    assert ran.code == 0
    assert "`alpha`, whose release does not say what it asks for" in re.sub(r"\n +", " ", ran.err)
