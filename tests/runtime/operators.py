"""Operators that the tests run: well-behaved ones, and one for each way to misbehave."""

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from comb_compiler.runtime import Call, Code, Model, OperatorError, Parcel, Workspace, operator
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


def _hold_up(text: str) -> None:
    end = time.monotonic() + 600
    if text == "sleep":
        time.sleep(600)
    while text == "compute" and time.monotonic() < end:
        pass
    if text == "a little":
        time.sleep(0.8)
    if text == "debugger":
        exec(compile("import time; time.sleep(1.5)", "/lib/python/bdb.py", "exec"))


async def holds_up_the_loop(letter: Letter) -> Letter:
    """Sleeps or computes where it should wait; "wait" waits as it should."""
    _hold_up(letter.text)
    if letter.text == "wait":
        await asyncio.sleep(600)
    return letter


@operator(execution="loop")
def holds_up_the_loop_at_once(letter: Letter) -> Letter:
    _hold_up(letter.text)
    return letter


@operator(execution="loop", batch=True)
async def holds_up_the_loop_in_batch(letter: list[Letter]) -> list[Letter]:
    _hold_up(letter[0].text)
    return letter


@operator(execution="loop")
def only_by_name(*, letter: Letter) -> Letter:
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


@operator(execution="loop", retry_safe=True)
def refuses(letter: Letter) -> Letter:
    """A failure with a code."""
    raise OperatorError(Code.INVALID_ARGUMENT, "this is no letter")


class Files:
    """Writes to its workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.path = workspace.path

    def __call__(self, letter: Letter) -> Letter:
        (self.path / letter.text).write_bytes(letter.picture)
        return Letter(text=str(self.path / letter.text), number=os.getpid())


@operator(execution="process")
class FilesInProcess(Files):
    """The same, in a process."""


@operator(execution="loop")
def near(letter: Letter) -> Letter:
    """Gives what it got, and always here."""
    return letter


@operator(execution="loop")
def from_reply(reply: Reply, letter: Letter) -> Letter:
    """A letter with the reply's picture."""
    return Letter(text=letter.text, picture=reply.picture)


@operator(execution="loop")
def answer_with(letter: Letter, reply: Reply) -> Letter:
    """A letter that says who replied."""
    return Letter(text=f"{letter.text} from {reply.text}")


@operator(retry_safe=True)
def thread_letter(letter: Letter) -> Letter:
    """In a thread, says which process it is in."""
    return Letter(text=letter.text, number=os.getpid())


async def remaining(letter: Letter, call: Call) -> Letter:
    """How many milliseconds are left."""
    return Letter(number=int(call.remaining * 1000))


@operator(execution="loop")
def grows(letter: Letter) -> Letter:
    """Gives more than may be sent."""
    return Letter(picture=bytes(2_000_000))


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


# --- in threads and processes ---


def thread(letter: Letter) -> Reply:
    """Says which thread it runs in."""
    return Reply(text=threading.current_thread().name, number=os.getpid())


@operator(execution="process", concurrency=2)
def process(letter: Letter) -> Reply:
    """Says which process it runs in, and gives the picture back."""
    return Reply(text=letter.text, number=os.getpid(), picture=letter.picture)


@operator(execution="process")
def size(letter: Annotated[Parcel[Letter], "picture"]) -> Annotated[Parcel[Reply], "picture"]:
    """The picture, seen through shared memory, and sent back that way."""
    assert not letter.message.picture
    return Parcel(Reply(text=letter.message.text), {"picture": letter["picture"]})


@operator(execution="process")
def misbehaves(letter: Letter, call: Call) -> Letter:
    """In a process of its own, does as the letter says."""
    deeds: dict[str, Callable[[], object]] = {
        "raise": lambda: 1 // 0,
        "refuse": _refuse,
        "sys.exit": lambda: sys.exit(3),
        "os._exit": lambda: os._exit(7),
        "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
        "crash": os.abort,
        "hang": lambda: time.sleep(600),
        "wait": lambda: _until_cancelled(call),
        "leak": lambda: _KEPT.append(bytes(range(256)) * 4 * 50_000),
        "close the socket": lambda: os.closerange(3, 64),
        "pid": lambda: None,
    }
    deeds[letter.text]()
    return Letter(text=letter.text, number=os.getpid())


_KEPT: list[bytes] = []


@operator(execution="process")
def sleeps_in_process(letter: Letter) -> Letter:
    """Takes as many seconds as the letter says, whoever waits."""
    time.sleep(float(letter.text))
    return letter


@operator(execution="process")
def who(letter: Letter, call: Call) -> Letter:
    """Says what it is told of the call."""
    return Letter(text=f"{call.request_id}/{call.node}/{call.arm}")


def _refuse() -> None:
    raise OperatorError(Code.NOT_FOUND, "there is none")


def _until_cancelled(call: Call) -> None:
    while not call.cancelled:
        time.sleep(0.002)


@operator(execution="process", batch=True)
def batch_in_process(letter: list[Letter]) -> list[Letter | OperatorError]:
    """Fails those that ask for it."""
    bad = OperatorError(Code.INVALID_ARGUMENT, "it asked for it")
    return [bad if one.text == "bad" else Letter(text=one.text, number=len(letter)) for one in letter]


@operator(batch=True)
def batch_in_thread(letter: list[Letter]) -> list[Letter]:
    """Takes a while, as a device would."""
    time.sleep(0.005)
    return [Letter(text=one.text, number=len(letter)) for one in letter]


def _unspoilt(letters: list[Letter]) -> list[Letter]:
    if any(one.text == "deadly" for one in letters):
        os.kill(os.getpid(), signal.SIGKILL)
    if any(one.text == "bad" for one in letters):
        raise ValueError("this one cannot be read")
    return [Letter(text=one.text, number=len(letters)) for one in letters]


@operator(batch=True, retry_safe=True)
def spoilt_in_thread(letter: list[Letter]) -> list[Letter]:
    return _unspoilt(letter)


@operator(batch=True, retry_safe=True, execution="loop")
async def spoilt_in_loop(letter: list[Letter]) -> list[Letter]:
    return _unspoilt(letter)


@operator(batch=True, retry_safe=True, execution="process")
def spoilt_in_process(letter: list[Letter]) -> list[Letter]:
    return _unspoilt(letter)


@operator(batch=True)
def spoilt_as_a_whole(letter: list[Letter]) -> list[Letter]:
    return _unspoilt(letter)


@operator(batch=True, execution="loop")
async def too_few(letter: list[Letter]) -> list[Letter]:
    """Loses one."""
    return letter[1:]


class Hung:
    """In a thread, hangs on the first call until it is let go."""

    gate = threading.Event()

    def __call__(self, letter: Letter) -> Letter:
        if letter.text == "hang":
            self.gate.wait()
        return letter


class SeesCancel:
    """In a thread, works until nobody waits, and says so."""

    begun = threading.Event()
    seen = threading.Event()

    def __call__(self, letter: Letter, call: Call) -> Letter:
        self.begun.set()
        while not call.cancelled:
            time.sleep(0.001)
        self.seen.set()
        return letter


@operator(retry_safe=True)
class Flaky:
    """Fails twice, then answers."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, letter: Letter) -> Letter:
        self.calls += 1
        if self.calls % 3:
            raise OperatorError(Code.UNAVAILABLE, "not yet")
        return Letter(text=letter.text, number=self.calls)


def spans_in_thread(letter: Letter, call: Call) -> Letter:
    """Adds the span of its call, in a thread."""
    return Letter(text=f"{letter.text} {call.traceparent}")


@operator(execution="process")
def spans_in_process(letter: Letter, call: Call) -> Letter:
    """Adds the span of its call, in a process."""
    return Letter(text=f"{letter.text} {call.traceparent}")


@operator(execution="loop")
def logs_inline(letter: Letter) -> Letter:
    """Logs by Python's own logging, at once."""
    logging.getLogger("operators").warning("found %s", letter.text)
    return letter


async def logs_in_loop(letter: Letter) -> Letter:
    """Logs in the loop."""
    await asyncio.sleep(0)
    return logs_inline(letter)


def logs_in_thread(letter: Letter) -> Letter:
    """Logs in a thread."""
    return logs_inline(letter)


@operator(execution="process")
def logs_in_process(letter: Letter) -> Letter:
    """Logs in a worker process."""
    return logs_inline(letter)


class Waits:
    """Answers when it is told to; says how many calls there were, and how many were cancelled."""

    gate: asyncio.Event
    calls = 0
    cancelled = 0

    async def __call__(self, letter: Letter) -> Letter:
        Waits.calls += 1
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            Waits.cancelled += 1
            raise
        return letter


class FailsToStart:
    """Cannot load what it needs."""

    def warm_up(self) -> None:
        raise RuntimeError("no device")

    def __call__(self, letter: Letter) -> Letter:
        return letter


@operator(execution="process")
class FailsToStartInProcess(FailsToStart):
    """The same, in a process."""


def sleeps_in_thread(letter: Letter) -> Letter:
    """Takes long enough for others to have to wait."""
    time.sleep(0.1)
    return letter


@operator(execution="loop")
def slow(letter: Letter) -> Letter:
    """Holds up the loop, which it should not."""
    time.sleep(0.02)
    return letter


async def fails_later(letter: Letter) -> Letter:
    """Fails when others have begun."""
    await asyncio.sleep(0)
    raise OperatorError(Code.ABORTED, "no luck")


async def erratic(letter: Letter) -> Letter:
    """Does as the letter says, in the loop."""
    match letter.text:
        case "raise":
            raise ValueError(letter.text)
        case "refuse":
            raise OperatorError(Code.NOT_FOUND, "there is none")
        case "hang":
            await asyncio.Event().wait()
        case "cling":
            await clings(letter)
        case "nothing":
            return None  # type: ignore[return-value]
        case "wrong":
            return Note()  # type: ignore[return-value]
        case "exit":
            sys.exit(4)
        case "cancel":
            raise asyncio.CancelledError
        case "later":
            await asyncio.sleep(0.002)
    return Letter(text=letter.text)


@operator(execution="loop")
def join_three(first: Letter, second: Letter | None, third: Letter) -> Letter:
    return Letter(text=f"{first.text}+{second.text if second else 'nothing'}+{third.text}")
