"""The workflows that templates bring: linted, pinned, without secrets beside unreviewed code; and their steps run."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import RequiresTool
from tests.servers.provision import locate
from tests.support.tools import Missing
from tests.templates.conftest import ROOT, Place

TEMPLATES = ROOT / "repo-template"
WORKFLOWS = sorted(TEMPLATES.glob("*/template/*/workflows/*.yml"))
PIPELINES = sorted(TEMPLATES.glob("*/template/*.gitlab-ci.yml*"))
OF_A_CHANGE = ("comb.yml", "platform.yml")
RUNS_CODE = re.compile(r"comb (gate|run|call)|comb check .*--code|pytest|-r requirements.txt")


def named(path: Path) -> str:
    return f"{path.relative_to(TEMPLATES).parts[0]}-{path.name.partition('[')[0] or 'gitlab'}"


def each(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=named)


def read(path: Path) -> Any:
    return yaml.load(path.read_text("utf-8"), yaml.BaseLoader)


def jobs(path: Path) -> Iterator[tuple[str, Any]]:
    yield from read(path)["jobs"].items()


def script(job: Any) -> str:
    return "\n".join(step.get("run", "") for step in job["steps"])


def test_there_are_some() -> None:
    assert {path.name for path in WORKFLOWS} == {"comb.yml", "comb-comment.yml", "comb-publish.yml", "platform.yml"}
    assert len(PIPELINES) == 2


@pytest.fixture(scope="module")
def actionlint(requires_tool: RequiresTool) -> Path:
    try:
        return locate("actionlint", print)
    except Missing as missing:
        pytest.skip(f"needs actionlint: {missing}")


@each(WORKFLOWS)
def test_actionlint_says_nothing(path: Path, actionlint: Path) -> None:
    done = subprocess.run([str(actionlint), "-no-color", str(path)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@each(PIPELINES)
def test_a_pipeline_is_as_gitlab_takes_it(path: Path) -> None:
    check = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--default-filetype",
        "yaml",
        "--builtin-schema",
        "vendor.gitlab-ci",
        str(path),
    ]
    done = subprocess.run(check, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@each(WORKFLOWS)
def test_actions_are_pinned_and_checkouts_keep_no_token(path: Path) -> None:
    for _, job in jobs(path):
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", step["uses"])
            if step.get("uses", "").startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] == "false"


@each([path for path in WORKFLOWS if path.name in OF_A_CHANGE])
def test_jobs_of_a_change_hold_nothing_and_write_nothing(path: Path) -> None:
    assert "secrets." not in path.read_text("utf-8")
    assert read(path)["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in path.read_text("utf-8")
    assert [name for name, job in jobs(path) if "permissions" in job or "environment" in job] == []


@each(WORKFLOWS)
def test_no_job_has_both_a_secret_and_code_of_the_change(path: Path) -> None:
    for name, job in jobs(path):
        holds = (
            "secrets." in yaml.safe_dump(job) or "environment" in job or "write" in job.get("permissions", {}).values()
        )
        assert not (holds and RUNS_CODE.search(script(job))), name
        assert "${{" not in script(job), "what others wrote comes by the environment, never into a script"


@each(PIPELINES)
def test_no_job_of_gitlab_has_both(path: Path) -> None:
    for name, job in read(path).items():
        if isinstance(job, dict) and "environment" in job:
            assert not RUNS_CODE.search("\n".join(job["script"])), name


@pytest.fixture(scope="module")
def environment(made: Place, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the forge would say, of a change that is one commit ahead of its base."""
    base = made.git("rev-parse", "HEAD")
    return {
        "BASE": "main",
        "BEFORE": base,
        "JOB": "https://forge.example/runs/1",
        "CI_JOB_URL": "https://forge.example/jobs/1",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
        "CI_COMMIT_BEFORE_SHA": base,
    }


def better(work: Place) -> None:
    """A change that ships the better model."""
    work.replace(
        "comb.yaml", '"1.0.0": {artifact: models/digits-linear.onnx}', '"1.1.0": {artifact: models/digits-network.onnx}'
    )
    work.replace("comb.yaml", "digits@1.0.0", "digits@1.1.0")
    work.comb("lock", ".")
    work.git("commit", "--quiet", "-am", "A better model")


def runnable(commands: str) -> str:
    """All but the installation."""
    return "\n".join(line for line in commands.split("\n") if not line.strip().startswith("pip "))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["check", "plan", "gate"])
def test_the_steps_of_a_change_run(name: str, made: Place, environment: dict[str, str], tmp_path: Path) -> None:
    work = made.clone(tmp_path / "work")
    better(work)
    job = read(work.path / ".github" / "workflows" / "comb.yml")["jobs"][name]
    for step in job["steps"]:
        done = work.run("sh", "-ec", runnable(step.get("run", "")), env=environment)
        assert done.code == 0, (step, done)
    kept = [step["with"]["path"] for step in job["steps"] if "upload-artifact" in step.get("uses", "")]
    assert [path for path in kept if not (work.path / path).exists()] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["check", "plan", "gate"])
def test_the_scripts_of_gitlab_run(name: str, made: Place, environment: dict[str, str], tmp_path: Path) -> None:
    work = made.clone(tmp_path / "work")
    work.comb("init", "--update", ".", "--set", "forge=gitlab")
    work.git("add", "--all")
    better(work)
    job = read(work.path / ".gitlab-ci.yml")[name]
    done = work.run("bash", "-ec", runnable("\n".join(job["script"])), env=environment)
    assert done.code == 0, done
    kept = job["artifacts"].get("paths", []) + list(job["artifacts"].get("reports", {}).values())
    assert [path for path in kept if not (work.path / path).exists()] == []


@pytest.mark.slow
def test_what_is_merged_is_proven_signed_and_published(
    made: Place, environment: dict[str, str], tmp_path: Path
) -> None:
    """The jobs `gate` and `publish`, against a real repository, with a real key; `images` is listed as not run."""
    whole, work = Place(tmp_path, tmp_path), made.clone(tmp_path / "work")
    whole.git("init", "--quiet", "--bare", "--initial-branch=main", "environments.git")
    whole.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "comb-ci", "-f", "key")
    public = (tmp_path / "key.pub").read_text("utf-8").strip()
    known = f'{{url: "file://{tmp_path}/environments.git", publishers: {{comb-ci: {{key: "{public}"}}}}}}'
    work.replace("platform.yaml", '{url: "https://git.example.com/platform/environments.git"}', known)
    work.replace("platform.yaml", "namespace: vision}", "namespace: vision, evidence: true}")
    work.git("remote", "set-url", "origin", "https://git.example.com/vision/digits.git")
    better(work)
    workflow = read(work.path / ".github" / "workflows" / "comb-publish.yml")["jobs"]
    for step in workflow["gate"]["steps"]:
        done = work.run(
            "sh", "-ec", runnable(step.get("run", "")), env={**environment, "JOB": "https://forge.example/1"}
        )
        assert done.code == 0, done
    (work.path / "found" / "images").mkdir(parents=True)
    (work.path / "gates").rename(work.path / "found" / "gates")
    digest = f"registry.example.com/combs/digits@sha256:{'1' * 64}"
    (work.path / "found" / "images" / "images.json").write_text(f'{{"images": {{"digits": {{"cpu": "{digest}"}}}}}}')
    keys = tmp_path / "runner"
    keys.mkdir()
    secrets = {"KEYS": str(keys), "SIGNING_KEY": (tmp_path / "key").read_text("utf-8"), "DEPLOY_KEY": "unused"}
    done = work.run("sh", "-ec", runnable(script(workflow["publish"])), env=secrets)
    assert done.code == 0, done
    published = whole.git("--git-dir", "environments.git", "ls-tree", "-r", "--name-only", "main").split("\n")
    assert "clusters/trial/vision/digits/release.json" in published
    assert secrets["SIGNING_KEY"].split("\n")[1] not in done.out + done.err
