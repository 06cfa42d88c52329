"""Channels: typed, bounded conduits between operators, with Go's semantics.

In memory (`Channel`), between processes (`local`) and between pods (`grpc`): who sends and who receives does not know
which.
"""

from comb_compiler.runtime.channels.core import Closed, Receiver, Sender
from comb_compiler.runtime.channels.memory import Channel
from comb_compiler.runtime.channels.selection import Chosen, receiving, select, sending

__all__ = ["Channel", "Chosen", "Closed", "Receiver", "Sender", "receiving", "select", "sending"]
