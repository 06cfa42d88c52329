"""The jobs that a page proposes find what they are for: their own commands, in a clone as CI has it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.transcripts import blocks

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "catch-breaking-changes-in-ci.md"
BLOCKS = list(blocks(PAGE.read_text("utf-8")))
JOBS: list[Any] = [yaml.load(one.body, yaml.BaseLoader) for one in BLOCKS if one.language == "yaml" and not one.options]
GITHUB = [step["run"] for step in JOBS[0]["jobs"]["check"]["steps"] if "run" in step]
GITLAB = JOBS[1]["comb"]["script"]


def git(directory: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    return subprocess.run(
        ["git", *identity, *arguments], cwd=directory, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone at a branch that is ahead of `origin/main` by one commit, which changes nothing yet."""
    published = tmp_path / "published"
    for block in BLOCKS:
        if "file" in block.options:
            path = published / block.options["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.body, encoding="utf-8")
    git(published, "init", "--quiet", "--initial-branch=main")
    git(published, "add", ".")
    git(published, "commit", "--quiet", "-m", "Greet")
    git(tmp_path, "clone", "--quiet", str(published), "clone")
    git(tmp_path / "clone", "checkout", "--quiet", "-b", "work")
    return tmp_path / "clone"


def run(commands: list[str], clone: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """The job's commands but for the installation, as its shell runs them."""
    script = "\n".join(command for command in commands if not command.startswith("pip "))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(clone.parent), "LC_ALL": "C.UTF-8", **variables}
    return subprocess.run(["sh", "-ec", script], cwd=clone, env=environment, capture_output=True, text=True)


def breaks(clone: Path) -> None:
    proto = clone / "protos" / "greeting.proto"
    proto.write_text(proto.read_text("utf-8").replace("string text = 1; string", "bytes text = 1; string"), "utf-8")


def test_the_job_on_github_is_green_until_a_change_breaks_clients(clone: Path) -> None:
    assert run(GITHUB, clone, BASE="main").returncode == 0
    breaks(clone)
    red = run(GITHUB, clone, BASE="main")
    assert (red.returncode, "::error file=protos/greeting.proto" in red.stdout) == (1, True), red


def test_the_job_on_gitlab_is_green_until_a_change_breaks_clients(clone: Path) -> None:
    base = git(clone, "rev-parse", "HEAD")
    assert run(GITLAB, clone, CI_MERGE_REQUEST_DIFF_BASE_SHA=base).returncode == 0
    breaks(clone)
    red = run(GITLAB, clone, CI_MERGE_REQUEST_DIFF_BASE_SHA=base)
    assert (red.returncode, "COMB3602" in red.stdout) == (1, True), red
    assert "COMB3602" in (clone / "comb.json").read_text("utf-8")
