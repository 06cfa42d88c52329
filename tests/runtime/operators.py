"""Operators that the tests run: well-behaved ones, and one for each way to misbehave."""

import asyncio
import sys
from dataclasses import dataclass

from comb_compiler.runtime import Code, Model, OperatorError, operator
from tests.runtime.post.post_pb2 import Letter, Note, Reply


@operator(execution="loop")
def same(letter: Letter) -> Letter:
    """Gives what it got."""
    return letter


async def same_async(letter: Letter) -> Letter:
    """Gives what it got, and never suspends."""
    return letter


async def same_later(letter: Letter) -> Letter:
    """Gives what it got, having suspended once."""
    await asyncio.sleep(0)
    return letter


@operator(execution="loop")
def shout(letter: Letter) -> Letter:
    """The same, in capitals."""
    return Letter(text=letter.text.upper(), number=letter.number + 1)


@operator(execution="loop")
def join(first: Letter, second: Letter | None) -> Letter:
    """Two letters in one."""
    return Letter(text=f"{first.text}+{second.text if second else 'nothing'}")


@operator(execution="loop")
def reply(letter: Letter) -> Reply:
    """An answer to a letter."""
    return Reply(text=f"re: {letter.text}", number=letter.number)


@operator(execution="loop")
def all_of_ten(
    a0: Letter,
    a1: Letter,
    a2: Letter,
    a3: Letter,
    a4: Letter,
    a5: Letter,
    a6: Letter,
    a7: Letter,
    a8: Letter,
    a9: Letter,
) -> Letter:
    """The first of ten."""
    return a0


@dataclass
class Limits:
    """What Greet may be given."""

    greeting: str
    at_most: int = 80


class Greet:
    """Puts a greeting before a letter."""

    def __init__(self, model: Model[Limits]) -> None:
        self.limits = model.params
        self.log = ["init"]

    def warm_up(self) -> None:
        self.log.append("warm_up")

    def __call__(self, letter: Letter) -> Letter:
        return Letter(text=f"{self.limits.greeting} {letter.text}"[: self.limits.at_most])

    def close(self) -> None:
        self.log.append("close")


@operator(execution="loop")
def raises(letter: Letter) -> Letter:
    """A bug; its text holds what is nobody's business."""
    raise ValueError(f"secret {letter.text}")


@operator(execution="loop")
def refuses(letter: Letter) -> Letter:
    """A failure with a code."""
    raise OperatorError(Code.INVALID_ARGUMENT, "this is no letter")


async def hangs(letter: Letter) -> Letter:
    """Never answers, but can be cancelled."""
    await asyncio.Event().wait()
    return letter


async def clings(letter: Letter) -> Letter:
    """Never answers, and for a second will not be cancelled."""
    for _ in range(10):
        try:
            await asyncio.sleep(0.1)
        except asyncio.CancelledError:
            continue
    return letter


@operator(execution="loop")
def wrong_type(letter: Letter) -> Letter:
    """Not what it says."""
    return Note(text=letter.text)  # type: ignore[return-value]


@operator(execution="loop")
def nothing(letter: Letter) -> Letter:
    """Forgot to return."""
    return None  # type: ignore[return-value]


@operator(execution="loop")
def exits(letter: Letter) -> Letter:
    """Wants to end the process."""
    sys.exit(3)


async def exits_later(letter: Letter) -> Letter:
    """Wants to end the process, from a task."""
    await asyncio.sleep(0)
    sys.exit(3)
