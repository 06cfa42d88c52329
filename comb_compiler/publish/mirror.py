"""The environment repository's branch as it is kept on this machine: fetched in part, pushed to, never checked out."""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from comb_compiler.publish.addresses import check_address
from comb_compiler.publish.errors import PublishError, Refused, quoted
from comb_compiler.publish.git import Git, GitFailed

__all__ = ["Mirror", "Pushed", "Reach", "open_mirror"]

_HEAD = "refs/comb/head"
_MOST_PACKS = 300
"""A mirror with more is made anew; nothing else tidies it."""
_PATIENT = ("-c", "http.lowSpeedTime=0")
"""A server says nothing while it looks at what was pushed: how long it may is the patience of the step."""
_NO_BRANCH = "couldn't find remote ref"
_OTHER_NAMES = ("mismatched algorithms", "does not support this repository's hash algorithm")
_RACES = (
    *("failed to update ref", "cannot lock ref", "incorrect old value", "reference already exists"),
    *("failed to lock", "fetch first", "non-fast-forward", "stale info", "remote ref updated"),
)


class Pushed(Enum):
    """What became of a push."""

    LANDED = "landed"
    LOST = "lost"
    """Somebody else's came first."""
    UNCLEAR = "unclear"
    """The connection broke: it may have come through."""


class Reach(NamedTuple):
    """Where the repository is, and how it is reached.

    `cache` is a directory for mirrors, `caller` the environment of who asks, `configuration` what their git is told of
    reaching servers, `patience` how many seconds one step may take.
    """

    url: str
    branch: str
    cache: Path
    caller: Mapping[str, str]
    configuration: Mapping[str, str]
    patience: float = 120.0


class Mirror:
    """One branch of one repository, held by one process at a time; made by `open_mirror`."""

    def __init__(self, git: Git, reach: Reach, place: Path) -> None:
        self.git = git
        self.reach = reach
        self._place = place

    @property
    def seen(self) -> str | None:
        """The newest commit of the branch that was found to continue what was there before."""
        return self._noted("seen")

    def signed(self, publishers: Mapping[str, str]) -> str | None:
        """The newest commit that was found to be signed by these very publishers, with all before it."""
        return self._noted(_of(publishers)) if publishers else None

    def note(self, commit: str, publishers: Mapping[str, str]) -> None:
        """Keep what `seen` is from now on, and `signed` where there are publishers; the next fetch asks for what
        follows it.
        """
        if self._head() != commit:
            self.git("update-ref", _HEAD, commit)
        for name in ("seen", *([_of(publishers)] if publishers else [])):
            beside = self._place / f"{name}.new"
            beside.write_text(f"{commit}\n", "ascii")
            beside.replace(self._place / name)

    def _noted(self, name: str) -> str | None:
        with suppress(OSError, ValueError):
            text = (self._place / name).read_text("ascii").strip()
            return text if text == self._head() or self.has(text) else None
        return None

    def has(self, commit: str) -> bool:
        """Whether the commit is here."""
        return self.git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}").code == 0

    def contains(self, head: str, commit: str) -> bool:
        """Whether `commit` is `head` or came before it."""
        return head == commit or self.git.run("merge-base", "--is-ancestor", commit, head).code == 0

    def count(self, since: str | None, head: str | None) -> int:
        """How many commits came after `since`."""
        if head is None or since == head:
            return 0
        ran = self.git.run("rev-list", "--count", head, *([f"^{since}"] if since else []), "--")
        return int(ran.out or 0) if ran.code == 0 else 0

    def fetch(self) -> str | None:
        """The branch's head on the server; None where there is no such branch yet. Raises PublishError."""
        depth = () if self._head() else ("--depth=1",)
        refspec = f"+refs/heads/{self.reach.branch}:{_HEAD}"
        ran = self._fetch(*depth, "--filter=blob:none", "origin", refspec)
        if ran is not None and _NO_BRANCH in ran:
            self.git("update-ref", "-d", _HEAD)
            return None
        if ran is not None:
            _check_names(ran)
            raise PublishError(f"the environment repository cannot be fetched\n{quoted(_clean(ran, self.reach))}")
        return self._head() or None

    def branches(self) -> list[str]:
        """The names of all branches on the server. Raises PublishError."""
        out = self.git("ls-remote", "--heads", "origin").decode("utf-8", "replace")
        return [line.partition("refs/heads/")[2] for line in out.split("\n") if line]

    def _head(self) -> str:
        """The head that was fetched last; nothing where none was. Read as git writes it, which costs no process."""
        with suppress(OSError, ValueError):
            return (self.git.directory / _HEAD).read_text("ascii").strip()
        return ""

    def fetch_history(self) -> None:
        """Have all commits of the branch here, without their files. Raises PublishError."""
        if self.git("rev-parse", "--is-shallow-repository").strip() != b"true":
            return
        refspec = f"+refs/heads/{self.reach.branch}:{_HEAD}"
        ran = self._fetch("--unshallow", "--filter=tree:0", "origin", refspec)
        if ran is not None:
            raise PublishError(f"the history cannot be fetched\n{quoted(_clean(ran, self.reach))}")

    def _fetch(self, *arguments: str) -> str | None:
        """What git says where a fetch fails."""
        ran = self.git.run(
            "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", *arguments
        )
        return ran.said if ran.code else None

    def push(self, commit: str) -> tuple[Pushed, str]:
        """Make `commit` the branch's head, if it still follows what is there; and what was said where that is unclear.

        Raises Refused where the server will not take it.

        It is never forced: git refuses what does not follow, here and on the server, which compares and swaps.
        """
        target = f"{commit}:refs/heads/{self.reach.branch}"
        try:
            ran = self.git.run(*_PATIENT, "push", "--porcelain", "--no-verify", "--no-signed", "origin", target)
        except PublishError as problem:
            return Pushed.UNCLEAR, str(problem)
        if ran.code == 0:
            return Pushed.LANDED, ""
        answer = next((line for line in ran.out.decode("utf-8", "replace").split("\n") if line.startswith("!")), "")
        if not answer:
            _check_names(ran.said)
            return Pushed.UNCLEAR, quoted(_clean(ran.said, self.reach))
        if "[rejected]" in answer or any(race in answer for race in _RACES):
            return Pushed.LOST, ""
        said = [line.removeprefix("remote: ") for line in ran.said.split("\n") if line.startswith("remote:")]
        reason = answer.rpartition("\t")[2]
        raise Refused(f"the server refused the push\n{quoted(_clean(chr(10).join([reason, *said]), self.reach))}")


def _of(publishers: Mapping[str, str]) -> str:
    """The file that says up to where these publishers, and no others, are known to have signed."""
    return f"signed-{sha256(repr(sorted(publishers.items())).encode()).hexdigest()[:24]}"


def _check_names(said: str) -> None:
    """Raises Refused where git says that the server names objects otherwise: that is so however often one tries."""
    if any(one in said for one in _OTHER_NAMES):
        raise Refused(
            "the environment repository names its objects by SHA-256, and Comb writes those of SHA-1",
            "make it with `git init --object-format=sha1`",
        )


def _clean(said: str, reach: Reach) -> str:
    """What git or a server said, without what the caller's settings hold and nobody else is to see."""
    for value in reach.configuration.values():
        for secret in {value, value.partition(": ")[2], value.rpartition(" ")[2]}:
            if len(secret) > 7:
                said = said.replace(secret, "…")
    return said


@contextmanager
def open_mirror(reach: Reach) -> Iterator[Mirror]:
    """The mirror of a branch, which nobody else has until this is done. Raises Refused and PublishError.

    It is a cache: what a process that was killed left behind is cleared away, and what is damaged is made anew.
    """
    check_address(reach.url)
    key = sha256(f"{reach.url}\0{reach.branch}".encode()).hexdigest()[:24]
    place = Path(reach.cache, "environments", key)
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _held(place / "lock", reach.patience) as descriptor:
            git = Git(place / "git", reach.caller, reach.patience, reach.configuration, (descriptor,))
            if reach.url.startswith("http://"):
                git.allow_loopback()
            _prepare(git, reach)
            yield Mirror(git, reach, place)
    except OSError as problem:
        raise PublishError(f"the mirror of the environment repository cannot be kept: {problem.strerror}") from problem
    except GitFailed as problem:
        detail = quoted(_clean(problem.said, reach))
        raise PublishError(f"{problem}\n{detail}" if detail else str(problem)) from problem


@contextmanager
def _held(file: Path, patience: float) -> Iterator[int]:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        end = time.monotonic() + 10 * patience
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise PublishError("another publication on this machine does not end") from None
                time.sleep(0.02)
        yield descriptor
    finally:
        os.close(descriptor)


def _prepare(git: Git, reach: Reach) -> None:
    """Have a repository there that is whole."""
    if git.directory.exists():
        for lock in (*git.directory.glob("*.lock"), *(git.directory / "refs").rglob("*.lock")):
            lock.unlink(missing_ok=True)
        packs = sum(1 for _ in (git.directory / "objects" / "pack").glob("*.pack"))
        if packs <= _MOST_PACKS and _is_whole(git):
            return
        shutil.rmtree(git.directory)
    beside = git.directory.with_name("git.new")
    shutil.rmtree(beside, ignore_errors=True)
    fresh = Git(beside, reach.caller, reach.patience, {})
    fresh("init", "--quiet", "--bare", "--template=", str(beside))
    for key, value in {
        "core.repositoryformatversion": "1",
        "remote.origin.url": reach.url,
        "remote.origin.promisor": "true",
        "remote.origin.partialclonefilter": "blob:none",
        "extensions.partialClone": "origin",
    }.items():
        fresh("config", key, value)
    beside.rename(git.directory)


def _is_whole(git: Git) -> bool:
    head = git.run("rev-parse", "--verify", "--quiet", f"{_HEAD}^{{commit}}")
    if head.code:
        return (
            git.run("rev-parse", "--verify", "--quiet", _HEAD).code != 0 and git.run("rev-parse", "--git-dir").code == 0
        )
    return git.run("cat-file", "-t", f"{_HEAD}^{{tree}}").code == 0
