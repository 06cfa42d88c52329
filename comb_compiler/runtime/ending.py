"""How a process ends in which operators may still run."""

import atexit
import os
import sys
import threading

__all__ = ["leave_behind_what_hangs"]


def leave_behind_what_hangs(code: int) -> None:
    """End the process at once where an operator's call that was given up still runs, in a thread of its own.

    Native code that comes back to a Python that is ending aborts the process, and the exit code would be lost.
    """
    if any(one.daemon and one.name.startswith("comb-") for one in threading.enumerate()):
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
