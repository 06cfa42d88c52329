"""The process of `python -m comb_compiler.runtime.service`, from its first line to its last: see `command`."""

import os
import sys


def main() -> int:
    """The command, in a process of its own."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # else gRPC's core writes lines of its own between those of the log
    from comb_compiler.runtime.service.command import main  # gRPC reads that when it is imported

    return main()


if __name__ == "__main__":
    ended = main()
    from comb_compiler.runtime.ending import leave_behind_what_hangs

    leave_behind_what_hangs(ended)
    sys.exit(ended)
