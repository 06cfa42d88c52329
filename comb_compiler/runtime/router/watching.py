"""A file of weights, read again while it is served: the last good weights go on where it is bad."""

import asyncio
import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path

from comb_compiler.release import BadWeights
from comb_compiler.release.weights import MOST_BYTES

__all__ = ["WeightsFile"]

_log = logging.getLogger("comb.runtime")


class WeightsFile:
    """Gives the file's bytes to `take` whenever they are others than before; it raises BadWeights for bad ones.

    The bytes are compared, not times or inodes: whatever way a file is replaced (kubelet swaps a symlink to a directory
    that the file's own symlink leads through), that is seen. `loads` and `refusals` count, and `refused` is the
    sentence that says what is wrong now; empty where the file's weights hold.
    """

    def __init__(self, path: Path, take: Callable[[bytes], None]) -> None:
        self.path = path
        self._at = path.absolute()  # operators' code may change the working directory
        self.loads = 0
        self.refusals = 0
        self.refused = ""
        self._take = take
        self._seen: bytes | None = None

    async def watch(self, every: float) -> None:
        """Look each `every` seconds, for ever: also after a failure that nobody has thought of."""
        while True:
            await asyncio.sleep(every)
            try:
                await self.look()
            except Exception as error:
                _log.debug("the weights in `%s` could not be taken", self.path, exc_info=error)
                self._refuse(None, f"taking it failed with {type(error).__name__}")

    async def look(self) -> None:
        """Read the file once, and take what is new in it."""
        try:
            content = await asyncio.to_thread(_read, self._at)
        except BadWeights as error:
            self._refuse(None, str(error))
            return
        if content == self._seen:
            return
        try:
            self._take(content)
        except BadWeights as error:
            self._refuse(content, str(error))
            return
        self._seen, self.refused = content, ""
        self.loads += 1
        _log.info("the weights in `%s` hold from now on", self.path)

    def _refuse(self, content: bytes | None, sentence: str) -> None:
        if (content, sentence) == (self._seen, self.refused):
            return
        self._seen, self.refused = content, sentence
        self.refusals += 1
        _log.warning("the weights in `%s` are not taken, and the last good ones go on: %s", self.path, sentence)


def _read(path: Path) -> bytes:
    """What a regular file holds, up to one byte more than there may be."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # not waiting for the writer of a pipe
        try:
            if not stat.S_ISREG(os.fstat(opened).st_mode):
                raise BadWeights("it is no regular file")
            with open(opened, "rb", closefd=False) as file:
                return file.read(MOST_BYTES + 1)
        finally:
            os.close(opened)
    except FileNotFoundError as error:
        raise BadWeights("it is not there") from error
    except OSError as error:
        raise BadWeights(f"it cannot be read: {error.strerror}") from error
