"""Requests that come at nearly the same time are answered one right after another.

Between two requests gRPC does so much that the CPU's caches have lost what answers them, and filling them again takes
several times as long as the answer. The second in a row finds all of it there. (Larus and Parkes, "Using Cohort
Scheduling to Enhance Server Performance", USENIX 2002.)
"""

import asyncio
from time import monotonic

__all__ = ["Cohorts"]

_TURNS = 32
"""How many turns of the loop a cohort waits for more: each turn takes in what has come meanwhile."""
_LONGEST = 0.002
"""Seconds after which it waits no more, where turns are long."""
_FEWEST, _MOST = 4, 256
"""How many requests go on at once after one that has waited for nobody; twice as many after each further one."""


class Cohorts:
    """Holds back requests for a moment, so that others join them.

    After one that has waited in vain some go on at once, and ever more of them: where requests come one by one, few
    wait.
    """

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []
        self._turns = 0
        self._ends = 0.0
        self._passing = 0
        self._passed = _FEWEST

    def join(self) -> asyncio.Future[None] | None:
        """What to await before the request goes on; None where it goes on at once."""
        if not self._waiting and self._passing:
            self._passing -= 1
            return None
        loop = asyncio.get_running_loop()
        if not self._waiting:
            self._turns, self._ends = _TURNS, monotonic() + _LONGEST
            loop.call_soon(self._turn, loop)
        turn = loop.create_future()
        self._waiting.append(turn)
        return turn

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._turns -= 1
        if self._turns and monotonic() < self._ends:
            loop.call_soon(self._turn, loop)
            return
        cohort, self._waiting = self._waiting, []
        if len(cohort) > 1:
            self._passed = _FEWEST
        else:
            self._passing = self._passed
            self._passed = min(2 * self._passed, _MOST)
        for turn in cohort:
            if not turn.done():  # its caller has gone
                turn.set_result(None)
