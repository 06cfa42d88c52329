"""`comb init --update`: what the template has changed comes, what people have changed stays."""

import json
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.templates.conftest import ROOT, Place, committed

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the wheel of an earlier Comb, whose template is another."""
    directory = tmp_path_factory.mktemp("wheels")
    source = directory / "source"
    ignored = shutil.ignore_patterns("__pycache__")
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    for name in ("comb_compiler", *wheel["force-include"]):
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    (source / "comb_compiler" / "__init__.py").write_text('__version__ = "0.0.1"\n', "utf-8")
    template = source / "repo-template" / "algorithm" / "template"
    ignore = template / ".gitignore"
    ignore.write_text(ignore.read_text("utf-8").replace("/out/\n", ""), "utf-8")
    (template / "obsolete.txt").write_text("gone by now\n", "utf-8")
    requirements = template / "requirements.txt"
    requirements.write_text(requirements.read_text("utf-8").replace("pillow>=11.1", "pillow>=10"), "utf-8")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(directory)]
    subprocess.run(build, cwd=source, check=True, capture_output=True)
    shutil.rmtree(source)
    return directory


@pytest.fixture
def older(wheels: Path, place: Place) -> Place:
    """A repository that the earlier Comb made."""
    (wheel,) = wheels.glob("*.whl")
    directory = place.path.parent / "earlier"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(directory)
    make = "import sys; from comb_compiler.cli import main; sys.exit(main(sys.argv[1:]))"
    python = (sys.executable, "-P", "-c", make)
    done = place.run(*python, "init", "algorithm", "digits", "--set", "team=vision", env={"PYTHONPATH": str(directory)})
    assert done.code == 0, done.err
    return committed(place.below("digits"))


def update(place: Place, wheels: Path, *arguments: str, code: int = 0) -> str:
    """Update it where pip knows the wheels of that directory, and no other."""
    index = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    done = place.run("comb", "init", "--update", ".", *arguments, env=index)
    assert done.code == code, done.out + done.err
    return done.out


def test_what_both_have_changed_elsewhere_is_merged(older: Place, wheels: Path) -> None:
    older.replace(".gitignore", "__pycache__/\n", "__pycache__/\n/mine/\n")
    older.git("commit", "--quiet", "-am", "Ours")
    said = update(older, wheels)
    assert "updated .gitignore" in said
    assert "removed obsolete.txt" in said
    ignored = (older.path / ".gitignore").read_text("utf-8").split("\n")
    assert "/mine/" in ignored
    assert "/out/" in ignored
    assert not (older.path / "obsolete.txt").exists()
    recorded = json.loads((older.path / ".comb-template.json").read_text("utf-8"))
    assert recorded["answers"]["team"] == "vision"
    older.git("commit", "--quiet", "-am", "Updated")
    assert update(older, wheels) == "nothing to update\n"


def test_lines_that_both_have_changed_are_a_conflict(older: Place, wheels: Path) -> None:
    older.replace("requirements.txt", "pillow>=10", "pillow==10.4")
    older.git("commit", "--quiet", "-am", "Ours")
    assert "COMB4804" in update(older, wheels, code=1)
    text = (older.path / "requirements.txt").read_text("utf-8")
    assert "<<<<<<< yours\n" in text
    assert "pillow==10.4" in text


def test_what_was_deleted_stays_deleted(older: Place, wheels: Path) -> None:
    older.git("rm", "--quiet", "requirements.txt")
    older.git("commit", "--quiet", "-m", "Elsewhere")
    update(older, wheels)
    assert not (older.path / "requirements.txt").exists()


def test_what_is_not_committed_is_not_touched(older: Place, wheels: Path) -> None:
    older.replace(".gitignore", "__pycache__/\n", "__pycache__/\n/mine/\n")
    before = (older.path / ".gitignore").read_bytes()
    update(older, wheels, code=2)
    assert (older.path / ".gitignore").read_bytes() == before
    assert (older.path / "obsolete.txt").exists()


def test_without_the_earlier_comb_nothing_happens(older: Place, wheels: Path, tmp_path: Path) -> None:
    (tmp_path / "no-wheels").mkdir()
    update(older, tmp_path / "no-wheels", code=4)
    (wheel,) = wheels.glob("*.whl")
    assert "removed obsolete.txt" in update(older, tmp_path / "no-wheels", "--from", str(wheel))


def test_another_answer_changes_what_it_decides(made: Place, tmp_path: Path) -> None:
    work = made.clone(tmp_path / "work")
    work.comb("init", "--update", ".", "--set", "forge=gitlab")
    assert (work.path / ".gitlab-ci.yml").is_file()
    assert not (work.path / ".github" / "workflows" / "comb.yml").exists()
