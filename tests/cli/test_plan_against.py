"""`comb plan --against` as a user runs it: on rendered files, an environment repository and revisions."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.architecture.imports import ROOT
from tests.cli.conftest import COMB, Comb
from tests.cli.test_plan import PLATFORM
from tests.support.terminal import on_terminal

SCHEMA = json.loads((ROOT / "schemas" / "changes.v1.schema.json").read_text("utf-8"))
ASKED = ("plan", ".", "--platform", "platform.yaml", "--environment", "staging")
MORE = "timeout: 80ms, resources: {cpu: 500m, memory: 1Gi}, scale: {min: 2}"


def git(checkout: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    subprocess.run(["git", *identity, *arguments], cwd=checkout, check=True, capture_output=True)


@pytest.fixture
def committed(checkout: Path) -> Path:
    """The checkout as a repository, with its comb and a platform committed."""
    (checkout / ".git").rmdir()
    (checkout / "platform.yaml").write_text(PLATFORM, encoding="utf-8")
    (checkout / "operators.py").write_text("class Greet: ...\n", encoding="utf-8")
    git(checkout, "init", "-q", "-b", "main")
    git(checkout, "add", ".")
    git(checkout, "commit", "-q", "-m", "first")
    return checkout


def change(checkout: Path, old: str = "timeout: 80ms", new: str = MORE) -> None:
    (checkout / "comb.yaml").write_text(COMB.replace(old, new), encoding="utf-8")


def told(comb: Comb, *more: str, code: int = 0) -> Any:
    ran = comb(*ASKED, *more, "--format", "json")
    assert ran.code == code, ran
    whole = json.loads(ran.out)
    jsonschema.validate(whole, SCHEMA)
    return whole


def test_nothing_changes_against_the_commit_that_is_checked_out(comb: Comb, committed: Path) -> None:
    ran = comb(*ASKED, "--against", "HEAD")
    assert (ran.code, ran.err) == (0, "")
    assert "nothing changes" in ran.out
    assert told(comb, "--against", "HEAD")["changes"][0]["objects"] == []


def test_what_a_change_does_comes_before_the_parts_that_differ(comb: Comb, committed: Path) -> None:
    change(committed)
    ran = comb(*ASKED, "--against", "HEAD", env={"COLUMNS": "160"})
    assert ran.code == 0
    effects, objects = ran.out.split("\n\n  ~ Deployment greeting\n")
    assert "replicas" in effects
    assert "greeting 1 → 2" in effects
    assert "restarts" in effects
    assert "spec.template.spec.containers[comb].resources.requests.cpu" in objects
    assert "comb.yaml:6" in objects


def test_a_part_of_an_arm_or_a_step_is_shown_at_its_line(comb: Comb, committed: Path) -> None:
    arms = (
        "experiment:\n  key: header/x-user-id\n  arms:\n    control: {weight: 9}\n"
        "    late:\n      weight: 1\n      set:\n        operators:\n          greet: {timeout: 90ms}\n"
    )
    (committed / "comb.yaml").write_text(COMB + arms, encoding="utf-8")
    git(committed, "commit", "-q", "-a", "-m", "arms")
    late = arms.replace("90ms", "95ms").replace("weight: 1", "weight: 2")
    other = COMB.replace("}, out:", "}, retries: 1, out:")
    step = other.replace("greet(name=$request.name)", "{call: greet(name=$request.name), timeout: 70ms}")
    (committed / "comb.yaml").write_text(step + late, encoding="utf-8")
    (one,) = told(comb, "--against", "HEAD")["changes"]
    parts = [part for each in one["objects"] for part in each["parts"]]
    lines = {part["path"]: part["origin"]["line"] for part in parts if part["origin"]}
    assert lines['data["weights.json"].arms.late'] == 15
    assert lines['data["plan.json"].bindings[greet@late].timeout'] == 18
    assert lines['data["plan.json"].bindings[greet@late].retries'] == 6
    assert lines['data["plan.json"].graphs[0].nodes[hello].timeout'] == 8


def test_what_differs_keeps_to_the_width_of_a_terminal(committed: Path, tmp_path: Path) -> None:
    change(committed)
    shown = on_terminal(64, *ASKED, "--against", "HEAD", cwd=committed, cache=tmp_path / "cache")
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).split("\n")
    assert [line for line in lines if len(line) > 64] == []
    first = lines.index("      spec.template.spec.containers[comb].resources.requests")
    assert lines[first + 1] == "          .cpu:"
    assert lines[first + 2].startswith("        100m → 500m")


def test_a_directory_a_repository_and_a_revision_say_the_same(comb: Comb, committed: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment.git"
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(environment))
    cache = {"COMB_CACHE_DIR": str(tmp_path / "cache")}
    where = ("--platform", "platform.yaml", "--environment", "staging", "--unbuilt")
    assert comb("render", ".", *where, "-o", "rendered").code == 0
    assert comb("publish", ".", *where, "--repository", str(environment), env=cache).code == 0
    change(committed)
    said = []
    for against in ("rendered", str(environment), environment.as_uri(), "main"):
        whole = json.loads(comb(*ASKED, "--against", against, "--format", "json", env=cache).out)
        (one,) = whole["changes"]
        said.append([(each["fate"], each["kind"], each["name"], each["parts"]) for each in one["objects"]])
    assert said[0] == said[1] == said[2] == said[3]
    assert ("changed", "Deployment", "greeting") in [one[:3] for one in said[0]]


def test_a_comb_that_is_new_is_shown_as_new(comb: Comb, committed: Path) -> None:
    change(committed, "name: greeting,", "name: farewell,")
    (committed / "comb.yaml").rename(committed / "other.yaml")
    asked = ("plan", "other.yaml", *ASKED[2:], "--against", "HEAD", "--format", "json")
    whole = json.loads(comb(*asked).out)
    assert [one["new"] for one in whole["changes"]] == [True]
    assert {one["fate"] for one in whole["changes"][0]["objects"]} == {"created"}


def test_a_comb_of_another_name_is_another_one_and_the_former_runs_on(comb: Comb, committed: Path) -> None:
    change(committed, "name: greeting,", "name: farewell,")
    whole = told(comb, "--against", "HEAD", "--all")
    (one,) = whole["changes"]
    assert (one["comb"], one["new"]) == ("farewell", True)
    assert {each["fate"] for each in one["objects"]} == {"created"}
    assert whole["gone"] == [{"comb": "greeting", "environment": "staging"}]


@pytest.mark.parametrize("content", ["<<<<<<< HEAD\nkind: Comb\n", "", COMB.replace("run:", "rum:")])
def test_a_comb_that_cannot_be_read_is_not_gone(comb: Comb, committed: Path, content: str) -> None:
    (committed / "comb.yaml").write_text(content, encoding="utf-8")
    whole = told(comb, "--against", "HEAD", "--all", code=1)
    assert (whole["gone"], len(whole["notCompared"])) == ([], 1)


def test_a_comb_is_known_by_its_name_wherever_it_was(comb: Comb, committed: Path) -> None:
    (committed / "moved").mkdir()
    for name in ("comb.yaml", "greeting.proto", "operators.py"):
        (committed / name).rename(committed / "moved" / name)
    (one,) = told(comb, "--against", "HEAD")["changes"]
    assert (one["new"], one["objects"]) == (False, [])


def test_a_comb_with_mistakes_is_not_compared_and_nothing_of_it_goes(comb: Comb, committed: Path) -> None:
    change(committed, "greet(name", "great(name")
    whole = told(comb, "--against", "HEAD", code=1)
    assert (whole["changes"], whole["notCompared"]) == ([], [{"file": "comb.yaml", "environment": "staging"}])
    ran = comb(*ASKED, "--against", "HEAD")
    assert "not compared: comb.yaml for staging" in ran.out
    assert "deleted" not in ran.out


def test_a_revision_with_mistakes_is_no_deletion_either(comb: Comb, committed: Path) -> None:
    change(committed, "greet(name", "great(name")
    git(committed, "commit", "-q", "-a", "-m", "broken")
    change(committed)
    whole = told(comb, "--against", "HEAD", code=1)
    assert (whole["changes"], len(whole["notCompared"])) == ([], 1)
    assert [one["code"] for one in whole["diagnostics"]] == ["COMB4602"]


@pytest.mark.parametrize("against", ["nowhere", "--upload-pack=x", "a" * 40, "HEAD:comb.yaml", ""])
def test_what_is_neither_is_refused(comb: Comb, committed: Path, against: str) -> None:
    ran = comb(*ASKED, f"--against={against}")
    assert ran.code == 2, ran
    assert "no revision of this one" in ran.err


def test_a_directory_that_was_not_rendered_is_refused(comb: Comb, committed: Path) -> None:
    (committed / "other").mkdir()
    ran = comb(*ASKED, "--against", "other")
    assert (ran.code, "it holds no `clusters/`" in ran.err) == (2, True)


def test_a_repository_of_something_else_is_refused(comb: Comb, committed: Path, tmp_path: Path) -> None:
    cache = {"COMB_CACHE_DIR": str(tmp_path / "cache")}
    ran = comb(*ASKED, "--against", committed.as_uri(), env=cache)
    assert (ran.code, "it holds no `clusters/`" in ran.err) == (2, True), ran


def test_a_repository_that_is_not_there_is_somebody_elses_failure(comb: Comb, committed: Path, tmp_path: Path) -> None:
    cache = {"COMB_CACHE_DIR": str(tmp_path / "cache")}
    ran = comb(*ASKED, "--against", (tmp_path / "nothing.git").as_uri(), env=cache)
    assert ran.code == 4


def test_a_release_that_somebody_changed_by_hand_is_refused(comb: Comb, committed: Path) -> None:
    where = ("--platform", "platform.yaml", "--environment", "staging", "--unbuilt")
    assert comb("render", ".", *where, "-o", "rendered").code == 0
    file = committed / "rendered/clusters/east/greetings/greeting/deployment-greeting.yaml"
    file.write_text(file.read_text("utf-8").replace("Deployment", "Deployments"), "utf-8")
    ran = comb(*ASKED, "--against", "rendered")
    assert (ran.code, "is not as `release.json` says; take back" in ran.err) == (2, True)


def test_images_are_compared_where_they_are_given(comb: Comb, committed: Path) -> None:
    image = "registry.acme.example/combs/greeting@sha256:"
    for digit in "12":
        file = {"images": {"greeting": {"cpu": image + digit * 64}}}
        (committed / f"images{digit}.json").write_text(json.dumps(file), encoding="utf-8")
    where = ("--platform", "platform.yaml", "--environment", "staging")
    assert comb("render", ".", *where, "--images", "images1.json", "-o", "rendered").code == 0
    assert told(comb, "--against", "rendered")["changes"][0]["effects"]["images"] == []
    (one,) = told(comb, "--against", "rendered", "--images", "images2.json")["changes"]
    assert [each["after"][-64:] for each in one["effects"]["images"]] == ["2" * 64]
    assert [each["workload"] for each in one["effects"]["restarts"]] == ["greeting"]


def test_code_that_changed_is_to_be_proven_and_built(comb: Comb, committed: Path) -> None:
    (committed / "operators.py").write_text("class Greet: pass\n", encoding="utf-8")
    (one,) = told(comb, "--against", "HEAD")["changes"]
    assert one["effects"]["proven"] is False
    assert "images are to be built anew" in comb(*ASKED, "--against", "HEAD", env={"COLUMNS": "160"}).out


def test_comments_are_files_and_a_page_is_whole(comb: Comb, committed: Path) -> None:
    change(committed)
    ran = comb(*ASKED, "--against", "HEAD", "--format", "markdown", "-o", "comments")
    assert ran.code == 0, ran
    text = (committed / "comments" / "plan-1.md").read_text("utf-8")
    assert "```diff\n@@ spec.replicas  (comb.yaml:6)\n- 1\n+ 2\n" in text
    page = comb(*ASKED, "--against", "HEAD", "--format", "html").out
    assert page.startswith("<!doctype html>")
    assert "comb.yaml:6" in page
    assert "src=" not in page


@pytest.mark.parametrize("more", [["--format", "html"], ["--images", "x"], ["-o", "x"], ["--all"]])
def test_what_is_about_changes_needs_something_to_compare_with(comb: Comb, committed: Path, more: list[str]) -> None:
    ran = comb(*ASKED, *more)
    assert (ran.code, "say --against" in ran.err) == (2, True)
