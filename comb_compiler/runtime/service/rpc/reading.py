"""Reads requests, and gives up those that do not come."""

import asyncio
from contextlib import suppress
from time import monotonic
from typing import Any

import grpc
import grpc.aio

from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.service.terms import Terms, told

__all__ = ["Reading"]

_LOOKS = 10
"""How often it is looked, within the time that a request has, whether one is late."""


class Reading:
    """Reads the messages of calls; one that has not come after `seconds`, or a tenth more, is given up.

    One timer looks after all of them: one for each costs a call more than all else that is done to read it.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: dict[Any, tuple[float, Terms]] = {}  # since when, the oldest first
        self._ending: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def read(self, context: Any, terms: Terms) -> bytes:
        """The request of a call. Raises OperatorError where there is none, AbortError where the call is ended."""
        self._waiting[context] = monotonic(), terms
        if self._timer is None:
            self._look()
        try:
            content = await context.read()
        finally:
            self._waiting.pop(context, None)
        if content.__class__ is not bytes:
            raise OperatorError(Code.INVALID_ARGUMENT, "the call has no request")
        return content

    def _look(self) -> None:
        late = monotonic() - self._seconds
        loop = asyncio.get_running_loop()
        for context, (since, terms) in list(self._waiting.items()):
            if since > late:
                break
            del self._waiting[context]
            ending = loop.create_task(_give_up(context, terms))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)
        self._timer = loop.call_later(self._seconds / _LOOKS, self._look) if self._waiting else None


async def _give_up(context: Any, terms: Terms) -> None:
    """End a call from outside: what waits for its request gets an AbortError."""
    with suppress(grpc.aio.BaseError):
        await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "the request did not come in time", told(terms, None))
