"""A channel to a model server, and whether it can be reached."""

import asyncio
import re
from typing import Any, NamedTuple

import grpc

from comb_compiler.runtime.dialling import open_channel
from comb_compiler.runtime.engine.program import CannotRun
from comb_compiler.runtime.oip.protocol import message, method

__all__ = ["Connection", "Endpoint", "endpoint"]

_ENDPOINT = re.compile(r"(grpcs?)://((?:[^/@:\[\]\s]+|\[[0-9a-fA-F:]+\]):(\d{1,5}))/?")
_LOST = (grpc.ChannelConnectivity.TRANSIENT_FAILURE, grpc.ChannelConnectivity.SHUTDOWN)
_ROOM = 1 << 16
"""Of a message, beside the values themselves."""


class Endpoint(NamedTuple):
    """Where a server is."""

    address: str
    is_secure: bool


def endpoint(text: str) -> Endpoint:
    """An endpoint as a person writes it. Raises CannotRun."""
    read = _ENDPOINT.fullmatch(text)
    if read is None or not 0 < int(read[3]) < 65536:
        raise CannotRun(f"a model server is at grpc://host:port or grpcs://host:port, not at {text!r}")
    return Endpoint(read[2], read[1] == "grpcs")


class Connection:
    """A channel, open from `open` to `close`, which connects by itself, again and again.

    `roots` are certificates, as PEM, of the authorities that a server's own may come from; gRPC's own where None.
    """

    def __init__(self, where: Endpoint, largest: int, roots: bytes | None) -> None:
        self._where = where
        self._most = largest + _ROOM
        self._roots = roots
        self._channel: Any = None
        self._watching: asyncio.Task[None] | None = None
        self._calls: dict[str, Any] = {}
        self._changes: list[asyncio.Event] = []
        self.is_lost = False
        """Whether the last attempt to connect has failed."""

    def open(self) -> None:
        """Begin to connect."""
        credentials = grpc.ssl_channel_credentials(self._roots) if self._where.is_secure else None
        self._channel = open_channel(f"dns:///{self._where.address}", credentials, self._most)
        for name in ("ServerReady", "ModelReady", "ModelMetadata", "ModelInfer"):
            self._calls[name] = self._channel.unary_unary(
                method(name),
                request_serializer=lambda request: request.SerializeToString(),
                response_deserializer=message(f"{name}Response").FromString,
            )
        self._watching = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Let go of it."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        self._calls.clear()
        if self._channel is not None:
            await self._channel.close()

    @property
    def is_open(self) -> bool:
        """Whether it can be asked at all."""
        return bool(self._calls)

    def changes(self) -> asyncio.Event:
        """An event that is set whenever it is lost or has come back."""
        event = asyncio.Event()
        self._changes.append(event)
        return event

    async def ask(self, name: str, request: Any, within: float, metadata: tuple[tuple[str, str], ...] = ()) -> Any:
        """Call a method, for `within` seconds. Raises grpc.aio.AioRpcError."""
        return await self._calls[name](request, timeout=within, metadata=metadata)

    async def _watch(self) -> None:
        """Follow the channel's state; asking for it makes it connect again."""
        while True:
            state = self._channel.get_state(try_to_connect=True)
            is_lost = state in _LOST or (self.is_lost and state != grpc.ChannelConnectivity.READY)
            if is_lost != self.is_lost:
                self.is_lost = is_lost
                for event in self._changes:
                    event.set()
            await self._channel.wait_for_state_change(state)
