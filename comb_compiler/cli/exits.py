"""Exit codes, and the errors that are not the user's files' fault."""

from enum import IntEnum

__all__ = ["Exit", "OutsideError", "UsageError"]


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


class OutsideError(Exception):
    """A server, the network, git or the disk failed: trying again may help, and nothing was half done."""
