"""The process of `python -m comb_compiler.runtime.service`, from its first line to its last: see `command`."""

import atexit
import os
import sys
import threading


def main() -> int:
    """The command, in a process of its own."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # else gRPC's core writes lines of its own between those of the log
    from comb_compiler.runtime.service.command import main  # gRPC reads that when it is imported

    return main()


def _leave_behind_what_hangs(code: int) -> None:
    """End the process at once where an operator's call that was given up still runs, in a thread of its own.

    Native code that comes back to a Python that is ending aborts the process, and the exit code would be lost.
    """
    if any(one.daemon and one.name.startswith("comb-") for one in threading.enumerate()):
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    ended = main()
    _leave_behind_what_hangs(ended)
    sys.exit(ended)
