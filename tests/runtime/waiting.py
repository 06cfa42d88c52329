"""Waiting for what must come to pass, with a bound that only a hang reaches."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

__all__ = ["run", "until"]

_BOUND = 300.0


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a test in a loop of its own; at its end no task of it may be left."""

    async def bounded() -> None:
        await asyncio.wait_for(main, _BOUND)
        await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})

    asyncio.run(bounded())


async def until(holds: Callable[[], object]) -> None:
    """Return as soon as it holds."""
    pause = 0.0
    async with asyncio.timeout(_BOUND):
        while not holds():
            await asyncio.sleep(pause)
            pause = min(pause + 0.0002, 0.02)
