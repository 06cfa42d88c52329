"""Channels between processes of one machine: a Unix socket, and shared memory for values that are large.

The sender owns one arena more than the channel holds values, and uses them in turn, so that the bytes of a Parcel are
there until the next value is received. The receiver opens them through /proc; where it cannot (another user, no
/proc), values go through the socket.
"""

import asyncio
import contextlib
import os
import secrets
import struct
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from comb_compiler.runtime.channels.remote import CLOSE, DATA, HELLO, TAKE_BACK, RemoteReceiver, RemoteSender
from comb_compiler.runtime.messages import Message
from comb_compiler.runtime.wire.arena import Arena
from comb_compiler.runtime.wire.values import pack, unpack

__all__ = ["LocalReceiver", "connect", "listen"]

T = TypeVar("T", bound=Message)

_FRAME = struct.Struct("<QBIIQ")  # bytes that follow, kind, arena (0: none), bytes of the head, bytes of the content
_HELLO = struct.Struct("<II16s")  # process, an arena's descriptor, what is in that arena
_LARGE = 64 * 1024


class _Wire(asyncio.Protocol):
    """Frames over a stream."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._over = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._over.set()

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        while len(buffer) >= _FRAME.size:
            size, kind, arena, head, content = _FRAME.unpack_from(buffer)
            end = _FRAME.size + size
            if len(buffer) < end:
                return
            body = bytes(memoryview(buffer)[_FRAME.size : end])
            del buffer[:end]
            self.frame(kind, arena, memoryview(body), head, content)

    def frame(self, kind: int, arena: int, body: memoryview, head: int, content: int) -> None:
        """A frame has come. The content of DATA is in an arena, or follows the head."""

    def write(self, kind: int, *pieces: Any, arena: int = 0, head: int = 0, content: int = 0) -> None:
        """Send a frame."""
        if self._transport is not None and not self._transport.is_closing():
            size = sum(map(len, pieces))
            self._transport.write(b"".join((_FRAME.pack(size, kind, arena, head, content), *pieces)))

    def send_frame(self, kind: int, content: bytes = b"") -> None:
        """Send a frame without a value."""
        self.write(kind, content)

    def finish(self) -> None:
        """Close the connection when everything has gone out."""
        if self._transport is not None:
            self._transport.close()

    async def drop(self) -> None:
        """Let go of the connection; returns when it is gone."""
        if self._transport is not None:
            self._transport.close()
            await self._over.wait()


class _SenderLink(_Wire, Generic[T]):
    def __init__(self, sender: RemoteSender[T]) -> None:
        super().__init__()
        self._sender = sender
        self._arenas: list[Arena] = []
        self._turn = 0
        self._is_shared = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        secret = secrets.token_bytes(16)
        self._arenas.append(Arena.create())
        self._arenas[0].write([secret], len(secret))
        self.write(HELLO, _HELLO.pack(os.getpid(), self._arenas[0].descriptor, secret))
        self._sender.attach(self)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._sender.gone()
        for arena in self._arenas:
            arena.close()

    def frame(self, kind: int, arena: int, body: memoryview, head: int, content: int) -> None:
        if kind == HELLO:
            self._is_shared = True
            self._arenas += [Arena.create() for _ in range(content)]
        else:
            self._sender.heard(kind, body)

    def send_value(self, value: Any) -> None:
        packed = pack([value])
        if packed.size < _LARGE or not self._is_shared:
            self.write(DATA, packed.head, *packed.pieces, head=len(packed.head), content=packed.size)
            return
        arena = self._arenas[self._turn]
        self._turn = (self._turn + 1) % len(self._arenas)
        arena.write(packed.pieces, packed.size)
        self.write(DATA, packed.head, arena=arena.descriptor, head=len(packed.head), content=packed.size)

    def finish(self) -> None:
        """The receiver ends the connection: what is in the arenas is there until it has read it."""


class LocalReceiver(RemoteReceiver[T]):
    """The receiving end: a Unix socket at `path`, where one sender connects."""

    def __init__(self, path: Path, kind: type[T], capacity: int) -> None:
        super().__init__(kind, capacity)
        self.path = path
        self.server: asyncio.Server | None = None
        self.link: _ReceiverLink[T] | None = None

    def admit(self) -> "_Wire":
        """Who connects first is the sender; anyone else is sent away."""
        if self.link is not None:
            return _SentAway()
        self.link = _ReceiverLink(self)
        return self.link

    async def end(self) -> None:
        """Listen no more, and let go of the connection; whoever still waits hears that it is gone."""
        if self.server is not None:
            self.server.close()
        if self.link is not None:
            await self.link.drop()
        if self.server is not None:
            await self.server.wait_closed()
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()


class _SentAway(_Wire):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).abort()


class _ReceiverLink(_Wire, Generic[T]):
    def __init__(self, receiver: LocalReceiver[T]) -> None:
        super().__init__()
        self._receiver = receiver
        self._arenas: dict[int, Arena] = {}
        self._process = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._receiver.attach(self)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._receiver.gone()
        for arena in self._arenas.values():
            arena.close()

    def send_value(self, value: Any) -> None:
        """A receiver sends none."""
        raise AssertionError

    def frame(self, kind: int, arena: int, body: memoryview, head: int, content: int) -> None:
        if kind == HELLO:
            self._meet(*_HELLO.unpack(body))
        elif kind in (CLOSE, TAKE_BACK):
            self._receiver.heard(kind, None)
        elif arena:
            view = self._arena(arena).read(content)
            self._receiver.heard(DATA, unpack(body, view, self._receiver.kinds, keep=False)[0])
        else:
            self._receiver.heard(DATA, unpack(body[:head], body[head:], self._receiver.kinds, keep=False)[0])

    def _meet(self, process: int, descriptor: int, secret: bytes) -> None:
        """Where its memory can be read, say so."""
        self._process = process
        try:
            is_the_same = bytes(self._arena(descriptor).read(len(secret))) == secret
        except (OSError, ValueError):
            return
        if is_the_same:
            self.write(HELLO, content=max(1, self._receiver.capacity))

    def _arena(self, descriptor: int) -> Arena:
        arena = self._arenas.get(descriptor)
        if arena is None:
            arena = Arena(os.open(f"/proc/{self._process}/fd/{descriptor}", os.O_RDWR | os.O_CLOEXEC))
            self._arenas[descriptor] = arena
        return arena


async def listen(path: Path, kind: type[T], capacity: int) -> LocalReceiver[T]:
    """The receiving end of a channel, at a path where nothing is yet. A Parcel's bytes last until the next receive."""
    receiver = LocalReceiver(path, kind, capacity)
    receiver.server = await asyncio.get_running_loop().create_unix_server(receiver.admit, str(path))
    return receiver


async def connect(path: Path, kind: type[T]) -> RemoteSender[T]:
    """The sending end. Raises OSError where nobody listens."""
    sender = RemoteSender(kind)
    await asyncio.get_running_loop().create_unix_connection(lambda: _SenderLink(sender), str(path))
    return sender
