"""Operators in worker processes that attack the process, its engine, or what the two share."""

import asyncio
import builtins
import contextlib
import os
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from comb_compiler.runtime import Call, operator
from tests.runtime.post.post_pb2 import Letter


def _fork_bomb() -> None:
    """Sixteen processes from one, none of which ends by itself."""
    parent = os.getpid()
    for _ in range(4):
        os.fork()
    if os.getpid() != parent:
        time.sleep(600)


def _recurse(depth: int = 0) -> int:
    return _recurse(depth + 1) + 1


def _overflow(_: object = None) -> int:
    return min([0], key=_overflow)


def _overflow_the_stack() -> None:
    """Through native code, past what Python keeps count of."""
    sys.setrecursionlimit(1_000_000_000)
    threading.stack_size(256 * 1024)
    thread = threading.Thread(target=_overflow)
    thread.start()
    thread.join()


def _inherited() -> list[int]:
    return [number for number in range(3, 64) if os.path.exists(f"/proc/self/fd/{number}")]


def _write_everywhere(content: bytes) -> None:
    for number in _inherited():
        try:
            if os.readlink(f"/proc/self/fd/{number}").startswith("socket:"):
                socket.socket(fileno=os.dup(number)).sendall(content)
        except OSError:
            continue


def _cut_everything() -> None:
    for number in _inherited():
        try:
            os.ftruncate(number, 0)
        except OSError:
            continue


def _overwrite_everything() -> None:
    for number in _inherited():
        try:
            if "memfd" in os.readlink(f"/proc/self/fd/{number}"):
                os.pwrite(number, os.urandom(4096), 0)
        except OSError:
            continue


def _patch() -> None:
    for name in ("sleep", "run", "Future", "wait_for", "get_running_loop"):
        setattr(asyncio, name, None)
    builtins.print = None  # type: ignore[assignment]
    time.time = lambda: 0.0
    signal.signal(signal.SIGALRM, lambda *_: os._exit(9))


def _threads(count: int) -> None:
    for _ in range(count):
        threading.Thread(target=time.sleep, args=(600,)).start()


def _swallow(*_: object) -> None:
    return


def _spin() -> None:
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue


_READY_AGAIN = struct.pack("<IBBHQdQH", 0, 1, 0, 0, 0, 0.0, 0, 0)
_LARGE_IN_ARENA = struct.pack("<IBBHQdQH", 0, 4, 1, 0, 1, 0.0, 1 << 60, 0)

DEEDS: dict[str, Callable[[], object]] = {
    "bomb": _fork_bomb,
    "recurse": _recurse,
    "overflow": _overflow_the_stack,
    "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "close all": lambda: os.closerange(0, 4096),
    "garbage": lambda: _write_everywhere(os.urandom(1000)),
    "ready again": lambda: _write_everywhere(_READY_AGAIN),
    "large in arena": lambda: _write_everywhere(_LARGE_IN_ARENA),
    "flood": lambda: _write_everywhere(bytes(range(256)) * 40_000),
    "cut": _cut_everything,
    "overwrite": _overwrite_everything,
    "patch": _patch,
    "threads": lambda: _threads(50),
    "spin": _spin,
    "memory": lambda: bytes(1 << 50),
    "handlers": lambda: [signal.signal(one, _swallow) for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)],
    "alarm": lambda: signal.setitimer(signal.ITIMER_REAL, 0.001),
    "generator": lambda: None,
    "fine": lambda: None,
}


@operator(execution="process")
def attacks(letter: Letter, call: Call) -> Letter:
    """Does it, and then answers, if it still can."""
    DEEDS[letter.text]()
    if letter.text == "generator":
        return (one for one in [letter])  # type: ignore[return-value]
    return Letter(text=letter.text, number=os.getpid(), picture=letter.picture)


@operator(execution="process", batch=True)
def attacks_in_batch(letter: list[Letter], call: Call) -> list[Letter]:
    """Ends the process, or tries to, for a whole batch."""
    for one in letter:
        if one.text == "sys.exit":
            sys.exit(3)
        if one.text == "os._exit":
            os._exit(3)
        if one.text == "generator":
            return (one for one in letter)  # type: ignore[return-value]
    return [Letter(text=one.text, number=os.getpid()) for one in letter]


@operator(execution="process")
class ExitsInWarmUp:
    """Is gone before it is ready."""

    def warm_up(self) -> None:
        os._exit(7)

    def __call__(self, letter: Letter) -> Letter:
        return letter


@operator(execution="process")
class ExitsOnImportOfItsModel(ExitsInWarmUp):
    def warm_up(self) -> None:
        sys.exit("no device")


@operator(execution="process")
class ClosesItsSocketInWarmUp(ExitsInWarmUp):
    def warm_up(self) -> None:
        os.closerange(3, 4096)


@operator(execution="process")
def keeps(letter: Letter) -> Letter:
    """Gives what it got, fields that it does not know too."""
    return letter


async def swallows_cancelling(letter: Letter) -> Letter:
    """Will not be cancelled, nor end, before a second has passed."""
    end: Any = asyncio.get_running_loop().time() + 1.0
    while asyncio.get_running_loop().time() < end:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0.05)
    return letter
