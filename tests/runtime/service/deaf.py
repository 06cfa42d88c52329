"""An operator whose module takes signals for itself when it is loaded, as libraries of others do."""

import signal

from comb_compiler.runtime import operator
from tests.runtime.post.post_pb2 import Letter

__all__ = ["same"]

for _one in (signal.SIGTERM, signal.SIGINT):
    signal.signal(_one, signal.SIG_IGN)


@operator(execution="loop")
def same(letter: Letter) -> Letter:
    """Gives what it got."""
    return letter
