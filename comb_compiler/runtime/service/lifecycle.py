"""A service from its start to its end on a signal."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from signal import Signals
from typing import Any

from comb_compiler.runtime.service.assembly import Source, answering
from comb_compiler.runtime.service.sentences import starting
from comb_compiler.runtime.service.service import Addresses, Service
from comb_compiler.runtime.service.settings import Settings

__all__ = ["Stop", "serve", "until_stopped"]

_log = logging.getLogger("comb.service")
_SIGNALS = (Signals.SIGTERM, Signals.SIGINT)

_AGAIN = 0.5
"""Seconds within which a second signal is the first one's echo: what is sent to a process group comes to each of its
processes, and once more from those that pass on what they get."""


class Stop:
    """What a signal asks for: the first that it ends in order, if it is so far; a later one that it ends at once."""

    def __init__(self) -> None:
        self.in_order = asyncio.Event()
        self._can_be_in_order = False
        self.at_once = False
        self._work: asyncio.Task[Any] | None = None
        self._told = 0.0

    def end(self, work: "asyncio.Task[Any]") -> None:
        """What to end."""
        self._work = work

    def hear(self, *, in_order: bool) -> None:
        """Hear signals from now on, which may end the work `in_order`.

        After operators' code was loaded this is done again: it may have taken signals for itself, as many libraries do.
        """
        self._can_be_in_order = in_order
        for one in _SIGNALS:
            asyncio.get_running_loop().add_signal_handler(one, self.told)

    def told(self) -> None:
        """A signal has come."""
        now = asyncio.get_running_loop().time()
        if self._can_be_in_order and not self.in_order.is_set():
            self._told = now
            self.in_order.set()
        elif self._work is not None and now >= self._told + _AGAIN:
            self.at_once = True
            self._work.cancel()


async def until_stopped(work: Coroutine[Any, Any, bool], stop: Stop) -> bool:
    """Do the work until it is done or a signal ends it. What it gives; False where it was ended at once."""
    task = asyncio.ensure_future(work)
    stop.end(task)
    stop.hear(in_order=False)
    try:
        return await task
    except asyncio.CancelledError:
        if not stop.at_once:
            raise  # no signal has asked for this
        _log.warning("ended at once, by a signal")
        return False
    finally:
        for one in _SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(one)


async def serve(source: Source, settings: Settings, started: Callable[[Addresses], None]) -> bool:
    """Serve a plan until a signal comes. Whether all requests were answered.

    `started` is called when requests are taken. Raises CannotServe, and what `answering` raises.
    """
    stop = Stop()
    return await until_stopped(_serve(source, settings, started, stop), stop)


async def _serve(source: Source, settings: Settings, started: Callable[[Addresses], None], stop: Stop) -> bool:
    async with Service(settings) as service, AsyncExitStack() as stack:
        with starting():
            service.show(await stack.enter_async_context(answering(source, settings)))
        stop.hear(in_order=True)
        started(service.addresses)
        await stop.in_order.wait()
        _log.info("going: requests are taken for another %g s", settings.settle)
        is_empty = await service.drain()
        if is_empty:
            _log.info("ended: every request that was taken on was answered")
        else:
            _log.warning("requests were ended that took more than %g s", settings.drain)
        return is_empty
