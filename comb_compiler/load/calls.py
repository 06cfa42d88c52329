"""A request on its way, and what every client of a protocol has."""

from collections.abc import Callable
from typing import Protocol

__all__ = ["Call", "Client", "Ended", "Refused"]


class Call:
    """A request that was scheduled for `due` (seconds of a monotonic clock) and sent `late` seconds after that."""

    __slots__ = ("due", "is_over", "late", "on", "which")

    def __init__(self, due: float, late: float, which: int) -> None:
        self.due, self.late, self.which = due, late, which
        self.is_over = False
        self.on: object = None
        """What a client has to know to give it up."""


Ended = Callable[[Call, int, bytes], None]
"""Told once of each call: its code and the body of its answer."""


class Refused(Exception):
    """The target takes no connection; the message says why."""


class Client(Protocol):
    """Sends calls without ever waiting: what a target holds up is the call's time, not that of those after it."""

    def open(self, timeout: float) -> None:
        """Connect, before the first call. Raises Refused."""
        ...

    def send(self, call: Call) -> None:
        """Send it, or keep it until the target takes it."""
        ...

    def give_up(self, call: Call) -> None:
        """Nobody waits for its answer any more."""
        ...

    def close(self) -> None:
        """Let go of every connection."""
        ...
