"""Processes that targets leave behind: they left their session, so that ending it leaves them, and run on alone."""

import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["ended_with_it"]

_PR_SET_CHILD_SUBREAPER = 36
_MOST_ROUNDS = 100
"""Of ending those that are there: who is ended leaves its own behind, and who starts others faster than that wins."""


@contextmanager
def ended_with_it() -> Iterator[None]:
    """What processes of the block leave behind ends with the block; on Linux, which gives it to this process.

    Within it this process starts nothing that outlives the block.
    """
    if sys.platform != "linux":
        yield
        return
    others = _children()
    _adopt(True)
    try:
        yield
    finally:
        for _ in range(_MOST_ROUNDS):
            left = _children() - others
            if not left:
                break
            for one in left:
                _end(one)
        _adopt(False)


def _adopt(whether: bool) -> None:
    """Whether those whose parents end become children of this process: see prctl(2)."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(whether), 0, 0, 0)


def _children() -> set[int]:
    return {int(one.name) for one in Path("/proc").glob("[0-9]*") if _parent(one) == os.getpid()}


def _parent(process: Path) -> int:
    """Its parent's id; 0 where it has ended."""
    with suppress(OSError, ValueError):
        stat = (process / "stat").read_bytes()
        return int(stat[stat.rindex(b")") :].split()[2])  # a program's name may hold anything
    return 0


def _end(process: int) -> None:
    with suppress(ProcessLookupError, PermissionError, ChildProcessError):
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)  # no other process gets its id before
