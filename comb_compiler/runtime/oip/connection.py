"""A channel to a model server, and whether it can be reached."""

import asyncio
import json
import re
from typing import Any, NamedTuple

import grpc
import grpc.aio

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
        self._options = _options(largest)
        self._roots = roots
        self._channel: Any = None
        self._watching: asyncio.Task[None] | None = None
        self._calls: dict[str, Any] = {}
        self._changes: list[asyncio.Event] = []
        self.is_lost = False
        """Whether the last attempt to connect has failed."""

    def open(self) -> None:
        """Begin to connect."""
        target = f"dns:///{self._where.address}"
        if self._where.is_secure:
            credentials = grpc.ssl_channel_credentials(self._roots)
            self._channel = grpc.aio.secure_channel(target, credentials, options=self._options)
        else:
            self._channel = grpc.aio.insecure_channel(target, options=self._options)
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


def _options(largest: int) -> list[tuple[str, Any]]:
    return [
        ("grpc.service_config", json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})),
        ("grpc.max_receive_message_length", largest + _ROOM),
        ("grpc.max_send_message_length", largest + _ROOM),
        ("grpc.use_local_subchannel_pool", 1),  # what one engine has learned of a server is not another's to wait for
        ("grpc.enable_http_proxy", 0),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 1_000),
        ("grpc.max_reconnect_backoff_ms", 5_000),
        ("grpc.dns_min_time_between_resolutions_ms", 1_000),
    ]
