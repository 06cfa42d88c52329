"""A checkout in memory; and results of one test run that are slow to work out again: protoc's, and on conditions."""

from collections.abc import Mapping

from comb_compiler.diagnostics import codes
from comb_compiler.source import Unavailable
from comb_compiler.workspace.checkout import Checkout, Found

__all__ = ["REMEMBERED", "MemoryCheckout"]


class _Memory:
    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def find(self, key: str) -> bytes | None:
        return self._kept.get(key)

    def keep(self, key: str, content: bytes) -> None:
        self._kept[key] = content


REMEMBERED = _Memory()
"""A `Memo` for all tests that are not about protoc itself."""


class MemoryCheckout(Checkout):
    """A checkout that holds what it is given."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__("/")
        self._files = files

    def read(self, relative: str) -> bytes | Unavailable:
        if relative not in self._files and self.names(relative):
            return Unavailable(codes.NOT_A_REGULAR_FILE, f"`{relative}` is a directory, not a file")
        missing = Unavailable(codes.FILE_NOT_FOUND, f"`{relative}` does not exist")
        return self._files.get(relative, missing)

    def find(self, relative: str) -> Found | Unavailable:
        if relative not in self._files and self.names(relative):
            return Found(relative, 0, is_directory=True)
        content = self.read(relative)
        return content if isinstance(content, Unavailable) else Found(relative, len(content), is_directory=False)

    def names(self, relative: str) -> tuple[str, ...]:
        directory = "" if relative == "." else f"{relative}/"
        below = (name.removeprefix(directory) for name in self._files if name.startswith(directory))
        return tuple(sorted({name.partition("/")[0] for name in below}))

    def folders(self, relative: str) -> int | Unavailable:
        found = self.find(relative)
        if isinstance(found, Unavailable):
            return found
        if not found.is_directory:
            return Unavailable(codes.FILE_NOT_FOUND, f"`{relative}` is a file, not a directory")
        paths = (f"{relative}/{name}" for name in self.names(relative) if not name.startswith("."))
        return sum(path not in self._files for path in paths)
