"""A schedule and a client → what was observed: every request sent at its time, whatever became of those before it."""

import gc
from collections import deque
from collections.abc import Callable
from time import perf_counter

import gevent

from comb_compiler.load.calls import Call, Client, Ledger
from comb_compiler.load.model import OK, TIMEOUT, Observed, Step, code_name, tally
from comb_compiler.load.schedule import Schedule

__all__ = ["offer"]

_PATIENCE = 5.0
_LOOK, _SELDOM = 0.005, 0.1
_YIELD = 8
"""Who is behind its schedule still lets answers be read after so many requests: else they would seem late."""


def offer(step: Step, plan: Schedule, connect: Callable[[Ledger], Client], go: Callable[[], None]) -> Observed:
    """Run a step to its end: until every request has an answer or is given up on. `go` returns when it may begin.

    Raises Refused before that.
    """
    sending = _Sending(step, len(plan.due))
    client = connect(sending)
    try:
        client.open(_PATIENCE)
        gc.collect()
        go()
        gc.disable()  # a collection would hold up whatever is due
        sweeper = gevent.spawn(sending.sweep, client)
        sending.send(plan, client)
        sweeper.join()
    finally:
        gc.enable()
        client.close()
    return sending.observed


class _Sending:
    def __init__(self, step: Step, scheduled: int) -> None:
        self.observed = Observed(scheduled)
        self._timeout = step.timeout
        self._open: deque[Call] = deque()
        self._is_done = False
        self._began = 0.0

    def send(self, plan: Schedule, client: Client) -> None:
        """Each at its time; one that is late is sent at once, and how late is noted."""
        self._began = began = perf_counter() + 0.01
        since = 0
        for offset, which in zip(plan.due, plan.which, strict=True):
            due = began + offset
            now = perf_counter()
            since += 1
            if now < due:
                gevent.sleep(due - now)
                since = 0
            elif since >= _YIELD:
                gevent.sleep(0)
                since = 0
            call = Call(due, perf_counter() - due, which)
            self._open.append(call)
            client.send(call)
        self._is_done = True

    def sweep(self, client: Client) -> None:
        """Give up on what is out of time; ends when nothing is on its way any more."""
        waiting = self._open
        while waiting or not self._is_done:
            now = perf_counter()
            while waiting and (waiting[0].is_over or waiting[0].due + self._timeout <= now):
                call = waiting.popleft()
                if not call.is_over:
                    client.give_up(call)
                    self.ended(call, TIMEOUT)
            next_one = waiting[0].due + self._timeout - now if waiting else self._timeout
            gevent.sleep(max(0.001, min(_LOOK if self._is_done else _SELDOM, next_one)))

    def offended(self, how: str) -> None:
        """The target has broken the protocol."""
        tally(self.observed.offences, how)

    def failed(self, how: str) -> None:
        """The generator has kept a call from being sent."""
        tally(self.observed.faults, how)

    def ended(self, call: Call, code: int, body: bytes = b"", why: str = "") -> None:
        """What came of a call; only the first time counts."""
        if call.is_over:
            return
        call.is_over = True
        observed = self.observed
        observed.due.append(call.due - self._began)
        observed.late.append(max(0.0, call.late))
        observed.took.append(perf_counter() - call.due)
        observed.code.append(code)
        observed.which.append(call.which)
        if code == OK:
            observed.keep(call.which, body)
        elif why:
            tally(observed.said, f"{code_name(code)}: {why}")
