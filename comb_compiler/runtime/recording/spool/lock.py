"""What says that a spool's process lives: the system lets go of it when that ends, however it does."""

import fcntl
import os
from pathlib import Path

__all__ = ["Lock"]


class Lock:
    """A lock on a file, which is made. Raises OSError where another process has it, or it cannot be had at all."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise

    def close(self) -> None:
        """Let go of it."""
        os.close(self._descriptor)
