"""The workflows that templates bring: linted, pinned, without secrets beside unreviewed code; and their steps run."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from comb_compiler.cli.ci.report import report_bytes
from tests.cli.test_ci_comment import REPORT, TOKEN, Handler, Server
from tests.conftest import RequiresTool
from tests.servers.provision import locate
from tests.support.serving import serving
from tests.support.tools import Missing
from tests.templates.conftest import ROOT, Place

TEMPLATES = ROOT / "repo-template"
WORKFLOWS = sorted(TEMPLATES.glob("*/template/*/workflows/*.yml"))
PIPELINES = sorted(TEMPLATES.glob("*/template/*.gitlab-ci.yml*"))
OF_A_CHANGE = ("comb.yml", "platform.yml")
RUNS_CODE = re.compile(r"comb (gate|run|call|image build(?!.*--no-code))|--code|pytest|-r requirements.txt")
CI = re.compile(r"comb ci(?! comment)(?! merged .*--key)")


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


def runs_code(commands: str) -> bool:
    """Whether any of them may run code of the change."""
    lines = commands.replace("\\\n", " ").split("\n")
    return any(RUNS_CODE.search(line) or CI.search(line) for line in lines)


def test_what_runs_code_is_known() -> None:
    assert runs_code("comb ci --out out")
    assert runs_code("comb ci merged out \\\n --builder x")
    assert not runs_code("comb ci merged out \\\n --key k")
    assert not runs_code("comb ci comment out/report.json")


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
        assert not (holds and runs_code(script(job))), name
        assert "${{" not in script(job), "what others wrote comes by the environment, never into a script"


@each(PIPELINES)
def test_no_job_of_gitlab_has_both(path: Path) -> None:
    for name, job in read(path).items():
        if isinstance(job, dict) and "environment" in job:
            assert not runs_code("\n".join(job["script"])), name


@pytest.fixture
def environment(made: Place, tmp_path: Path) -> dict[str, str]:
    """What the forge would say, of a change that is one commit ahead of its base."""
    base = made.git("rev-parse", "HEAD")
    return {
        "BASE": "main",
        "SINCE": f"--base={base}",
        "JOB": "https://forge.example/runs/1",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
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


class GitLab(Handler):
    """Beside comments: one open merge request, its pipeline in a fork, and the report of the job in it."""

    def do(self) -> None:
        jobs = [{"id": 6, "name": "other", "status": "failed"}]
        jobs.append({"id": 5, "name": "comb", "status": "failed", "artifacts_file": {"filename": "artifacts.zip"}})
        answers: dict[str, Any] = {
            "/projects/1/merge_requests": [{"iid": 7}],
            "/projects/1/merge_requests/7/pipelines": [{"id": 4, "project_id": 2}, {"id": 3, "project_id": 1}],
            "/projects/2/pipelines/4/jobs": jobs,
            "/projects/2/jobs/5/artifacts/out/report.json": json.loads(report_bytes(REPORT)),
        }
        path = self.path.partition("?")[0]
        if self.headers["private-token"] == TOKEN and path in answers:
            self.answer(200, answers[path])
        else:
            super().do()

    do_GET = do_POST = do  # noqa: N815


@pytest.fixture
def forge(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server that keeps comments as the forge's documentation says it does."""
    server = Server(request.param)
    if request.param == "gitlab":
        server.RequestHandlerClass = GitLab
    with serving(server):
        yield server


def comments(server: Server) -> list[str]:
    return [body.split("\n")[1] for _, body in server.comments.values()]


@pytest.mark.slow
@pytest.mark.parametrize("forge", ["github"], indirect=True)
def test_the_steps_of_a_change_run_and_another_job_says_what_they_found(
    made: Place, environment: dict[str, str], tmp_path: Path, forge: Server
) -> None:
    """All but which pull request it is, and the way of the artifact, which GitHub alone knows."""
    work = made.clone(tmp_path / "work")
    better(work)
    workflows = work.path / ".github" / "workflows"
    job = read(workflows / "comb.yml")["jobs"]["comb"]
    for step in job["steps"]:
        done = work.run("sh", "-ec", runnable(step.get("run", "")), env=environment)
        assert done.code == 0, (step, done)
    (kept,) = [step["with"]["path"] for step in job["steps"] if "upload-artifact" in step.get("uses", "")]
    assert (tmp_path / "summary.md").read_text("utf-8").startswith("<!-- comb ci 1/1 -->\n## ✅ passed")
    says = read(workflows / "comb-comment.yml")["jobs"]["comment"]["steps"][-1]
    told = {
        "GITHUB_API_URL": f"http://127.0.0.1:{forge.server_port}",
        "GITHUB_TOKEN": TOKEN,
        "OUT": str(work.path / kept),
        "REPOSITORY": "acme/combs",
        "NUMBER": "7",
        "no_proxy": "127.0.0.1",
    }
    assert says["env"].keys() | {"GITHUB_API_URL", "no_proxy"} == told.keys()
    done = made.run("sh", "-ec", says["run"], env=told)
    assert (done.code, comments(forge)) == (0, ["## ✅ passed: nothing speaks against this change"]), done


@pytest.fixture
def on_gitlab(made: Place, tmp_path: Path) -> Place:
    """The same repository on the other forge, with a change."""
    work = made.clone(tmp_path / "work")
    work.comb("init", "--update", ".", "--set", "forge=gitlab")
    work.git("add", "--all")
    better(work)
    return work


@pytest.mark.slow
@pytest.mark.parametrize("forge", ["gitlab"], indirect=True)
def test_the_scripts_of_gitlab_run(on_gitlab: Place, environment: dict[str, str], forge: Server) -> None:
    work = on_gitlab
    pipeline = read(work.path / ".gitlab-ci.yml")
    job = pipeline["comb"]
    done = work.run("bash", "-ec", runnable("\n".join((*job["script"], *job["after_script"]))), env=environment)
    assert done.code == 0, done
    assert "## ✅ passed" in done.out
    kept = job["artifacts"]["paths"] + list(job["artifacts"]["reports"].values())
    assert [path for path in kept if not (work.path / path).exists()] == []
    api = f"http://127.0.0.1:{forge.server_port}"
    told = {"CI_API_V4_URL": api, "CI_PROJECT_ID": "1", "CI_PROJECT_PATH": "acme/combs", "no_proxy": "127.0.0.1"}
    script = runnable("\n".join(pipeline["comment"]["script"]))
    done = work.run("bash", "-ec", script, env={**told, "GITLAB_TOKEN": TOKEN})
    assert (done.code, comments(forge)) == (0, ["## ✅ passed: nothing speaks against this change"]), done
    done = work.run("bash", "-ec", script, env={**told, "GITLAB_TOKEN": "another"})
    assert (done.code, "cannot be listed: HTTP Error 401" in done.err) == (1, True), done
    assert len(forge.comments) == 1


@pytest.mark.slow
def test_what_is_merged_is_proven_signed_and_published(
    made: Place, environment: dict[str, str], tmp_path: Path
) -> None:
    """The jobs `gate` and `publish`, against a real repository, with a real key: but for images, which are named.

    What builds and sends them is tried in tests/images.
    """
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
        done = work.run("sh", "-ec", runnable(step.get("run", "")), env=environment)
        assert done.code == 0, done
    assert (work.path / "out/gates/digits/statement.json").exists()
    digest = f"registry.example.com/combs/digits@sha256:{'1' * 64}"
    images = tmp_path / "images.json"
    images.write_text(f'{{"images": {{"digits": {{"cpu": "{digest}"}}}}}}')
    keys = tmp_path / "runner"
    keys.mkdir()
    (step,) = [one for one in workflow["publish"]["steps"] if "env" in one]
    secrets = {
        "SINCE": environment["SINCE"],
        "KEYS": str(keys),
        "DOCKER_CONFIG": str(keys / "docker"),
        "REGISTRY_AUTH": "{}",
        "SIGNING_KEY": (tmp_path / "key").read_text("utf-8"),
        "DEPLOY_KEY": "unused",
    }
    assert step["env"].keys() == secrets.keys()
    builds = '--build "$KEYS/images"'
    assert builds in step["run"]
    for said in ("published as", "so no commit"):
        done = work.run("sh", "-ec", step["run"].replace(builds, f'--images "{images}"'), env=secrets)
        assert (done.code, said in done.out) == (0, True), done
        assert secrets["SIGNING_KEY"].split("\n")[1] not in done.out + done.err
    published = whole.git("--git-dir", "environments.git", "ls-tree", "-r", "--name-only", "main").split("\n")
    assert "clusters/trial/vision/digits/release.json" in published
