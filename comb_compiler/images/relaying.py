"""The relay on this machine's side: a program of its own, and sockets that containers made and can make no more of."""

import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from comb_compiler.images.relay import SOURCE

__all__ = ["relaying_here", "sealed"]

_PATIENCE = 60.0
_LOOK_EVERY = 0.02


def sealed(directory: Path, names: Sequence[str], goes_on: Callable[[], bool]) -> None:
    """Wait for sockets of these names in a directory that others may write to, and let nobody write there any more.

    It is waited no longer than what makes them `goes_on`. What is no socket is taken away: a link would lead whoever
    connects to any place of this machine.
    """
    deadline = time.monotonic() + _PATIENCE
    while not all(_is_socket(directory / name) for name in names) and time.monotonic() < deadline and goes_on():
        time.sleep(_LOOK_EVERY)
    directory.chmod(0o711)
    for name in names:
        if not _is_socket(directory / name):
            with suppress(OSError):
                (directory / name).unlink()


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.lstat().st_mode)
    except OSError:
        return False


@contextmanager
def relaying_here(pairs: Sequence[str]) -> Iterator[bool]:
    """A relay on this machine; a signal to whoever started it is no reason for it to end, that one's end is."""
    command = [sys.executable, "-I", "-S", "-c", SOURCE, "-", *pairs]
    pipe = subprocess.PIPE
    with subprocess.Popen(  # noqa: S603  the program is our own Python
        command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline() == b"relays\n"
        finally:
            process.kill()
