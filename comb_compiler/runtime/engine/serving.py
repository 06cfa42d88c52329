"""An engine in a process of its own: the loop that suits it, and its end on a signal."""

import asyncio
from collections.abc import Coroutine
from signal import Signals
from typing import Any, Protocol, TypeVar

__all__ = ["Draining", "drain_on", "run"]

T = TypeVar("T")


class Draining(Protocol):
    """What ends what it has begun, and takes nothing more: an Engine, or a Peer."""

    async def drain(self, grace: float = 30.0) -> bool:
        """Whether all that was under way ended within `grace` seconds."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run`, on uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    return uvloop.run(main)


def drain_on(draining: Draining, *signals: Signals, grace: float = 30.0) -> "asyncio.Task[bool]":
    """Drain it when one of the signals comes; the next one ends the grace. The task ends when it is drained."""
    loop = asyncio.get_running_loop()
    first, second = asyncio.Event(), asyncio.Event()

    def came() -> None:
        (second if first.is_set() else first).set()

    for signal in signals:
        loop.add_signal_handler(signal, came)

    async def drain() -> bool:
        await first.wait()
        calm = loop.create_task(draining.drain(grace))
        hurry = loop.create_task(second.wait())
        await asyncio.wait((calm, hurry), return_when=asyncio.FIRST_COMPLETED)
        if calm.done():
            hurry.cancel()
            return calm.result()
        await draining.drain(0.0)
        await calm
        return False

    return loop.create_task(drain())
