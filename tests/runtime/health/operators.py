"""Operators whose health the tests spoil: what is in `SPOILED` under an operator's name is what is wrong with it."""

import asyncio
import time
from collections import Counter
from math import nan

from comb_compiler.runtime import Code, OperatorError, operator
from tests.runtime.post.post_pb2 import Letter, Reply

__all__ = ["CALLS", "SPOILED", "count", "count_later", "reply", "shout", "shout_louder"]

SPOILED: dict[str, str] = {}
CALLS: Counter[str] = Counter()
"""How often each was asked."""


def _spoil(name: str, letter: Letter) -> Letter:
    CALLS[name] += 1
    how = SPOILED.get(name, "")
    if how == "wrong":
        letter.text += "?"
        letter.number += 100
    elif how == "nan":
        letter.weight = nan
    elif how == "slow":
        time.sleep(0.1)
    elif how == "fail":
        raise OperatorError(Code.UNAVAILABLE, "no device")
    elif how:
        raise AssertionError(how)
    return letter


@operator(execution="loop")
def shout(letter: Letter) -> Letter:
    """In capitals."""
    return _spoil("shout", Letter(text=letter.text.upper(), number=letter.number, weight=letter.weight))


@operator(execution="loop")
def shout_louder(letter: Letter) -> Letter:
    """In capitals, too."""
    return _spoil("shout_louder", Letter(text=letter.text.upper(), number=letter.number))


@operator(execution="loop")
def count(letter: Letter) -> Letter:
    """Counts the letters."""
    return _spoil("count", Letter(text=letter.text, number=len(letter.text), weight=letter.weight))


async def count_later(letter: Letter) -> Letter:
    """Counts the letters, in a while."""
    await asyncio.sleep(0.05)
    return count(letter)


@operator(execution="loop")
def reply(letter: Letter, other: Letter) -> Reply:
    """An answer to two letters."""
    if not letter.text:
        raise OperatorError(Code.INVALID_ARGUMENT, "an empty letter")
    return Reply(text=f"{letter.text} {other.number}", number=other.number)
