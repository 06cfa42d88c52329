"""What `comb init` makes, in a clean directory: once, and committed."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
}


class Ran(NamedTuple):
    """What a command left."""

    code: int
    out: str
    err: str


class Place:
    """A directory in which commands are run as a user runs them, with nothing of this user's."""

    def __init__(self, directory: Path, home: Path) -> None:
        self.path = directory
        self._home = home

    @property
    def environment(self) -> dict[str, str]:
        """A home of its own, and this environment's `comb`."""
        return {
            **IDENTITY,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self._home),
            "LC_ALL": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def run(self, *command: str, env: Mapping[str, str] | None = None) -> Ran:
        """Run a command; none prints a traceback."""
        environment = {**self.environment, **(env or {})}
        done = subprocess.run(command, cwd=self.path, env=environment, capture_output=True, text=True, timeout=600)
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    def comb(self, *arguments: str, code: int = 0) -> str:
        """What `comb` prints, which ends with this code."""
        done = self.run("comb", *arguments)
        assert done.code == code, done.out + done.err
        return done.out

    def git(self, *arguments: str) -> str:
        """What git prints."""
        done = self.run("git", *arguments)
        assert done.code == 0, done.err
        return done.out.strip()

    def below(self, name: str) -> "Place":
        """A directory in it."""
        return Place(self.path / name, self._home)

    def clone(self, directory: Path) -> "Place":
        """A clone of what is committed, on a branch of its own."""
        self.git("clone", "--quiet", ".", str(directory))
        copy = Place(directory, self._home)
        copy.git("checkout", "--quiet", "-b", "work")
        return copy

    def replace(self, name: str, old: str, new: str) -> None:
        """Edit a file as a person would."""
        text = (self.path / name).read_text("utf-8")
        assert old in text
        (self.path / name).write_text(text.replace(old, new), "utf-8")


def committed(place: Place) -> Place:
    """The directory as a repository with one commit."""
    place.git("init", "--quiet", "--initial-branch=main")
    place.git("add", ".")
    place.git("commit", "--quiet", "-m", "As the template made it")
    return place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty directory."""
    (tmp_path / "here").mkdir()
    return Place(tmp_path / "here", tmp_path)


@pytest.fixture(scope="package")
def made(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An algorithm's repository as it is made, committed; tests that change it take a clone."""
    home = tmp_path_factory.mktemp("made")
    whole = Place(home, home)
    whole.comb("init", "algorithm", "digits", "--set", "team=vision", "--set", "owners=@acme/vision")
    return committed(whole.below("digits"))
