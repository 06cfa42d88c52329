"""Reads requests, and gives up those that do not come."""

import asyncio
from time import monotonic
from typing import Any

from comb_compiler.runtime.codes import Code, OperatorError

__all__ = ["Reading"]

_GIVEN_UP = 0.0
_LOOKS = 10
"""How often it is looked, within the time that a request has, whether one is late."""


class Reading:
    """Reads the messages of calls; one that has not come after `seconds`, or a tenth more, is given up.

    One timer looks after all of them: one for each costs a call more than all else that is done to read it.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: dict[asyncio.Task[Any], float] = {}  # since when, the oldest first
        self._timer: asyncio.TimerHandle | None = None

    async def read(self, context: Any) -> bytes:
        """The request of a call. Raises OperatorError where it does not come."""
        task = asyncio.current_task()
        assert task is not None
        self._waiting[task] = monotonic()
        if self._timer is None:
            self._look()
        try:
            content = await context.read()
        except asyncio.CancelledError:
            if self._waiting[task] != _GIVEN_UP:
                raise
            task.uncancel()
            raise OperatorError(Code.DEADLINE_EXCEEDED, "the request did not come in time") from None
        finally:
            del self._waiting[task]
        if not isinstance(content, bytes):
            raise OperatorError(Code.INVALID_ARGUMENT, "the call has no request")
        return content

    def _look(self) -> None:
        late = monotonic() - self._seconds
        for task, since in self._waiting.items():
            if since > late:
                break
            if since != _GIVEN_UP:
                self._waiting[task] = _GIVEN_UP
                task.cancel()
        again = asyncio.get_running_loop().call_later
        self._timer = again(self._seconds / _LOOKS, self._look) if self._waiting else None
