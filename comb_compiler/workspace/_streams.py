"""An artifact's bytes, in pieces."""

import os
from collections.abc import Iterator
from io import FileIO
from types import TracebackType
from typing import Self

from comb_compiler.workspace.errors import OutsideFailure

CHUNK = 1 << 20


class ArtifactStream:
    """The bytes of one artifact, to be read once: iterate, and use it as a context manager.

    `size` is how many bytes there will be, None where nobody says so beforehand. Iterating raises OutsideFailure where
    what delivers them fails.
    """

    def __init__(self, size: int | None) -> None:
        self.size = size

    def __iter__(self) -> Iterator[bytes]:
        """Pieces of at most 1 MiB, none of them empty; one piece at a time is in memory."""
        while piece := self.read():
            yield piece

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self) -> bytes:
        """The next piece; empty at the end."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of what the bytes came from."""
        raise NotImplementedError


class FileStream(ArtifactStream):
    """A file of this machine."""

    def __init__(self, path: str, file: FileIO, size: int) -> None:
        super().__init__(size)
        self._path = path
        self._file = file

    def read(self) -> bytes:
        try:
            return self._file.read(CHUNK) or b""
        except OSError as problem:
            why = os.strerror(problem.errno or 0).lower()
            raise OutsideFailure(f"reading `{self._path}` failed: {why}") from problem

    def close(self) -> None:
        self._file.close()
