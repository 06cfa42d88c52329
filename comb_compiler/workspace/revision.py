"""A checkout's files as they are at a git revision, read from git's objects."""

import os
import posixpath
import re
import subprocess
from collections.abc import Collection, Iterator, Sequence

from comb_compiler.diagnostics import codes
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.workspace.checkout import Checkout, Found
from comb_compiler.workspace.errors import OutsideFailure

__all__ = [
    "Revision",
    "ask_git",
    "commits_of",
    "find_commit",
    "has_remote_branches",
    "is_shallow",
    "is_without_commits",
    "quiet",
]

_SECONDS = 60
_FILE_MODES = ("100644", "100755")
_LINK = b"120000"
_MOST_LINKS = 8


def find_commit(root: str, revision: str) -> str | None:
    """The id of the commit that `revision` names in the repository at `root`; None where it names none."""
    done = ask_git(root, ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"])
    return done.stdout.decode("ascii").strip() or None if done.returncode == 0 else None


def commits_of(root: str, path: str, most: int) -> tuple[tuple[str, int], ...]:
    """The newest commits of whatever branch that touch a path, so many at most, each with its Unix time."""
    done = ask_git(root, ["log", "--all", f"--max-count={most}", "--format=%H %ct", "--", path])
    lines = done.stdout.decode("ascii").split("\n")[:-1] if done.returncode == 0 else []
    return tuple((commit, int(time)) for commit, _, time in (line.partition(" ") for line in lines))


def is_without_commits(root: str) -> bool:
    """Whether a repository is at `root` that git reads, and nothing is committed to it."""
    done = ask_git(root, ["rev-list", "--max-count=1", "--all"])
    return done.returncode == 0 and not done.stdout


def is_shallow(root: str) -> bool:
    """Whether the repository at `root` was cloned without its older commits."""
    return ask_git(root, ["rev-parse", "--is-shallow-repository"]).stdout.strip() == b"true"


def has_remote_branches(root: str) -> bool:
    """Whether the repository at `root` has fetched from another."""
    return bool(ask_git(root, ["for-each-ref", "--count=1", "refs/remotes"]).stdout)


class Revision(Checkout):
    """The files of one commit below `root`, as `Checkout` has the working tree's; links are followed inside."""

    def __init__(self, root: str, commit: str) -> None:
        super().__init__(root)
        self.commit = commit

    def read(self, relative: str) -> bytes | Unavailable:
        """The content of a regular file at the commit."""
        return self._read(relative, relative, _MOST_LINKS)

    def _read(self, relative: str, asked: str, links: int) -> bytes | Unavailable:
        path = posixpath.normpath(relative)
        if path.startswith(("../", "/")) or path == "..":
            return Unavailable(codes.OUTSIDE_ROOT, f"`{asked}` leads out of the checkout")
        listed = ask_git(self.root, ["ls-tree", "-z", self.commit, "--", path]).stdout.split(b"\0")[0]
        mode, _, rest = listed.partition(b" ")
        is_link = mode == _LINK and links > 0
        if not listed or (mode.decode("ascii") not in _FILE_MODES and not is_link):
            return Unavailable(codes.FILE_NOT_FOUND, f"`{asked}` does not exist at {self.commit[:12]}")
        blob = rest.split(b"\t")[0].split()[1].decode("ascii")
        if is_link:
            target = ask_git(self.root, ["cat-file", "blob", blob]).stdout.decode("utf-8", "surrogateescape")
            return self._read(posixpath.join(posixpath.dirname(path), target), asked, links - 1)
        size = int(ask_git(self.root, ["cat-file", "-s", blob]).stdout or 0)
        if size > self.most:
            message = (
                f"`{relative}` has {size:,} bytes at {self.commit[:12]}, more than the {self.most:,} that Comb reads"
            )
            return Unavailable(codes.FILE_TOO_LARGE, message)
        return ask_git(self.root, ["cat-file", "blob", blob]).stdout

    def find(self, relative: str) -> Found | Unavailable:
        """Whether a regular file is there at the commit."""
        content = self.read(relative)
        return content if isinstance(content, Unavailable) else Found(relative, len(content), is_directory=False)

    def holding(self, words: str, names: Collection[str]) -> tuple[str, ...]:
        """The paths of the files with one of these names, in whatever directory, that hold `words`; sorted."""
        patterns = [f":(glob)**/{_escaped(name)}" for name in sorted(names)]
        command = ["grep", "-l", "-z", "-F", "-e", words, self.commit, "--", *patterns]
        found = ask_git(self.root, command, literal=False).stdout.split(b"\0")
        paths = {one.decode("utf-8", "surrogateescape").removeprefix(f"{self.commit}:") for one in found if one}
        return tuple(sorted(paths))

    def below(self, relative: str) -> Iterator[tuple[str, bytes]]:
        """The regular files below a directory, by their paths from it; links are left out."""
        listed = ask_git(self.root, ["ls-tree", "-r", "-z", f"{self.commit}:./{relative}"]).stdout
        entries = [entry.partition(b"\t") for entry in listed.split(b"\0") if entry]
        files = [(path, head.split()[2]) for head, _, path in entries if head[:6].decode("ascii") in _FILE_MODES]
        contents = ask_git(self.root, ["cat-file", "--batch"], stdin=b"".join(blob + b"\n" for _, blob in files)).stdout
        place = 0
        for path, _ in files:
            end = contents.index(b"\n", place)
            size = int(contents[place:end].split()[2])
            yield path.decode("utf-8", "surrogateescape"), contents[end + 1 : end + 1 + size]
            place = end + 1 + size + 1

    def names(self, relative: str) -> tuple[str, ...]:
        """Nothing: who looks into the past needs no advice on names."""
        return ()


def _escaped(name: str) -> str:
    return re.sub(r"([\\*?\[])", r"\\\1", name)


def ask_git(
    root: str, arguments: Sequence[str], *, literal: bool = True, stdin: bytes = b"", seconds: int = _SECONDS
) -> "subprocess.CompletedProcess[bytes]":
    """What git says in the repository at `root`. Raises OutsideFailure where it is not here, or takes too long."""
    command = ["git", "-C", root, *(["--literal-pathspecs"] if literal else []), *arguments]
    try:
        return subprocess.run(  # noqa: S603  arguments are ours, or behind --end-of-options and --
            command, input=stdin, capture_output=True, check=False, timeout=seconds, env=quiet()
        )
    except OSError as problem:
        raise OutsideFailure("git is not here, and a revision is asked for") from problem
    except subprocess.TimeoutExpired as problem:
        raise OutsideFailure(f"git took more than {seconds} seconds") from problem


def quiet() -> dict[str, str]:
    """An environment in which git asks nobody, takes no lock that it can do without, and speaks English."""
    return {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
