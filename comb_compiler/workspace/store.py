"""A directory of results by key: what comes out was put in under that key, or it is None."""

import os

from comb_compiler.source.memo import Memo

__all__ = ["Remembering", "ResultStore"]

_DIRECTORIES = 256


class Remembering:
    """A memo in front of another one: what one run has seen it does not read or work out again."""

    def __init__(self, behind: Memo) -> None:
        self._behind = behind
        self._seen: dict[str, bytes] = {}

    def find(self, key: str) -> bytes | None:
        """What was kept in this run, or is kept behind."""
        if key not in self._seen:
            content = self._behind.find(key)
            if content is None:
                return None
            self._seen[key] = content
        return self._seen[key]

    def keep(self, key: str, content: bytes) -> None:
        """Keep a result here and behind."""
        self._seen[key] = content
        self._behind.keep(key, content)


class ResultStore:
    """Bytes by key, in files; a `Memo`. Safe with several processes: entries are written aside and renamed into place.

    A store that cannot be read or written has nothing and keeps nothing; that is never an error. `directory` None is
    such a store. About `most` entries are kept, the newest.
    """

    def __init__(self, directory: str | None, most: int = 20_000) -> None:
        self._directory = directory
        self._share = max(most // _DIRECTORIES, 1)

    def find(self, key: str) -> bytes | None:
        """What was kept under `key`, or None. A key has letters, digits and `-`, and ends in a digest."""
        if self._directory is None:
            return None
        try:
            with open(self._path(self._directory, key), "rb") as file:
                return file.read()
        except OSError:
            return None

    def keep(self, key: str, content: bytes) -> None:
        """Keep a result, in the place of an older one."""
        if self._directory is None:
            return
        path = self._path(self._directory, key)
        aside = f"{path}.{os.getpid()}"
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(aside, "wb") as file:
                file.write(content)
            os.replace(aside, path)
            self._stay_bounded(os.path.dirname(path))
        except OSError:
            return

    @staticmethod
    def _path(directory: str, key: str) -> str:
        return os.path.join(directory, key[-2:], key)

    def _stay_bounded(self, directory: str) -> None:
        """Each directory keeps its share of the newest entries."""
        if len(os.listdir(directory)) > self._share * 2:
            entries = sorted(os.scandir(directory), key=lambda entry: entry.stat().st_mtime)
            for entry in entries[: -self._share]:
                os.unlink(entry.path)
