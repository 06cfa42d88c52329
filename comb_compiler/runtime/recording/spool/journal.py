"""Requests that are under way, each in a file of its own: what is left of them when their process is killed.

A file is written by the recorder's thread once a request has run for a moment, and goes when the request has ended. One
that is there when its process is gone was being answered, or had been for less than the moment that the thread pauses.
"""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from comb_compiler.runtime.recording.spool.segments import MAGIC, entry_of, read_entries

__all__ = ["Journal", "journalled"]

_SUFFIX = ".running"


class Journal:
    """What is under way, in `directory`; None keeps nothing. It takes at most `most` bytes: what is beyond is left out.

    One thread uses it at a time. A disk that takes nothing leaves requests out, too: they are answered nevertheless.
    """

    def __init__(self, directory: Path | None, most: int) -> None:
        self._directory = directory
        self._most = most
        self._kept: dict[object, tuple[Path, int]] = {}
        self._bytes = 0
        self._number = 0

    def __contains__(self, request: object) -> bool:
        return request in self._kept

    def keep(self, request: object, record: bytes) -> None:
        """A request is under way, and this is the record of it if it comes to no end."""
        if self._directory is None or self._bytes + len(record) > self._most:
            return
        self._number += 1
        path = self._directory / f"{self._number:010}{_SUFFIX}"
        try:
            path.write_bytes(MAGIC + entry_of(self._number, record))
        except OSError:
            self._remove(path)
            return
        self._kept[request] = path, len(record)
        self._bytes += len(record)

    def drop(self, request: object) -> None:
        """It has come to an end."""
        path, size = self._kept.pop(request, (None, 0))
        if path is not None:
            self._bytes -= size
            self._remove(path)

    def drop_others(self, requests: Iterable[object]) -> None:
        """All but these have come to an end."""
        for request in self._kept.keys() - set(requests):
            self.drop(request)

    def _remove(self, path: Path) -> None:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def journalled(directory: Path) -> list[tuple[Path, bytes]]:
    """The files in a directory, and the records in them; what was written in part is none. Raises OSError."""
    found = []
    for path in sorted(directory.glob(f"*{_SUFFIX}")):
        with suppress(ValueError):
            found += [(path, entry.content) for entry in read_entries(path)]
    return found
