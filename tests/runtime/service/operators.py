"""Operators that the tests of the service run."""

import asyncio

from comb_compiler.runtime import Call, operator
from tests.runtime.post.post_pb2 import Letter

__all__ = ["grows", "pauses", "remaining"]


async def remaining(letter: Letter, call: Call) -> Letter:
    """How many milliseconds are left."""
    return Letter(number=int(call.remaining * 1000))


@operator(execution="loop")
def grows(letter: Letter) -> Letter:
    """Gives more than one asks with."""
    return Letter(picture=bytes(2_000_000))


async def pauses(letter: Letter) -> Letter:
    """Gives what it got, after a while."""
    await asyncio.sleep(0.02)
    return letter
