"""Operators that the tests of the service run."""

import asyncio
import os
import sys

from comb_compiler.runtime import Call, Code, OperatorError, operator
from tests.runtime.post.post_pb2 import Letter

__all__ = ["floods_in_loop", "floods_in_process", "grows", "hangs", "names", "nests", "pauses", "remaining"]


async def remaining(letter: Letter, call: Call) -> Letter:
    """How many milliseconds are left."""
    return Letter(number=int(call.remaining * 1000))


@operator(execution="loop")
def grows(letter: Letter) -> Letter:
    """Gives more than one asks with."""
    return Letter(picture=bytes(2_000_000))


@operator(execution="loop")
def names(letter: Letter) -> Letter:
    """Names a file whose name is no UTF-8, as Python has it."""
    raise OperatorError(Code.INVALID_ARGUMENT, f"`{os.fsdecode(bytes([255]))}.png` is no picture")


@operator(execution="loop")
def nests(letter: Letter) -> Letter:
    """Gives a letter that is deeper than anything reads."""
    answer = letter
    for _ in range(2000):
        answer = answer.inner
    answer.text = "deep"
    return letter


async def pauses(letter: Letter) -> Letter:
    """Gives what it got, after a while."""
    await asyncio.sleep(0.02)
    return letter


def _flood(letter: Letter) -> Letter:
    for _ in range(letter.number):
        print("x" * 100_000)
        print("y" * 100_000, file=sys.stderr)
    return letter


@operator(execution="loop")
def floods_in_loop(letter: Letter) -> Letter:
    """Prints 200 KB, so often."""
    return _flood(letter)


@operator(execution="process")
def floods_in_process(letter: Letter) -> Letter:
    """Prints 200 KB, so often."""
    return _flood(letter)


@operator(execution="thread")
def hangs(letter: Letter) -> Letter:
    """Never ends, most of the time in native code: that of the model at HANGING_MODEL."""
    import numpy as np
    import onnxruntime  # type: ignore[import-untyped]

    session = onnxruntime.InferenceSession(os.environ["HANGING_MODEL"])
    name = session.get_inputs()[0].name
    while True:
        session.run(None, {name: np.zeros((1, 3, 96, 96), np.float32)})
