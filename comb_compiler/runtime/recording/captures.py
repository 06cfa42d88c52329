"""Files that a request names by path: kept with it where they are small, else known by their digest."""

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from comb_compiler.runtime.recording.fields import is_map
from comb_compiler.samples.record_pb2 import Capture

__all__ = ["Captures"]

_CHUNK = 1 << 20


class Captures:
    """Captures the files that `fields` of the request (as `request.frame.path`) name.

    Who asks may name any file, so that only those in `directory`, where operators keep theirs, are read: without one,
    none. Up to `largest` bytes a file's content is kept; up to `most` its digest is taken; beyond, its size alone.
    """

    def __init__(
        self, fields: Sequence[str], directory: Path | None, *, largest: int = 1 << 20, most: int = 1 << 30
    ) -> None:
        self._fields = [(one, one.split(".")[1:]) for one in fields]
        self._directory = None if directory is None else directory.resolve()
        self._largest = largest
        self._most = most

    def of(self, request: Any) -> Iterator[Capture]:
        """The files that a request names; one that cannot be read says why."""
        for field, names in self._fields:
            for path in _texts(request, names):
                yield self._captured(field, path)

    def _captured(self, field: str, path: str) -> Capture:
        capture = Capture(field=field, path=path)
        if self._directory is None:
            capture.missing = "this process has no workspace"
            return capture
        try:
            real = (self._directory / path).resolve()
            if not real.is_relative_to(self._directory):
                capture.missing = "it is outside of the workspace"
            else:
                self._read(real, capture)
        except OSError as error:
            capture.missing = f"it cannot be read: {error.strerror}"
        except (ValueError, RuntimeError):  # a path with a NUL, or links in a circle
            capture.missing = "it is no path"
        return capture

    def _read(self, path: Path, capture: Capture) -> None:
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(opened, "rb") as file:
            told = os.fstat(opened)
            capture.size = told.st_size
            if not stat.S_ISREG(told.st_mode):
                capture.missing = "it is no regular file"
            elif told.st_size <= self._largest:
                capture.content = file.read(self._largest + 1)
                capture.size = len(capture.content)
                capture.sha256 = hashlib.sha256(capture.content).hexdigest()
            else:
                capture.pinned = True
                if told.st_size <= self._most:
                    digest = hashlib.sha256()
                    while chunk := file.read(_CHUNK):
                        digest.update(chunk)
                    capture.sha256 = digest.hexdigest()


def _texts(message: Any, names: Sequence[str]) -> Iterator[str]:
    """The texts that names lead to from a message, through lists and the values of maps."""
    field = message.DESCRIPTOR.fields_by_name[names[0]]
    value = getattr(message, names[0])
    if is_map(field):
        held = list(value.values())
    elif field.is_repeated:
        held = list(value)
    elif field.message_type is not None:
        held = [value] if message.HasField(names[0]) else []
    else:
        held = [value]
    for one in held:
        if len(names) > 1:
            yield from _texts(one, names[1:])
        elif isinstance(one, str) and one:
            yield one
