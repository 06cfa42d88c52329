"""Where rendered files are: a directory that `comb render` wrote, or the head of an environment repository."""

import os
from collections.abc import Callable, Container, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.cli.exits import UsageError
from comb_compiler.release.place import TOP, Place
from comb_compiler.release.release import FILE
from comb_compiler.workspace.directories import ForeignFiles, read_directory

if TYPE_CHECKING:
    from comb_compiler.publish import Held, Mirror

__all__ = ["CommitStore", "DirectoryStore", "Homes", "is_bare_repository"]

Homes = Mapping[str, tuple[tuple[str, ...], str]]
"""By environment: the clusters of the platform, and the namespace."""

_NONE = "no directory that `comb render -o` wrote, and no environment repository"


class DirectoryStore:
    """A directory that was rendered, or a checkout of an environment repository. Raises UsageError for another."""

    def __init__(self, name: str) -> None:
        self._root = Path(name)
        self._name = name
        if not (self._root / TOP).is_dir():
            raise UsageError(f"--against {name}: it holds no `{TOP}/`: this is {_NONE}")

    def combs(self, cluster: str, namespace: str) -> list[str]:
        """The names of the directories of a namespace."""
        place = self._root / TOP / cluster / namespace
        return sorted(one.name for one in os.scandir(place) if one.is_dir()) if place.is_dir() else []

    def release(self, place: Place) -> bytes | None:
        """The place's release.json."""
        return _content(self._root / place.directory / FILE)

    def releases(self, cluster: str, namespace: str, without: Container[str]) -> dict[str, bytes]:
        """The release.json of every other comb of a namespace."""
        place = os.path.join(self._root, TOP, cluster, namespace)
        names = (name for name in self.combs(cluster, namespace) if name not in without)
        found = {name: _content(os.path.join(place, name, FILE)) for name in names}
        return {name: one for name, one in found.items() if one is not None}

    def files(self, place: Place) -> Mapping[str, bytes]:
        """The place's files by name; none where it is not there."""
        try:
            return read_directory(self._root, place.directory)
        except ForeignFiles as refused:
            raise UsageError(f"--against {self._name}: {refused}") from refused

    def flux(self, place: Place) -> bytes | None:
        """What Flux is told of it."""
        return _content(self._root / place.flux_file)


def _content(file: Path | str) -> bytes | None:
    try:
        with open(file, "rb", buffering=0) as opened:
            return opened.read()
    except OSError:
        return None


def is_bare_repository(name: str) -> bool:
    """Whether a directory is what git serves: with objects and a HEAD, and without files."""
    return os.path.isdir(os.path.join(name, "objects")) and os.path.isfile(os.path.join(name, "HEAD"))


class CommitStore:
    """A commit of an environment repository, as its mirror has it. Raises UsageError where it is of another kind."""

    def __init__(self, mirror: "Mirror", head: str | None, name: str) -> None:
        self._mirror = mirror
        self._head = head
        self._held: dict[Place, Held] = {}
        names = self._names("") if head is not None else []
        if names and TOP not in names:
            raise UsageError(f"--against {name}: it holds no `{TOP}/`: this is {_NONE}")

    def sources(self) -> Callable[[Place], str]:
        """The commit of the sources that a place was published from; empty where nobody knows it."""
        from comb_compiler.cli.plan_published import commit_of_publications

        return commit_of_publications(self._mirror, self._head)

    def combs(self, cluster: str, namespace: str) -> list[str]:
        """The names of the directories of a namespace."""
        return self._names(f"{TOP}/{cluster}/{namespace}/")

    def release(self, place: Place) -> bytes | None:
        """The place's release.json."""
        return self._at(place).contents(FILE)[FILE] if FILE in self._at(place).files else None

    def releases(self, cluster: str, namespace: str, without: Container[str]) -> dict[str, bytes]:
        """The release.json of every other comb of a namespace, fetched and read together."""
        from comb_compiler.publish.trees import fetch_blobs, files_named, read_blobs

        below = f"{TOP}/{cluster}/{namespace}"
        there = files_named(self._mirror.git, self._head, below, FILE) if self._head is not None else {}
        found = {path: one for path, one in there.items() if path.split("/")[-2] not in without}
        if not found:
            return {}
        fetch_blobs(self._mirror.git, f"{self._head}:{below}", found.values())
        contents = read_blobs(self._mirror.git, found.values())
        return {path.split("/")[-2]: content for path, content in zip(found, contents, strict=True)}

    def files(self, place: Place) -> Mapping[str, bytes]:
        """The place's files by name; none where it is not there."""
        return self._at(place).contents()

    def flux(self, place: Place) -> bytes | None:
        """What Flux is told of it."""
        from comb_compiler.publish.trees import read_blob

        entry = self._at(place).flux
        return read_blob(self._mirror.git, entry) if entry is not None else None

    def _at(self, place: Place) -> "Held":
        from comb_compiler.publish.owned import held

        if place not in self._held:
            self._held[place] = held(self._mirror.git, self._head, [place])[0]
        return self._held[place]

    def _names(self, below: str) -> list[str]:
        if self._head is None:
            return []
        out = self._mirror.git("ls-tree", "-z", "--name-only", self._head, "--", *([below] if below else []))
        return sorted(one.rpartition("/")[2] for one in out.decode("utf-8", "surrogateescape").split("\0") if one)
