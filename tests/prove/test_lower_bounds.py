"""The lowest versions that pyproject.toml allows really do: every test passes with them too."""

import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest

from tests.architecture.imports import ROOT
from tests.support.trials import Trial

_LEFT_OUT = ["tests/architecture", "tests/prove", "tests/support"]
"""What tests the tools and not Comb: their versions are pinned, not bounded."""


def lowest() -> list[str]:
    """Every runtime requirement, extras included, at its lower bound."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = (extra for name, extra in project["optional-dependencies"].items() if name != "all")
    required = [*project["dependencies"], *(requirement for extra in extras for requirement in extra)]
    assert all(">=" in requirement for requirement in required)
    return [requirement.replace(">=", "==") for requirement in required]


@pytest.mark.prove
def test_lower_bounds(trial: Trial, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv")
    python = str(tmp_path / "venv" / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", python, "install"]
    subprocess.run([*pip, *lowest(), "--group", "dev"], cwd=ROOT, check=True)
    subprocess.run([*pip, "--no-deps", "--editable", ".", "--group", "example-models"], cwd=ROOT, check=True)
    selected = ["-m", "not prove and not tool", *(f"--ignore={folder}" for folder in _LEFT_OUT)]
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *selected], cwd=ROOT, capture_output=True, text=True
    )
    trial.note(versions=lowest(), summary=done.stdout.strip().split("\n")[-1])
    assert done.returncode == 0, done.stdout[-8000:]
