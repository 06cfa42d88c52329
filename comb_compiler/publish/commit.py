"""A directory's new content → a commit, built from git objects without a checkout."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

import git

__all__ = ["Publication", "PublishError", "commit_directory", "create_bare_repository"]

_FILE = 0o100644


class PublishError(Exception):
    """git refused; nothing was changed."""


class Publication(NamedTuple):
    """The head after publishing, and whether it moved."""

    commit: str
    changed: bool


def create_bare_repository(directory: Path, branch: str = "main") -> None:
    """An empty repository that is pushed to and never checked out."""
    try:
        git.Repo.init(directory, bare=True, initial_branch=branch)
    except (git.GitError, OSError) as problem:
        raise PublishError(f"{directory}: {problem}") from problem


def commit_directory(
    repository: Path, directory: str, files: Mapping[str, bytes], message: str, branch: str = "main"
) -> Publication:
    """Make `files` (by name below `directory`) all that `directory` holds on `branch`, in one commit.

    Nothing else is touched; without a difference there is no commit. The branch moves from the head that was read to
    the new commit or not at all: a rival's commit in between is a `PublishError`.
    """
    try:
        with git.Repo(repository) as repo:
            return _commit(repo, directory, files, message, branch)
    except (git.GitError, OSError, ValueError) as problem:
        raise PublishError(f"{repository}: {problem}") from problem


def _commit(repo: git.Repo, directory: str, files: Mapping[str, bytes], message: str, branch: str) -> Publication:
    head = next((reference.commit for reference in repo.heads if reference.name == branch), None)
    listing = {} if head is None else _tree_entries(repo, head)
    kept = {path: entry for path, entry in listing.items() if not path.startswith(f"{directory}/")}
    written = {f"{directory}/{name}": (_FILE, _store(repo, content)) for name, content in files.items()}
    if {**kept, **written} == listing and head is not None:
        return Publication(head.hexsha, changed=False)
    tree = _write_tree(repo, {**kept, **written})
    parents = [argument for parent in ([head] if head else []) for argument in ("-p", parent.hexsha)]
    commit = repo.git.commit_tree(tree, *parents, "-m", message)
    repo.git.update_ref(f"refs/heads/{branch}", commit, head.hexsha if head else "0" * 40)
    return Publication(commit, changed=True)


_Entries = dict[str, tuple[int, str]]


def _tree_entries(repo: git.Repo, commit: git.Commit) -> _Entries:
    return {str(item.path): (item.mode, item.hexsha) for item in commit.tree.traverse() if item.type != "tree"}  # type: ignore[union-attr]


def _store(repo: git.Repo, content: bytes) -> str:
    return _fed(repo, content, "hash-object", "-w", "--stdin")


def _fed(repo: git.Repo, content: bytes, *command: str) -> str:
    """What a git command answers to `content` on its standard input."""
    with TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        return str(repo.git.execute(["git", *command], istream=file))


def _write_tree(repo: git.Repo, entries: _Entries) -> str:
    """The tree of `entries`, written level by level from the leaves up."""
    below: dict[str, _Entries] = {}
    lines: list[str] = []
    for path, entry in entries.items():
        name, separator, rest = path.partition("/")
        if separator:
            below.setdefault(name, {})[rest] = entry
        else:
            lines.append(f"{entry[0]:06o} blob {entry[1]}\t{name}")
    lines += [f"040000 tree {_write_tree(repo, inner)}\t{name}" for name, inner in below.items()]
    return _fed(repo, "\0".join([*lines, ""]).encode("utf-8"), "mktree", "-z")
