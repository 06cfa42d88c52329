"""`--baseline`: what a candidate is held against, from a directory or a revision of git."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from shutil import rmtree
from tempfile import gettempdir
from typing import NamedTuple

from comb_compiler.cli.against import name_of
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.opening import Clean, open_clean
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.workspace.discovery import COMB_FILE
from comb_compiler.workspace.errors import OutsideFailure
from comb_compiler.workspace.revision import Revision, find_commit, has_remote_branches, is_shallow, is_without_commits
from comb_compiler.workspace.sources import load_sources

__all__ = ["Baseline", "checked_out", "default_revision", "open_baseline"]

_BRANCHES = ("origin/HEAD", "origin/main", "origin/master", "main", "master")


class Baseline(NamedTuple):
    """The comb as it was, and what it is called: a directory, or a revision with its commit."""

    name: str
    commit: str
    comb: Clean


def default_revision(root: str, option: str) -> str | None:
    """The branch that a change of the checkout at `root` left, where none is named; None where there is no commit.

    Where there is no other branch it is HEAD, since which only what is not committed differs. Raises UsageError, which
    names `option`, where a clone lacks the others: no commit differs from itself, and all would pass.
    """
    name = next((one for one in _BRANCHES if find_commit(root, one) is not None), None)
    head = find_commit(root, "HEAD")
    is_cut = is_shallow(root) and head is not None and find_commit(root, name or "HEAD") == head
    if is_cut or (name is None and has_remote_branches(root)):
        fetch = f"git fetch {'--unshallow ' if is_cut else ''}origin '+refs/heads/*:refs/remotes/origin/*'"
        lack = "this clone has no branch that a change could have left"
        raise UsageError(f"{lack}: get them with `{fetch}`, and name it with {option}")
    return name or ("HEAD" if head is not None else None)


@contextmanager
def open_baseline(named: str | None, candidate: Clean, console: Console) -> Iterator[Baseline | None]:
    """The comb at `named`, which is a directory or a revision; None for `none`, and for a comb that is new there.

    Where nothing is named it is the default branch's. Raises UsageError for what is neither, or has mistakes.
    """
    root = candidate.checkout.root
    name = named or default_revision(root, "--baseline")
    if name is None and not is_without_commits(root):
        raise UsageError(
            f"{root} is no repository that git reads, so that what was there before is not known: "
            "name it with --baseline, a directory; or `none`, if the comb is new"
        )
    if name is None or name == "none":
        yield None
        return
    if named and os.path.isdir(named):
        yield Baseline(name, "", _opened(Path(name), "comb.yaml", name, console))
        return
    commit = find_commit(root, name)
    if commit is None:
        raise UsageError(
            f"--baseline {name}: no directory and no revision of this repository; "
            "in CI, fetch the base branch first (a shallow checkout has only its own commit)"
        )
    with checked_out(commit, candidate) as place:
        yield None if place is None else Baseline(name, commit, _opened(*place, name, console))


@contextmanager
def checked_out(commit: str, candidate: Clean) -> Iterator[tuple[Path, str] | None]:
    """A directory with the comb as it is at a commit, and its comb.yaml there; None where the comb is not there."""
    revision = Revision(candidate.checkout.root, commit)
    main = _place(revision, candidate)
    if main is None:
        yield None
        return
    directory = Path(gettempdir(), f"comb-baseline-{token_hex(8)}")
    try:  # before it is there: whoever makes and then tells may be ended by a signal in between, and leaves it behind
        _write(revision, main, directory)
        yield directory, main
    finally:
        rmtree(directory, ignore_errors=True)


def _place(revision: Revision, candidate: Clean) -> str | None:
    """Where the comb is at a revision: it may have moved since, which makes it no new one. None where it is nowhere.

    Where another one is in its place, it is that with its name that has its exam; without one it was renamed.
    """
    there = revision.read(candidate.main)
    is_there, name = not isinstance(there, Unavailable), candidate.plan.comb
    if is_there and name_of(candidate.main, there) == name:
        return candidate.main
    found = revision.holding(name, {os.path.basename(candidate.main), COMB_FILE})
    known = (path for path in found if name_of(path, revision.read(path)) == name)
    return next(known, candidate.main if is_there else None)


def _opened(directory: Path, main: str, name: str, console: Console) -> Clean:
    clean = open_clean(str(directory / main), console, "can be a baseline")
    if clean is None:
        raise UsageError(f"--baseline {name}: that comb has mistakes, or its models are not as pinned")
    return clean


def _write(revision: Revision, main: str, directory: Path) -> None:
    """A comb's directory, and the files beside it that it names, into a directory that is made for them."""
    home = os.path.dirname(main)
    files = {os.path.join(home, path): content for path, content in revision.below(home or ".")}
    loaded = load_sources(revision, main)
    for path, content in loaded.files.items():
        if path not in files and not isinstance(content, Unavailable):
            files[path] = content
    try:
        directory.mkdir(mode=0o700)
        (directory / ".git").mkdir()  # which makes the directory the root of a checkout, as far as reading goes
        for path, content in files.items():
            target = directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    except OSError as problem:
        raise OutsideFailure(f"the baseline cannot be written to {directory}: {problem.strerror}") from problem
