"""A branch of git → the files that it changes, since it left the branch that it is to be merged into."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.gate.baseline import default_revision
from comb_compiler.workspace.errors import OutsideFailure
from comb_compiler.workspace.revision import ask_git, find_commit, is_without_commits

__all__ = ["Change", "before_last", "change_since", "changed_between", "versions"]

_SECONDS = 120
_NONE = "0" * 40
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_NOTHING = "tree {tree}\nauthor comb <comb> 0 +0000\ncommitter comb <comb> 0 +0000\n\nnothing\n"


class Change(NamedTuple):
    """What is proposed: `commit` is where it left the branch `base`, which has gone on by `behind` commits since then.

    `files` are the paths, from the root, that differ in the working tree; `conflicts` those that git cannot merge.
    """

    base: str
    commit: str
    behind: int
    files: tuple[str, ...]
    conflicts: tuple[str, ...]


def change_since(root: str, base: str | None) -> Change:
    """The change of the checkout at `root` since `base`, by default the default branch. Raises UsageError.

    Zeros alone are the id that forges give for what was there before a branch was: since then, all is new.
    """
    if base and not base.strip("0"):
        return _all_is_new(root)
    if base is not None and not base.strip():
        raise UsageError("--base is empty: name the branch that this is to be merged into, or leave it away")
    name = default_revision(root, "--base") if base is None else base
    if name is None:
        lack = "nothing is committed yet" if is_without_commits(root) else "this is no repository that git reads"
        raise UsageError(f"{lack}, so that what changes is not known: `git init`, and commit what there is")
    tip = find_commit(root, name)
    if tip is None:
        hint = "in CI, fetch the base branch first (a shallow checkout has only its own commit)"
        raise UsageError(f"--base {name}: no revision of this repository; {hint}")
    found = _git(root, "merge-base", tip, "HEAD", may_fail=True).strip()
    if not found:
        hint = "fetch the whole history of both"
        raise UsageError(f"--base {name}: it and what is checked out have no commit in common; {hint}")
    behind = int(_git(root, "rev-list", "--count", f"{found}..{tip}"))
    return Change(name, found, behind, _files(root, found), _conflicts(root, tip) if behind else ())


def before_last(root: str) -> str:
    """What a branch was before the last commit, or merge, as far as first parents say; zeros where it was not."""
    return find_commit(root, "HEAD^") or _NONE


def changed_between(root: str, old: str, new: str) -> tuple[str, ...] | None:
    """The files that differ between two commits; None where the first is no ancestor of the second."""
    if not _COMMIT.fullmatch(old) or ask_git(root, ["merge-base", "--is-ancestor", old, new]).returncode != 0:
        return None
    differ = _git(root, "diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--relative", old, new)
    return tuple(path for path in differ.split("\0") if path)


def versions(root: str, commit: str, paths: Sequence[str]) -> Iterator[str]:
    """A commit, and those before it from which on first parents changed any of the paths; the newest first."""
    yield commit
    listed = ask_git(root, ["rev-list", "--first-parent", commit, "--", *paths], seconds=_SECONDS)
    for changed in listed.stdout.decode("ascii").split():
        before = find_commit(root, f"{changed}^")
        if before is not None:
            yield before


def _all_is_new(root: str) -> Change:
    """Since a commit without files, which nobody names."""
    tree = ask_git(root, ["mktree"]).stdout.decode("ascii").strip()
    made = ask_git(root, ["hash-object", "-t", "commit", "-w", "--stdin"], stdin=_NOTHING.format(tree=tree).encode())
    commit = made.stdout.decode("ascii").strip()
    if made.returncode != 0 or not commit:
        raise OutsideFailure("git cannot make a commit without files, to compare with")
    return Change("nothing", commit, 0, _files(root, commit), ())


def _files(root: str, commit: str) -> tuple[str, ...]:
    """What differs between a commit and the working tree, and what is new there."""
    differ = _git(root, "diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--relative", commit)
    new = _git(root, "ls-files", "--others", "--exclude-standard", "-z")
    return tuple(sorted({path for path in (*differ.split("\0"), *new.split("\0")) if path}))


def _conflicts(root: str, tip: str) -> tuple[str, ...]:
    """The files in which both have changed the same lines; nothing is written but objects that nobody names."""
    command = ("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", tip, "HEAD")
    _, *paths = _git(root, *command, may_fail=True).split("\0")
    return tuple(dict.fromkeys(path for path in paths if path))


def _git(root: str, *arguments: str, may_fail: bool = False) -> str:
    done = ask_git(root, arguments, seconds=_SECONDS)
    if done.returncode != 0 and not may_fail:
        said = done.stderr.decode("utf-8", "replace").strip().split("\n")[0]
        raise OutsideFailure(f"git cannot say what changed: {said}")
    return done.stdout.decode("utf-8", "surrogateescape")
