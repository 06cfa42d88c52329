"""Exit codes, and the error that is the command line's fault."""

from enum import IntEnum

__all__ = ["Exit", "UsageError"]


class Exit(IntEnum):
    """What a command's end means; scripts and CI rely on these."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    GATE_BLOCKS = 3
    OUTSIDE_FAILED = 4
    BUG = 70


class UsageError(Exception):
    """The command line asks for something that makes no sense."""
