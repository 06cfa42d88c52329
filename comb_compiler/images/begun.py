"""Uploads that were begun and have not ended: where the registry takes the rest, for whoever pushes the same again."""

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

__all__ = ["Begun"]

_LONGEST = 7 * 24 * 3600
"""Seconds: registries throw away what was begun longer ago."""
_MOST_BYTES = 8192


class Begun:
    """Addresses of uploads, a file each in a directory that is this user's; where none can be kept, none is.

    An address may hold what lets anybody go on with the upload, so that nobody else may read it. `now` is the time, in
    seconds as files have theirs: what registries have thrown away by then is not found.
    """

    def __init__(self, directory: Path, now: float) -> None:
        self._directory = directory
        self._oldest = now - _LONGEST

    def find(self, *upload: str) -> str:
        """Where an upload goes on, which is known by these words; nothing where it is not."""
        with suppress(OSError, ValueError):
            file = self._file(upload)
            if file.stat().st_mtime > self._oldest:
                text = file.read_bytes()[:_MOST_BYTES].decode("ascii")
                return text if text.isprintable() else ""
        return ""

    def note(self, where: str, *upload: str) -> None:
        """Keep where an upload goes on; nothing where it has ended."""
        file = self._file(upload)
        with suppress(OSError, ValueError):
            if not where:
                file.unlink(missing_ok=True)
                return
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._tidy()
            beside = file.with_name(f".{file.name}.{os.getpid()}")
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as out:
                out.write(where)
            beside.replace(file)

    def _file(self, upload: tuple[str, ...]) -> Path:
        return self._directory / sha256("\0".join(upload).encode()).hexdigest()[:32]

    def _tidy(self) -> None:
        for file in self._directory.iterdir():
            if file.stat().st_mtime <= self._oldest:
                file.unlink(missing_ok=True)
