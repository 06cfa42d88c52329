"""An engine in a process of its own: the loop that suits it, and its end on a signal."""

import asyncio
from collections.abc import Coroutine
from signal import Signals
from typing import Any, TypeVar

from comb_compiler.runtime.engine.engine import Engine

__all__ = ["drain_on", "run"]

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run`, on uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    return uvloop.run(main)


def drain_on(engine: Engine, *signals: Signals, grace: float = 30.0) -> "asyncio.Task[bool]":
    """Drain the engine when one of the signals comes. The task ends when it is drained: see `Engine.drain`."""
    loop = asyncio.get_running_loop()
    came = asyncio.Event()
    for signal in signals:
        loop.add_signal_handler(signal, came.set)

    async def drain() -> bool:
        await came.wait()
        return await engine.drain(grace)

    return loop.create_task(drain())
