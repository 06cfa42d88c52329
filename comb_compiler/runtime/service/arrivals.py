"""Requests whose head has come and whose body has not: they hold none of the places of those that are under way."""

import asyncio
from collections.abc import Coroutine
from itertools import islice
from time import monotonic
from typing import Any, Protocol

from comb_compiler.runtime.codes import Code

__all__ = ["Arrivals", "Arriving"]

_LOOKS = 10
"""How often it is looked, within the time that a body has, whether one is late."""

_LOOKED_AT = 32
"""How many of the oldest are looked at for one of the same connection: more would take longer than a burst of heads."""


class Arriving(Protocol):
    """A request that waits for its body."""

    @property
    def peer(self) -> str:
        """The connection that it came by."""

    async def give_up(self, code: Code, message: str) -> None:
        """End it; raises nothing."""


class Arrivals:
    """Waits for bodies, over both protocols: a body that has not come after `seconds`, or a tenth more, is given up.

    At most `most` may be waited for, so that what has come of them takes bounded memory. One more, and an old one is
    given up, of the same connection rather than of another's: a body comes with its head, or soon after, so that who
    sends heads alone locks out nobody but itself. One timer looks after all: one for each costs a call more than all
    else that is done to read it.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._waiting: dict[Arriving, float] = {}  # since when, the oldest first
        self.leave = self._waiting.pop
        """Of one, and None: its body has come, or does not matter any more."""
        self._ending: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self.displaced = 0
        """How many were given up to make room."""

    def enter(self, one: Arriving) -> None:
        """Its body is waited for from now on."""
        waiting = self._waiting
        waiting[one] = monotonic()
        if len(waiting) > self._most:
            self.displaced += 1
            message = f"the bodies of {self._most} other requests are waited for, and this one did not come in time"
            self._give_up(self._goes_for(one), Code.RESOURCE_EXHAUSTED, message)
        if self._timer is None:
            self._look()

    def _goes_for(self, newcomer: Arriving) -> Arriving:
        """Of the oldest, the first that came by the newcomer's connection; the oldest of all where none did."""
        oldest, peer = [*islice(self._waiting, _LOOKED_AT)], newcomer.peer
        return next((one for one in oldest if one is not newcomer and one.peer == peer), oldest[0])

    def _look(self) -> None:
        late = monotonic() - self._seconds
        for one, since in list(self._waiting.items()):
            if since > late:
                break
            self._give_up(one, Code.DEADLINE_EXCEEDED, "the request did not come in time")
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._seconds / _LOOKS, self._look) if self._waiting else None

    def _give_up(self, one: Arriving, code: Code, message: str) -> None:
        del self._waiting[one]
        work: Coroutine[Any, Any, None] = one.give_up(code, message)
        ending = asyncio.get_running_loop().create_task(work)
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
