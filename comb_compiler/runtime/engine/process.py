"""A worker process, as the engine sees it."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from signal import Signals
from time import monotonic
from typing import Any, NamedTuple, cast

from comb_compiler.runtime.codes import Code, OperatorError, OutOfMemory
from comb_compiler.runtime.declaration import BadOperator
from comb_compiler.runtime.instance import Given
from comb_compiler.runtime.messages import Message
from comb_compiler.runtime.sdk import Call
from comb_compiler.runtime.wire.arena import Arena
from comb_compiler.runtime.wire.control import Control
from comb_compiler.runtime.wire.frames import CALL, FAILED, READY, START, Frame, Inbox, encode
from comb_compiler.runtime.wire.values import Packed, pack, unpack
from comb_compiler.runtime.worker import BOOT

__all__ = ["Process", "Spec"]


_LAST_WORDS = 0.05

Answered = Callable[[list[Any]], None]


class Spec(NamedTuple):
    """What a worker is started with. `out` is the class of its answers, `takes_call` whether it is handed the Call.

    Its modules are looked for in the directory `code` first. A `discreet` one logs no exception's text.
    """

    name: str
    entry: str
    given: Given
    code: Path | None
    descriptors: bytes
    out: type[Message]
    takes_call: bool
    discreet: bool = False


class Process(asyncio.Protocol):
    """One worker process. `ended` is called once, when the process is gone, with what can be said about it.

    `resident` is the memory that it held after its last call, in bytes, `cpu` the CPU time of that call in nanoseconds,
    and `descriptors` how many it had lately.
    One that `is_leaving` has ended, or is about to: a call would be lost in it.
    """

    def __init__(self, spec: Spec, ended: Callable[["Process", str], None]) -> None:
        self._spec = spec
        self._ended = ended
        self._control = Control.create()
        self._requests, self._answers = Arena.create(), Arena.create()
        self._inbox = Inbox(self._answers)
        self._transport: asyncio.Transport | None = None
        self._popen: subprocess.Popen[bytes] | None = None
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._answered: Answered | None = None
        self._burial: asyncio.Task[None] | None = None
        self._number = 0
        self._watch = -1
        self._is_released = False
        self.is_leaving = False
        self.resident = self.cpu = 0
        self.descriptors = 0

    async def start(self, within: float) -> None:
        """Start it, and wait until its operator is warm. Raises BadOperator, or OperatorError (UNAVAILABLE).

        When it is not warm shortly before `within` seconds have passed, it writes to its log where it is.
        """
        deadline = monotonic() + within
        ours, theirs = socket.socketpair()
        descriptors = (theirs.fileno(), self._control.descriptor, self._requests.descriptor, self._answers.descriptor)
        command = [sys.executable, "-c", BOOT, json.dumps(self._path()), str(os.getpid()), *map(str, descriptors)]
        with theirs:
            self._popen = _spawn(command, descriptors)
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, sock=ours)
        with contextlib.suppress(AttributeError, OSError):  # not every system has it: then the socket's end has to do
            self._watch = os.pidfd_open(self._popen.pid)
            loop.add_reader(self._watch, self._exited)
        spec = self._spec
        model, path, workspace = spec.given
        told = {
            "entry": spec.entry,
            "code": spec.code and str(spec.code.resolve()),
            "model": model and model._asdict(),
            "path": path,
            "workspace": workspace,
            "discreet": spec.discreet,
        }
        head = json.dumps(told, default=lambda value: str(value) if isinstance(value, Path) else dict(value)).encode()
        content = Packed(head, [spec.descriptors], len(spec.descriptors))
        self._write(encode(START, content, self._requests, deadline=deadline))
        try:
            await asyncio.shield(self._ready)
        except BaseException:
            self.kill()
            raise

    def _path(self) -> list[str]:
        code = self._spec.code
        return sys.path if code is None else [str(code.resolve()), *sys.path]

    @property
    def pid(self) -> int:
        """Its id; 0 before it is started."""
        return self._popen.pid if self._popen is not None else 0

    @property
    def is_gone(self) -> bool:
        """Whether it has ended."""
        return self._gone.done()

    def call(self, values: Sequence[Any], call: Call, batch: int, answered: Answered) -> None:
        """Run a call, or a batch of calls (the values of each, one after the other). It must not be busy.

        `answered` is called with a value or an OperatorError for each call, or with one OperatorError (UNAVAILABLE)
        alone where the process ends.
        """
        assert self._answered is None
        self._number += 1
        about = (call.request_id, call.node, call.arm, call.traceparent)
        packed = pack(values)
        frame = encode(
            CALL, packed, self._requests, number=self._number, deadline=call.deadline, batch=batch, about=about
        )
        self._answered = answered
        self._write(frame)

    def give_up(self) -> int:
        """Tell the operator that nobody waits for its call. The call's number."""
        self._control.give_up(self._number)
        return self._number

    def is_still_at(self, number: int) -> bool:
        """Whether it has not come to the end of that call."""
        return self._answered is not None and self._number == number

    def kill_if_still_at(self, number: int) -> None:
        """Kill it, when it has not come to the end of that call."""
        if self.is_still_at(number):
            self.kill()

    def kill(self) -> None:
        """Kill it."""
        self.is_leaving = True
        if self._popen is not None and not self.is_gone:
            self._popen.kill()

    def retire(self) -> None:
        """Let it end by itself: it closes its operator when it has answered."""
        if self._transport is not None:
            self._transport.write_eof() if self._transport.can_write_eof() else self._transport.close()

    async def wait(self, patience: float) -> None:
        """Wait until it is gone; after `patience` seconds it is killed."""
        if self._popen is None or self._transport is None:
            self._release()
            return
        done, _ = await asyncio.wait([self._gone], timeout=patience)
        if not done:
            self.kill()
            await self._gone

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is there."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        for frame in self._inbox.feed(data):
            if frame.kind == READY:
                self._ready.set_result(None)
            elif frame.kind == FAILED:
                entry, *reasons = json.loads(bytes(frame.head))
                self._ready.set_exception(BadOperator(entry or self._spec.entry, tuple(reasons)))
            else:
                self._take(frame)

    def connection_lost(self, error: Exception | None) -> None:
        """The process is gone, or about to be."""
        self.is_leaving = True
        self._burial = asyncio.get_running_loop().create_task(self._bury())

    def _exited(self) -> None:
        """It has ended, and what it has started may hold the socket still. What it has sent is read first."""
        self.is_leaving = True
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._watch)
        if self._transport is not None:
            loop.call_later(_LAST_WORDS, self._transport.abort)

    def _take(self, frame: Frame) -> None:
        if frame.number != self._number:
            return  # a copy of the process, forked by its operator, has answered as well
        self.resident = int(frame.deadline)
        cpu, *descriptors = frame.about
        self.cpu = int(cpu)
        if descriptors:
            self.descriptors = int(descriptors[0])
        answered, self._answered = self._answered, None
        if answered is None:
            return
        try:
            outcomes = unpack(frame.head, frame.content, (self._spec.out,), keep=True)
        except OperatorError as error:
            outcomes = [error]
        answered(outcomes)

    async def _bury(self) -> None:
        popen = self._popen
        assert popen is not None
        popen.kill()  # it may have closed its socket and gone on
        with contextlib.suppress(ProcessLookupError, PermissionError):
            # And what it has started. Its id is nobody else's before it is waited for.
            os.killpg(popen.pid, Signals.SIGKILL)
        status = await asyncio.to_thread(popen.wait)
        said = f"ended with exit code {status}" if status >= 0 else f"was killed by {Signals(-status).name}"
        # One that hung is killed by the engine, when nobody waits for its call any more: who waits has this of others.
        kind = OutOfMemory if status == -Signals.SIGKILL else OperatorError
        error = kind(Code.UNAVAILABLE, f"the process of `{self._spec.name}` {said}")
        if not self._ready.done():
            self._ready.set_exception(error)
            self._ready.exception()  # it has been seen, also where nobody waits
        answered, self._answered = self._answered, None
        self._release()
        self._gone.set_result(None)
        if answered is not None:
            answered([error])
        self._ended(self, said)

    def _release(self) -> None:
        """Let go of what it shares with the process: once, as its descriptors may be somebody else's by now."""
        if self._is_released:
            return
        self._is_released = True
        if self._watch >= 0:
            asyncio.get_running_loop().remove_reader(self._watch)
            os.close(self._watch)
        self._control.close()
        self._requests.close()
        self._answers.close()

    def _write(self, frame: bytes) -> None:
        assert self._transport is not None
        self._transport.write(frame)


def _spawn(command: list[str], descriptors: Sequence[int]) -> subprocess.Popen[bytes]:
    # In a session of its own: an interrupt at the terminal is the engine's to handle.
    return subprocess.Popen(command, pass_fds=descriptors, start_new_session=True, stdin=subprocess.DEVNULL)  # noqa: S603
