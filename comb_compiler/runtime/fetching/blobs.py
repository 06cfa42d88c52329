"""A blob of a registry → a file by its digest: whole, or not there."""

import errno
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Protocol

__all__ = ["Answer", "Blobs", "CannotFetch", "Dropped", "fetch_blob"]

_PIECE = 1 << 20
_WAITS = (1.0, 5.0, 15.0)


class CannotFetch(Exception):
    """There is no such blob to be had; the message is a sentence, without any text of a server."""


class Dropped(Exception):
    """The way to a server broke, or it is busy; the message is a sentence. What was not read may be read later."""


class Answer(Protocol):
    """A blob's bytes from `start` on, and how many of them there are; None where that is not known."""

    @property
    def start(self) -> int:
        """The first of them."""

    @property
    def length(self) -> int | None:
        """How many."""

    def read(self, most: int) -> bytes:
        """The next bytes; none at the end. Raises Dropped."""

    def close(self) -> None:
        """End it."""


class Blobs(Protocol):
    """Who has blobs."""

    def open(self, sha256: str, start: int) -> Answer:
        """A blob from that byte on, or from its beginning. Raises CannotFetch and Dropped."""


def fetch_blob(blobs: Blobs, sha256: str, directory: Path, sleep: Callable[[float], None] = time.sleep) -> int:
    """Have a blob as the file of a directory that its digest names. How many bytes were fetched for that.

    What an attempt left there, this one or an earlier process's, is gone on with. Raises CannotFetch.
    """
    path, part = directory / sha256, directory / f".{sha256}"
    if path.is_file():
        return 0
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with part.open("a+b") as file:
            fetched = _filled(blobs, sha256, file, sleep)
        if _digest(part) != sha256:
            part.unlink()
            raise CannotFetch("the registry gives other bytes than those that are pinned")
        os.replace(part, path)
    except OSError as problem:
        full = problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        why = "there is no room for it" if full else f"it cannot be written: {problem.strerror}"
        raise CannotFetch(f"{why} in {directory}") from problem
    return fetched


def _filled(blobs: Blobs, sha256: str, file: BinaryIO, sleep: Callable[[float], None]) -> int:
    """Add to a file what is missing; attempts that bring something count for nothing. How many bytes came."""
    fetched, waits = 0, list(_WAITS)
    while True:
        before = fetched
        try:
            for piece in _rest(blobs, sha256, file):
                file.write(piece)
                fetched += len(piece)
            return fetched
        except Dropped as problem:
            waits = list(_WAITS) if fetched > before else waits
            if not waits:
                raise CannotFetch(f"{problem}, as often as it was tried") from problem
            sleep(waits.pop(0))


def _rest(blobs: Blobs, sha256: str, file: BinaryIO) -> Iterator[bytes]:
    """What a file lacks of a blob; the file is emptied where the server begins anew."""
    with closing(blobs.open(sha256, file.seek(0, os.SEEK_END))) as answer:
        file.truncate(answer.start)
        left = answer.length
        while piece := answer.read(_PIECE):
            left = None if left is None else left - len(piece)
            yield piece
        if left:
            raise Dropped("the registry ended before the blob did")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
