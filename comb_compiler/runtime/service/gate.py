"""How many requests are under way, over both protocols: past the limit they are refused at once."""

import asyncio
from time import monotonic

from comb_compiler.runtime.codes import Code, OperatorError

__all__ = ["Gate"]

_QUIET = 0.25


class Gate:
    """Counts requests from when all of them has come: those whose body is to come are counted by `Arrivals`."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._emptied: asyncio.Event | None = None
        self.inside = 0
        self.last = 0.0
        """When a request last came, on the clock of `time.monotonic`."""
        self.refused = 0

    def require(self) -> None:
        """For a request whose body is to come. Raises OperatorError (RESOURCE_EXHAUSTED) where there is no room now."""
        if self.inside >= self.limit:
            self.last = monotonic()
            self.refused += 1
            raise OperatorError(Code.RESOURCE_EXHAUSTED, f"{self.limit} requests are under way")

    def enter(self) -> None:
        """One more. Raises OperatorError (RESOURCE_EXHAUSTED) where there are too many."""
        if self.inside >= self.limit:
            self.require()
        self.last = monotonic()
        self.inside += 1

    def leave(self) -> None:
        """One less."""
        self.inside -= 1
        if not self.inside and self._emptied is not None:
            self._emptied.set()

    async def quiet(self, within: float) -> None:
        """Return when no request has come for a moment, or after so many seconds."""
        ends = monotonic() + within
        while True:
            left = min(self.last + _QUIET, ends) - monotonic()
            if left <= 0:
                return
            await asyncio.sleep(left)

    async def empty(self, within: float) -> bool:
        """Wait until nothing is under way. Whether that came within so many seconds."""
        if not self.inside:
            return True
        self._emptied = asyncio.Event()
        try:
            await asyncio.wait_for(self._emptied.wait(), within)
        except TimeoutError:
            return False
        return True
