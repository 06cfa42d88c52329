"""The wheel installs in a clean environment, with each extra; and what it brings makes a repository there."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.templates.conftest import ROOT

EXTRAS = sorted(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"])


def run(*command: str | Path) -> str:
    done = subprocess.run([str(one) for one in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.prove
def test_it_installs_with_every_extra(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    run(sys.executable, "-m", "venv", tmp_path / "clean")
    binaries = tmp_path / "clean" / "bin"
    pip = (binaries / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    pinned = ("--constraint", ROOT / ".ci" / "constraints.txt")
    run(*pip, *pinned, wheel)
    assert run(binaries / "comb", "--version").startswith("comb ")
    for extra in EXTRAS:
        run(*pip, *pinned, f"{wheel}[{extra}]")
        run(binaries / "python", "-m", "pip", "check")
    run(binaries / "comb", "init", "algorithm", tmp_path / "digits", "--set", "team=vision")
    run(binaries / "comb", "check", tmp_path / "digits", "--root", tmp_path / "digits")
