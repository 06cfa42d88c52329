"""Channels between pods: one bidirectional gRPC stream each, `comb.runtime.v1.Channels/Open`.

The stream's messages are frames: one byte says what it is, the rest is what `remote` and `wire.values` say. The name of
the channel is in the call's metadata, as `comb-channel`.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import grpc
import grpc.aio

from comb_compiler.runtime.channels.remote import DATA, RemoteReceiver, RemoteSender
from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.messages import Message
from comb_compiler.runtime.wire.values import pack, unpack

__all__ = ["SERVICE", "GrpcChannels", "connect"]

SERVICE = "comb.runtime.v1.Channels"
"""The gRPC service; its method is `Open`."""

T = TypeVar("T", bound=Message)

_NAME = "comb-channel"
_HEAD = struct.Struct("<BI")  # kind, bytes of a value's description


class _Link:
    """What is to be sent on a stream, in order. What is there is bounded by the credits."""

    def __init__(self) -> None:
        self._frames: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.listening: asyncio.Task[None] | None = None

    def send_value(self, value: Any) -> None:
        head, pieces, _ = pack([value])
        self._frames.put_nowait(b"".join((_HEAD.pack(DATA, len(head)), head, *pieces)))

    def send_frame(self, kind: int, content: bytes = b"") -> None:
        self._frames.put_nowait(_HEAD.pack(kind, 0) + content)

    def finish(self) -> None:
        self._frames.put_nowait(None)

    async def drop(self) -> None:
        self.finish()
        if self.listening is not None:
            self.listening.cancel()
            await asyncio.wait([self.listening])

    async def frames(self) -> AsyncIterator[bytes]:
        """What is to be sent, until the end."""
        while (frame := await self._frames.get()) is not None:
            yield frame


async def _listen(stream: Any, heard: Callable[[int, memoryview, int], None]) -> OperatorError | None:
    """Hand over frames until the stream ends. Why it ended, where the other side says so."""
    try:
        async for frame in stream:
            kind, head = _HEAD.unpack_from(frame)
            heard(kind, memoryview(frame)[_HEAD.size :], head)
    except grpc.aio.AioRpcError as error:
        return OperatorError(Code(error.code().value[0]), error.details() or "the stream broke")
    return None


class GrpcChannels(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Receiving ends, by name: add it to a grpc.aio server with `add_generic_rpc_handlers`."""

    def __init__(self) -> None:
        self._receivers: dict[str, RemoteReceiver[Any]] = {}
        self._taken: set[str] = set()

    def receive(self, name: str, kind: type[T], capacity: int) -> RemoteReceiver[T]:
        """The receiving end of a channel, to which one sender connects."""
        receiver = self._receivers[name] = RemoteReceiver(kind, capacity)
        return receiver

    def service(self, call: Any) -> Any:
        """The handler of a call, for gRPC."""
        if call.method != f"/{SERVICE}/Open":
            return None
        return grpc.stream_stream_rpc_method_handler(self._open)

    async def _open(self, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        name = dict(context.invocation_metadata() or ()).get(_NAME, "")
        receiver = self._receivers.get(name)
        if receiver is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"there is no channel {name!r}")
        if name in self._taken:
            await context.abort(grpc.StatusCode.ALREADY_EXISTS, f"channel {name!r} has a sender")
        assert receiver is not None
        self._taken.add(name)
        link = _Link()

        def heard(kind: int, body: memoryview, head: int) -> None:
            value = unpack(body[:head], body[head:], receiver.kinds, keep=False)[0] if kind == DATA else None
            receiver.heard(kind, value)

        async def listen() -> None:
            await _listen(requests, heard)
            receiver.gone()
            link.finish()

        receiver.attach(link)
        listening = asyncio.create_task(listen())
        try:
            async for frame in link.frames():
                yield frame
        finally:
            listening.cancel()
            receiver.gone()


async def connect(channel: Any, name: str, kind: type[T]) -> RemoteSender[T]:
    """The sending end, over a grpc.aio channel. What the other side refuses is raised by the first send."""
    sender = RemoteSender(kind)
    link = _Link()
    sender.attach(link)
    open_ = channel.stream_stream(f"/{SERVICE}/Open")
    stream = open_(link.frames(), metadata=((_NAME, name),))

    async def listen() -> None:
        error = None
        try:
            error = await _listen(stream, lambda kind, body, _: sender.heard(kind, body))
        finally:
            stream.cancel()
            sender.gone(error)
            link.finish()

    link.listening = asyncio.create_task(listen())
    return sender
