"""Operators that do what nobody would do on purpose, each as its letter's text says."""

import asyncio
import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from comb_compiler.runtime import Call, Code, OperatorError, Parcel, operator
from tests.runtime.post.post_pb2 import Letter

DEEDS = [
    *("KeyboardInterrupt", "GeneratorExit", "BaseException", "SystemExit", "StopIteration", "StopAsyncIteration"),
    *("CancelledError", "RecursionError", "unprintable", "unpicklable", "long", "no text", "surrogates", "no code"),
    *("parcel", "class", "no super", "changed code", "changed text"),
]


class _Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even this")

    __repr__ = __str__


class _Unpicklable(Exception):
    def __init__(self, needed: object, also: object) -> None:
        super().__init__(threading.Lock(), needed, also)


class _NoSuper(OperatorError):
    """Has neither a code nor a message."""

    def __init__(self) -> None:
        """Leaves out what it inherits."""


class _Changed(OperatorError):
    def __init__(self, **changes: object) -> None:
        super().__init__(Code.ABORTED, "x")
        self.__dict__.update(changes)


def _deed(text: str) -> Any:
    errors: dict[str, Callable[[], BaseException]] = {
        "KeyboardInterrupt": KeyboardInterrupt,
        "GeneratorExit": GeneratorExit,
        "BaseException": lambda: BaseException("x"),
        "SystemExit": lambda: SystemExit(3),
        "StopIteration": lambda: StopIteration("x"),
        "StopAsyncIteration": StopAsyncIteration,
        "CancelledError": asyncio.CancelledError,
        "RecursionError": RecursionError,
        "unprintable": _Unprintable,
        "unpicklable": lambda: _Unpicklable(1, 2),
        "long": lambda: OperatorError(Code.ABORTED, "x" * 1_000_000),
        "no text": lambda: OperatorError(Code.ABORTED, None),  # type: ignore[arg-type]
        "surrogates": lambda: OperatorError(Code.ABORTED, "\ud800"),
        "no super": _NoSuper,
        "changed code": lambda: _Changed(code="ABORTED"),
        "changed text": lambda: _Changed(message=b"x"),
        "no code": lambda: OperatorError(99, "x"),  # type: ignore[arg-type]
    }
    if text in errors:
        raise errors[text]()
    if text == "parcel":
        return Parcel(Letter(), {"picture": b"not declared"})
    if text == "class":
        return Letter
    return Letter(text=text)


@operator(execution="loop")
def at_once(letter: Letter) -> Letter:
    return _deed(letter.text)  # type: ignore[no-any-return]


async def later(letter: Letter) -> Letter:
    await asyncio.sleep(0)
    return _deed(letter.text)  # type: ignore[no-any-return]


def in_thread(letter: Letter) -> Letter:
    return _deed(letter.text)  # type: ignore[no-any-return]


@operator(execution="process")
def in_process(letter: Letter) -> Letter:
    return _deed(letter.text)  # type: ignore[no-any-return]


@operator(batch=True)
def in_batch(letter: list[Letter]) -> list[Letter]:
    return [_deed(one.text) for one in letter]


@operator(batch=True, execution="process")
def batch_of_oddities(letter: list[Letter]) -> list[Letter]:
    """Gives what no list of answers should be, or hold."""
    return _odd(letter)  # type: ignore[no-any-return]


@operator(batch=True)
def batch_of_oddities_in_thread(letter: list[Letter]) -> list[Letter]:
    return _odd(letter)  # type: ignore[no-any-return]


def _odd(letters: list[Letter]) -> Any:
    count = len(letters)
    given: dict[str, Callable[[], Any]] = {
        "few": list,
        "many": lambda: [Letter()] * (count + 1),
        "None": lambda: None,
        "tuple": lambda: tuple(letters),
        "generator": lambda: (one for one in letters),
        "of None": lambda: [None] * count,
        "of errors": lambda: [ValueError("x")] * count,
        "of no codes": lambda: [_NoSuper() for _ in letters],
        "of ends": lambda: [StopIteration("x")] * count,
        "fine": lambda: list(letters),
    }
    return given[letters[0].text]()


_KEPT: list[Any] = []


def _daemon() -> None:
    multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,), daemon=True).start()


@operator(execution="process")
def in_system(letter: Letter, call: Call) -> Letter:
    """Does it to the process that it runs in, and then answers, if it still can."""
    deeds: dict[str, Callable[[], object]] = {
        "thread": lambda: threading.Thread(target=time.sleep, args=(600,)).start(),
        "child": lambda: _KEPT.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])),
        "daemon": _daemon,
        "fork": os.fork,
        "fork and end": lambda: os.fork() or os._exit(0),
        "fork and die": lambda: os._exit(5) if os.fork() else time.sleep(600),
        "print": lambda: [print("x" * 100_000) for _ in range(20)],
        "close stdin": lambda: os.closerange(0, 1),
        "close stdout": lambda: os.closerange(1, 3),
        "descriptors": lambda: _KEPT.extend(os.open("/dev/null", os.O_RDONLY) for _ in range(200)),
        "ignore signals": lambda: [signal.signal(one, signal.SIG_IGN) for one in (signal.SIGTERM, signal.SIGHUP)],
        "chdir": lambda: os.chdir("/"),
        "exit hook": lambda: __import__("atexit").register(time.sleep, 600),
        "fine": lambda: None,
    }
    deeds[letter.text]()
    return Letter(text=letter.text, number=os.getpid())


class HangsAtStart:
    """Cannot be loaded, and does not say so."""

    async def warm_up(self) -> None:
        await asyncio.Event().wait()

    async def __call__(self, letter: Letter) -> Letter:
        return letter


class HangsAtStartInThread:
    def __init__(self) -> None:
        time.sleep(600)

    def __call__(self, letter: Letter) -> Letter:
        return letter


@operator(execution="process")
class HangsAtStartInProcess:
    def __init__(self) -> None:
        time.sleep(600)

    def __call__(self, letter: Letter) -> Letter:
        return letter


class HangsAtEnd:
    """Cannot be closed."""

    async def close(self) -> None:
        await asyncio.Event().wait()

    async def __call__(self, letter: Letter) -> Letter:
        return letter


@operator(execution="thread")
class HangsAtEndInThread:
    let_go = threading.Event()

    def close(self) -> None:
        self.let_go.wait(600)

    def __call__(self, letter: Letter) -> Letter:
        return letter


@operator(execution="process")
class HangsAtEndInProcess:
    def close(self) -> None:
        time.sleep(600)

    def __call__(self, letter: Letter) -> Letter:
        return letter


@operator(execution="loop")
class SleepsInInit:
    """Holds up the loop that it is started in."""

    def __init__(self) -> None:
        time.sleep(600)

    def __call__(self, letter: Letter) -> Letter:
        return letter


class SpinsInWarmUp:
    """Holds it up in its second turn, and minds no exception."""

    async def warm_up(self) -> None:
        await asyncio.sleep(0)
        bound = time.monotonic() + 600
        while time.monotonic() < bound:
            with contextlib.suppress(Exception):
                time.monotonic()

    async def __call__(self, letter: Letter) -> Letter:
        return letter


class WaitsInWarmUpOfThread:
    """Holds up the loop, though its calls are in threads."""

    async def warm_up(self) -> None:
        threading.Event().wait(600)

    def __call__(self, letter: Letter) -> Letter:
        return letter


class SleepsInClose:
    """Holds up the loop when it is closed."""

    async def close(self) -> None:
        time.sleep(600)  # noqa: ASYNC251

    async def __call__(self, letter: Letter) -> Letter:
        return letter
