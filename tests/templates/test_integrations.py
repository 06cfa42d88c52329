"""The pre-commit hooks and the GitHub Action are well formed, and what they run works."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.templates.conftest import ROOT, Place

HOOKS: list[Any] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
ACTION: Any = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))


def test_the_action_is_as_github_takes_it() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml"]
    done = subprocess.run(check, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_hooks_have_what_pre_commit_wants() -> None:
    for hook in HOOKS:
        assert {"id", "name", "entry", "language", "files"} <= hook.keys()


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_says_nothing_of_what_is_right(hook: Any, made: Place) -> None:
    names = ["comb.yaml", "platform.yaml"] if hook.get("pass_filenames", True) else []
    done = made.run(*hook["entry"].split(), *names)
    assert done.code == 0, done
    assert made.git("status", "--porcelain") == ""


@pytest.mark.parametrize(("text", "code"), [("timeout: 1s", 0), ("timeout: 1", 1)])
def test_the_action_finds_what_is_wrong(text: str, code: int, made: Place, tmp_path: Path) -> None:
    work = made.clone(tmp_path / "work")
    work.replace("comb.yaml", "timeout: 1s", text)
    step = ACTION["runs"]["steps"][-1]
    given = {"PATHS": ".", "PLATFORM": "platform.yaml", "AGAINST": "origin/main"}
    assert step["env"].keys() == given.keys()
    done = work.run("sh", "-e", "-c", step["run"], env=given)
    assert done.code == code, done
    assert ("::error file=comb.yaml" in done.out) == bool(code)
