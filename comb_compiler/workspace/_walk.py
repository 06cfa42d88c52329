"""A path, taken one step at a time from the root down.

No step is left to the system that could leave the root: every component is opened relative to the directory before it,
never following a symbolic link; links are read and walked like the rest, and `..` goes up by the names walked so far.
So nothing that happens to the tree meanwhile, such as a directory that becomes a link, leads out of it.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from comb_compiler.diagnostics import codes
from comb_compiler.source.sourceset import Unavailable

_MOST_LINKS = 40  # as in Linux
_MOST_STEPS = 4_096
_CLOSED = os.O_CLOEXEC | os.O_NOFOLLOW
# O_PATH asks for no more than the right to pass through; elsewhere a directory must be readable too.
_DIRECTORY = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | _CLOSED
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | _CLOSED
# What opening says where a directory is none any more.
_REPLACED = (errno.ELOOP, errno.EMLINK, errno.ENOTDIR)
_INSIDE = "what a comb is made of lies in its repository: bring it in, or name a model by a URI"


class Refused(Exception):
    """Why a path leads to nothing that may be used. Never leaves the workspace."""

    def __init__(self, reason: Unavailable) -> None:
        super().__init__(reason.message)
        self.reason = reason


class Target(NamedTuple):
    """Where a path leads: to `name` in the open `directory` (`.` for a directory itself), never to a symbolic link.

    `path` is the one path from the root that no link is part of; `.` is the root.
    """

    directory: int
    name: str
    path: str
    status: os.stat_result


@contextmanager
def walk(root: str, aliases: tuple[str, ...], path: str) -> Iterator[Target]:
    """The target of `path`, valid inside the block. Absolute links are taken for inside when below one of `aliases`.

    Raises Refused, also for an OSError inside the block.
    """
    walker = _Walker(root, aliases, path)
    try:
        yield walker.target()
    except OSError as problem:
        raise Refused(walker.explain(problem)) from problem
    finally:
        walker.close()


def open_regular(target: Target, path: str) -> int:
    """A descriptor of a regular file; nothing else is even opened: opening a device may do something."""
    must_be_regular(target.status, path)
    descriptor = os.open(target.name, _FILE, dir_fd=target.directory)
    try:
        must_be_regular(os.fstat(descriptor), path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def shown(path: str) -> str:
    """A path for people: what is not UTF-8 is escaped."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


class _Walker:
    def __init__(self, root: str, aliases: tuple[str, ...], path: str) -> None:
        self._root = root
        self._aliases = aliases
        self._path = path
        self._todo = path.split("/")[::-1]
        self._names: list[str] = []
        self._links = 0
        self._steps = 0
        self._via = ""
        self._directory = -1

    def close(self) -> None:
        if self._directory >= 0:
            os.close(self._directory)

    def target(self) -> Target:
        if "\0" in self._path:
            raise self._refused(codes.FILE_NOT_FOUND, "cannot exist: its name holds a NUL character")
        if self._path.startswith("/"):
            raise self._refused(codes.OUTSIDE_ROOT, "is an absolute path", _INSIDE)
        while self._todo:
            name = self._todo.pop()
            self._count()
            if name in ("", "."):
                continue
            if name == "..":
                self._up()
                continue
            status = self._look(name)
            if stat.S_ISLNK(status.st_mode):
                self._follow(name)
            elif stat.S_ISDIR(status.st_mode):
                self._enter(name)
            elif self._todo:
                hint = f"`{self._at(name)}` is a file, not a directory"
                raise self._refused(codes.FILE_NOT_FOUND, "does not exist", hint)
            else:
                return Target(self._directory, name, self._at(name), status)
        self._arrive()
        return Target(self._directory, ".", "/".join(self._names) or ".", os.fstat(self._directory))

    def _look(self, name: str) -> os.stat_result:
        if not _is_utf8(name):
            raise self._refused(codes.UNREADABLE_FILE, "cannot be named: its name is not UTF-8", "rename it")
        if name.lower() == ".git":
            # It holds credentials in CI, and what is in it differs from clone to clone.
            raise self._refused(codes.OUTSIDE_ROOT, "belongs to git, not to the files of the checkout", _INSIDE)
        self._arrive()
        try:
            return os.stat(name, dir_fd=self._directory, follow_symlinks=False)
        except FileNotFoundError:
            missing = f"there is no directory `{self._at(name)}`" if any(self._todo) else ""
            raise self._refused(codes.FILE_NOT_FOUND, "does not exist", self._via or missing) from None

    def _enter(self, name: str) -> None:
        try:
            self._descend(name)
        except OSError as problem:
            if problem.errno not in _REPLACED:
                raise
            self._todo.append(name)  # it has just been replaced: look again

    def _descend(self, name: str) -> None:
        below = os.open(name, _DIRECTORY, dir_fd=self._directory)
        os.close(self._directory)
        self._directory = below
        self._names.append(name)

    def _follow(self, name: str) -> None:
        self._links += 1
        if self._links > _MOST_LINKS:
            raise self._refused(codes.UNREADABLE_FILE, "is a symbolic link that leads back to itself")
        try:
            text = os.readlink(name, dir_fd=self._directory)
        except OSError as problem:
            if problem.errno != errno.EINVAL:
                raise
            self._todo.append(name)  # it has just been replaced: look again
            return
        self._via = f"`{self._at(name)}` is a symbolic link to `{shown(text)}`"
        self._todo += self._inside(text).split("/")[::-1]

    def _inside(self, text: str) -> str:
        """A link's text from where we stand; an absolute one is begun at the root."""
        if not text.startswith("/"):
            return text
        for alias in self._aliases:
            if text == alias or text.startswith(alias.rstrip("/") + "/"):
                self._names.clear()
                self._leave()
                return text[len(alias) :]
        raise self._outside()

    def _up(self) -> None:
        if not self._names:
            raise self._outside()
        self._names.pop()
        self._leave()

    def _leave(self) -> None:
        """The open directory is no longer where we stand."""
        if self._directory >= 0:
            os.close(self._directory)
            self._directory = -1

    def _arrive(self) -> None:
        """Open where we stand, again from the root: a directory's own `..` may have been moved elsewhere."""
        if self._directory >= 0:
            return
        self._directory = os.open(self._root, _DIRECTORY & ~os.O_NOFOLLOW)
        names, self._names = self._names, []
        for name in names:
            self._count()
            self._descend(name)

    def _count(self) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise self._refused(codes.UNREADABLE_FILE, "takes too many steps to reach")

    def _at(self, name: str) -> str:
        return "/".join([*self._names, name])

    def explain(self, problem: OSError) -> Unavailable:
        """What the system said, as a reason."""
        path = shown(self._path)
        if problem.errno in (errno.ENOENT, errno.ENOTDIR):
            return Unavailable(codes.FILE_NOT_FOUND, f"`{path}` does not exist", self._via)
        why = (os.strerror(problem.errno) if problem.errno else type(problem).__name__).lower()
        return Unavailable(codes.UNREADABLE_FILE, f"`{path}` cannot be read: {why}", self._via)

    def _outside(self) -> Refused:
        return self._refused(
            codes.OUTSIDE_ROOT, "leads out of the checkout", "; ".join(filter(None, (self._via, _INSIDE)))
        )

    def _refused(self, code: codes.Code, what: str, hint: str = "") -> Refused:
        return Refused(Unavailable(code, f"`{shown(self._path)}` {what}", hint))


_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def must_be_regular(status: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        raise Refused(Unavailable(codes.NOT_A_REGULAR_FILE, f"`{shown(path)}` is {kind}, not a file"))


def _is_utf8(name: str) -> bool:
    if name.isascii():
        return True
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
