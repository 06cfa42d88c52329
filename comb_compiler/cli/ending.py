"""How a command's process ends: at once, since to take apart what it made takes longer than to let go of it."""

import atexit
import os
import sys

__all__ = ["end", "forget", "keep"]

_kept: list[object] = []


def keep(made: object) -> None:
    """Have what a command made of many files live as long as its process: nobody waits until it is freed."""
    _kept.append(made)


def forget() -> None:
    """Let go of what was kept, in a process that goes on."""
    _kept.clear()


def end(code: int) -> None:
    """End the process with `code`, as Python would, but for freeing its memory.

    Returns where that is left to Python: other threads are waited for, what cannot be written is told, and a profile
    is shown.
    """
    threading = sys.modules.get("threading")
    if sys.getprofile() is not None or (threading is not None and threading.active_count() > 1):
        return
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return
    os._exit(code)
