"""A request on its way, and what every client of a protocol has."""

from typing import Protocol

__all__ = ["Call", "Client", "Exhausted", "Ledger", "Malformed", "Refused"]


class Call:
    """A request that was scheduled for `due` (seconds of a monotonic clock) and sent `late` seconds after that."""

    __slots__ = ("due", "is_over", "late", "on", "which")

    def __init__(self, due: float, late: float, which: int) -> None:
        self.due, self.late, self.which = due, late, which
        self.is_over = False
        self.on: object = None
        """What a client has to know to give it up."""


class Refused(Exception):
    """The target takes no connection; the message says why."""


class Exhausted(Exception):
    """This machine has no room for another connection; the message says of what. The target is not to blame."""


class Malformed(Exception):
    """What came is not the protocol, or is an answer to nothing that was asked; the message says which."""


class Ledger(Protocol):
    """Where clients write what came of calls."""

    def ended(self, call: Call, code: int, body: bytes = b"", why: str = "") -> None:
        """Told of each call: its code, the body of its answer, and what is known of why there is none."""
        ...

    def offended(self, how: str) -> None:
        """The target has broken the protocol, whether or not a call was there to suffer."""
        ...

    def failed(self, how: str) -> None:
        """The generator has kept a call from being sent."""
        ...


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
