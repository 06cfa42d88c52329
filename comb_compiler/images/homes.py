"""A directory for each run of containers, by which what a run left behind that was killed is known, and removed.

Its file `engine` is locked as long as the run lives, whatever ends it, and names the engine that its containers are in.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.images.engines import asking

if TYPE_CHECKING:
    from docker import DockerClient

__all__ = ["HOME", "home"]

HOME = "dev.comb.home"
"""The label of containers that has the directory of their run."""
_PREFIX = "comb-contained-"
_LOCK = "engine"


@contextmanager
def home(client: "DockerClient") -> Iterator[Path]:
    """A new directory, which goes with the block. Raises EngineFailed.

    Before that, containers and directories of this user's earlier runs that were killed are removed; what is of other
    users, of other engines and of runs that go on is left alone.
    """
    with asking():
        engine = str(client.info().get("ID", ""))
    _remove_what_is_left(client, engine)
    directory = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        directory.chmod(0o711)  # what is mounted from there has to be reached by nobody in particular
        with (directory / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.write(engine)
            lock.flush()
            yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _remove_what_is_left(client: "DockerClient", engine: str) -> None:
    for directory in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # it is another one's, or gone by now, or its run goes on
            if directory.lstat().st_uid != os.getuid():
                continue
            with (directory / _LOCK).open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if lock.read() == engine:
                    _remove(client, directory)


def _remove(client: "DockerClient", directory: Path) -> None:
    with asking():
        for container in client.containers.list(all=True, filters={"label": f"{HOME}={directory}"}):
            container.remove(force=True, v=True)
    shutil.rmtree(directory, ignore_errors=True)
