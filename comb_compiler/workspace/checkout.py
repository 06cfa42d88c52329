"""A checkout's files, and no other: no path and no symbolic link reaches a file outside the root."""

import os
import stat
from contextlib import AbstractContextManager
from io import FileIO
from itertools import islice
from typing import NamedTuple

from comb_compiler.diagnostics import codes
from comb_compiler.source.limits import DEFAULT_LIMITS, Limits
from comb_compiler.source.sourceset import MOST_SAMPLES, Unavailable
from comb_compiler.workspace._walk import Refused, Target, must_be_regular, open_regular, shown, walk

__all__ = ["Checkout", "Found", "ReadOnce", "find_root"]

_MORE = 4096
"""How many bytes more than there should be are asked for at once."""
_LISTED = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Found(NamedTuple):
    """A directory or a regular file. `path` is its one path from the root that no link is part of; `.` is the root."""

    path: str
    size: int
    is_directory: bool


class Checkout:
    """The files below `root`, by POSIX path from there. Links that stay inside are followed; `.git` is no part of it.

    A file that cannot be had is a value, `Unavailable`, with one of the codes FILE_NOT_FOUND, UNREADABLE_FILE,
    NOT_A_REGULAR_FILE, OUTSIDE_ROOT and FILE_TOO_LARGE. Nothing is kept: every call looks at the file system.
    """

    def __init__(self, root: str | os.PathLike[str], limits: Limits = DEFAULT_LIMITS) -> None:
        self.root: str = os.path.abspath(os.fspath(root))
        self._real = os.path.realpath(self.root)
        self._aliases = tuple(dict.fromkeys((self._real, self.root)))
        self.most: int = limits.bytes

    def read(self, relative: str) -> bytes | Unavailable:
        """The content of a regular file, as far as the limit allows; never waits for what is none."""
        try:
            with self.target(relative) as target:
                descriptor = open_regular(target, relative)
                try:
                    return _content(descriptor, relative, self.most)
                finally:
                    os.close(descriptor)
        except Refused as refused:
            return refused.reason

    def open(self, relative: str) -> FileIO | Unavailable:
        """A regular file of any size, to be read in pieces and closed."""
        try:
            with self.target(relative) as target:
                return FileIO(open_regular(target, relative))
        except Refused as refused:
            return refused.reason

    def find(self, relative: str) -> Found | Unavailable:
        """Where a path leads, without opening it: to a directory or to a regular file."""
        try:
            with self.target(relative) as target:
                is_directory = stat.S_ISDIR(target.status.st_mode)
                if not is_directory:
                    must_be_regular(target.status, relative)
                return Found(target.path, target.status.st_size, is_directory)
        except Refused as refused:
            return refused.reason

    def names(self, relative: str) -> tuple[str, ...]:
        """What a directory holds, sorted; nothing where it cannot be listed."""
        try:
            with self.target(relative) as target:
                descriptor = os.open(target.name, _LISTED, dir_fd=target.directory)
                try:
                    return tuple(sorted(os.listdir(descriptor)))
                finally:
                    os.close(descriptor)
        except Refused:
            return ()

    def folders(self, relative: str) -> int | Unavailable:
        """How many directories are right in a directory, without links and names that begin with a dot.

        MOST_SAMPLES where it holds as many entries, or more: so large a directory is not looked through.
        """
        try:
            with self.target(relative) as target:
                if not stat.S_ISDIR(target.status.st_mode):
                    return Unavailable(codes.FILE_NOT_FOUND, f"`{shown(relative)}` is a file, not a directory")
                descriptor = os.open(target.name, _LISTED, dir_fd=target.directory)
                try:
                    return _folders(descriptor)
                finally:
                    os.close(descriptor)
        except Refused as refused:
            return refused.reason

    def relative(self, path: str | os.PathLike[str]) -> str | Unavailable:
        """A path as a person gives it, absolute or from the working directory, as a path from the root."""
        text = os.fspath(path)
        if "\0" in text:
            return Unavailable(codes.FILE_NOT_FOUND, f"`{shown(text)}` cannot exist: its name holds a NUL character")
        absolute = os.path.abspath(text)
        above, name = os.path.split(absolute)
        for candidate in (absolute, os.path.join(os.path.realpath(above), name)):
            for alias in self._aliases:
                if os.path.commonpath((alias, candidate)) == alias:
                    return os.path.relpath(candidate, alias)
        hint = "run comb in the repository that it belongs to"
        return Unavailable(codes.OUTSIDE_ROOT, f"`{shown(text)}` is not below `{shown(self.root)}`", hint)

    def target(self, relative: str) -> AbstractContextManager[Target]:
        """For this package alone: where a path leads, while the directory that holds it is open. Raises Refused."""
        return walk(self._real, self._aliases, relative)


class ReadOnce(Checkout):
    """Another checkout's files, each read once: a run sees one state of a file, however many combs name it."""

    def __init__(self, behind: Checkout) -> None:
        super().__init__(behind.root)
        self._behind = behind
        self._contents: dict[str, bytes | Unavailable] = {}

    def read(self, relative: str) -> bytes | Unavailable:
        """What was read first."""
        if relative not in self._contents:
            self._contents[relative] = self._behind.read(relative)
        return self._contents[relative]

    def forget(self, relative: str) -> None:
        """Let go of what nobody will ask for again."""
        self._contents.pop(relative, None)

    def find(self, relative: str) -> Found | Unavailable:
        """Where a path leads now."""
        return self._behind.find(relative)

    def names(self, relative: str) -> tuple[str, ...]:
        """What a directory holds now."""
        return self._behind.names(relative)

    def folders(self, relative: str) -> int | Unavailable:
        """How many directories are right in a directory now."""
        return self._behind.folders(relative)


def find_root(path: str | os.PathLike[str]) -> str:
    """The nearest directory at or above `path` that holds `.git` (a directory, or a file in a worktree or submodule).

    Where there is none: `path` itself if it is a directory, else the directory that it would be in. Inside a repository
    a symbolic link begins no other one: what it leads to is outside.
    """
    absolute = os.path.abspath(os.fspath(path))
    root = ""
    for directory in _from_the_top(absolute):
        if root and os.path.islink(directory):
            break
        if os.path.lexists(os.path.join(directory, ".git")):
            root = directory
    return root or (absolute if os.path.isdir(absolute) else os.path.dirname(absolute))


def _from_the_top(absolute: str) -> list[str]:
    directories = [absolute]
    while directories[-1] != (above := os.path.dirname(directories[-1])):
        directories.append(above)
    return directories[::-1]


def _folders(descriptor: int) -> int:
    with os.scandir(descriptor) as entries:
        looked_at = list(islice(entries, MOST_SAMPLES))
        if len(looked_at) == MOST_SAMPLES:
            return MOST_SAMPLES
        return sum(one.is_dir(follow_symlinks=False) and not one.name.startswith(".") for one in looked_at)


def _content(descriptor: int, path: str, most: int) -> bytes | Unavailable:
    size = os.fstat(descriptor).st_size
    pieces: list[bytes] = []
    read = 0
    while size <= most:
        piece = os.read(descriptor, max(size - read, 0) + _MORE)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        read += len(piece)
        size = max(size, read)  # it may grow meanwhile
    message = f"`{shown(path)}` has {size:,} bytes, more than the {most:,} that Comb reads"
    return Unavailable(codes.FILE_TOO_LARGE, message, "keep data out of it: name models and pictures by path or URI")
