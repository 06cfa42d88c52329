"""A connection to a process, that is made again and again, and renewed with other certificates."""

import asyncio
import logging
from contextlib import suppress
from typing import Any

import grpc

from comb_compiler.runtime.dialling import open_channel
from comb_compiler.runtime.peers.frames import METHOD, ROOM

__all__ = ["Link"]

_log = logging.getLogger("comb.runtime")
_READY = grpc.ChannelConnectivity.READY
_RENEWING = 5.0
"""Seconds that a channel with other certificates has for connecting before it takes over."""
_GRACE = 30.0
"""Seconds that calls under way have for ending on the channel that it replaces."""


class Link:
    """A channel to one process, and whether it is connected."""

    def __init__(
        self, name: str, target: str, largest: int, credentials: grpc.ChannelCredentials | None, *, needed: bool
    ) -> None:
        self.name = name
        self.needed = needed
        self.is_ready = False
        self._target = target
        self._most = largest + ROOM
        self._credentials = credentials
        self._channel: Any = None
        self._watching: asyncio.Task[None] | None = None
        self.call: Any = None

    @property
    def reason(self) -> str:
        """Why it is not ready."""
        if not self._target:
            return f"nothing says where process `{self.name}` is"
        return f"process `{self.name}` cannot be reached"

    def open(self) -> None:
        if self._target:
            self._use(self._made())

    async def renew(self, credentials: grpc.ChannelCredentials) -> None:
        """Another channel takes the place of this one as soon as it is connected, or after a while."""
        self._credentials = credentials
        if self._channel is None:
            return
        fresh = self._made()
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(fresh.channel_ready(), _RENEWING)
        except BaseException:
            await fresh.close()
            raise
        await self._stop_watching()
        before = self._channel
        self._use(fresh)
        try:
            await before.close(_GRACE)
        finally:
            await before.close()

    def _made(self) -> Any:
        return open_channel(self._target, self._credentials, self._most, watched=True)

    def _use(self, channel: Any) -> None:
        self._channel = channel
        self.call = channel.unary_unary(METHOD)
        self._watching = asyncio.create_task(self._watch())

    async def _stop_watching(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])

    async def close(self) -> None:
        await self._stop_watching()
        self.call, self.is_ready = None, False
        if self._channel is not None:
            await self._channel.close()

    async def _watch(self) -> None:
        """Follow the channel's state; asking for it makes it connect again."""
        while True:
            state = self._channel.get_state(try_to_connect=True)
            is_ready = state == _READY
            if is_ready != self.is_ready:
                self.is_ready = is_ready
                log = _log.info if is_ready else _log.warning
                log("process `%s` is %s", self.name, "connected" if is_ready else "lost")
            await self._channel.wait_for_state_change(state)
