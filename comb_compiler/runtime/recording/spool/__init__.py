"""Records on their way to the store: a directory that one process writes and that whoever comes after it can read."""

from comb_compiler.runtime.recording.spool.journal import Journal
from comb_compiler.runtime.recording.spool.left import Left, left_behind
from comb_compiler.runtime.recording.spool.spool import Spool, open_spool

__all__ = ["Journal", "Left", "Spool", "left_behind", "open_spool"]
