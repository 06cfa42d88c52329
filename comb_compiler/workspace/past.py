"""A commit's files as a checkout that can be compiled: nothing is written to a disk, and git is asked few questions."""

import posixpath
import subprocess
from types import TracebackType

from comb_compiler.diagnostics import codes
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.workspace.checkout import Checkout, Found
from comb_compiler.workspace.errors import OutsideFailure
from comb_compiler.workspace.revision import ask_git, quiet

__all__ = ["Past"]

_FILES = ("100644", "100755")
_LINK = "120000"
_MOST_LINKS = 8
_SECONDS = 60


class Past(Checkout):
    """The files of one commit below `root`. It holds a process of git's until it is left as a context.

    The tree is listed once; contents are read when they are asked for. Links are followed inside.
    """

    def __init__(self, root: str, commit: str) -> None:
        super().__init__(root)
        self.commit = commit
        self._entries: dict[str, tuple[str, str]] = {}
        self._names: dict[str, list[str]] = {"": []}
        self._list()
        command = ["git", "-C", root, "cat-file", "--batch"]
        self._git = subprocess.Popen(  # noqa: S603  all ours
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=quiet()
        )

    def __enter__(self) -> "Past":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, at: TracebackType | None
    ) -> None:
        assert self._git.stdin is not None
        assert self._git.stdout is not None
        self._git.stdin.close()
        self._git.stdout.close()
        self._git.wait(_SECONDS)

    def read(self, relative: str) -> bytes | Unavailable:
        """The content of a regular file at the commit."""
        path = self._resolved(relative)
        if isinstance(path, Unavailable):
            return path
        if path in self._names:
            return Unavailable(codes.NOT_A_REGULAR_FILE, f"`{relative}` is a directory, not a file")
        content = self._content(self._entries[path][1])
        if len(content) > self.most:
            message = f"`{relative}` has {len(content):,} bytes, more than the {self.most:,} that Comb reads"
            return Unavailable(codes.FILE_TOO_LARGE, message)
        return content

    def find(self, relative: str) -> Found | Unavailable:
        """Where a path leads at the commit."""
        path = self._resolved(relative)
        if isinstance(path, Unavailable):
            return path
        return Found(path or ".", 0, is_directory=path in self._names)

    def names(self, relative: str) -> tuple[str, ...]:
        """What a directory holds at the commit, sorted."""
        path = self._resolved(relative)
        return () if isinstance(path, Unavailable) else tuple(sorted(self._names.get(path, ())))

    def named(self, name: str) -> tuple[str, ...]:
        """The paths of all files of that name, sorted."""
        return tuple(sorted(path for path in self._entries if posixpath.basename(path) == name))

    def _resolved(self, relative: str, links: int = _MOST_LINKS) -> str | Unavailable:
        """The path that is meant, without links: in `_names` of a directory, else in `_entries`."""
        path = ""
        parts = [part for part in posixpath.normpath(relative).split("/") if part not in ("", ".")]
        for number, part in enumerate(parts):
            path = f"{path}/{part}" if path else part
            mode, blob = self._entries.get(path, ("", ""))
            if mode == _LINK and links:
                target = self._content(blob).decode("utf-8", "surrogateescape")
                return self._resolved(posixpath.join(posixpath.dirname(path), target, *parts[number + 1 :]), links - 1)
            if part == ".." or (mode not in _FILES and path not in self._names):
                message = f"`{relative}` does not exist at {self.commit[:12]}"
                return Unavailable(codes.FILE_NOT_FOUND, message)
        return path

    def _list(self) -> None:
        done = ask_git(self.root, ["ls-tree", "-r", "-t", "-z", f"{self.commit}:./"])
        for entry in done.stdout.split(b"\0"):
            head, _, name = entry.partition(b"\t")
            if name:
                self._note(name.decode("utf-8", "surrogateescape"), *head.decode("ascii").split(" "))

    def _note(self, path: str, mode: str, kind: str, blob: str) -> None:
        above, _, name = path.rpartition("/")
        self._names.setdefault(above, []).append(name)
        if kind == "tree":
            self._names.setdefault(path, [])
        else:
            self._entries[path] = (mode, blob)

    def _content(self, blob: str) -> bytes:
        assert self._git.stdin is not None
        assert self._git.stdout is not None
        try:
            self._git.stdin.write(f"{blob}\n".encode())
            self._git.stdin.flush()
            head = self._git.stdout.readline().split()
            content = self._git.stdout.read(int(head[2]) + 1)[:-1]
        except (OSError, IndexError, ValueError) as problem:
            raise OutsideFailure(f"git cannot read the files of {self.commit[:12]}") from problem
        return content
