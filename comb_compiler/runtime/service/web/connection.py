"""One HTTP connection: bytes ↔ requests and responses. h11 does no I/O, so that every wait is here, and has a limit."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import h11

from comb_compiler.runtime.codes import Code
from comb_compiler.runtime.service.settings import Settings
from comb_compiler.runtime.service.web.answers import refused
from comb_compiler.runtime.service.web.exchange import Refusal, Request, Respond, Response

__all__ = ["Connection"]

_PIECE = 64 * 1024
_HEAD_BYTES = 16 * 1024
_LINGER_SECONDS = 1.0
_LINGER_BYTES = 1024 * 1024


class Connection:
    """Serves requests one after the other; those that a client sends ahead wait their turn.

    `is_silent`: nothing has come of a next request. `is_waiting`: its head is not complete.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, respond: Respond, settings: Settings
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._respond = respond
        self._settings = settings
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD_BYTES)
        self._is_last = False
        self._is_head = False
        self._declared = 0
        self.is_silent = self.is_waiting = True

    async def serve(self) -> None:
        """Serve until the connection ends."""
        patience = self._settings.head_seconds
        with suppress(OSError, TimeoutError, h11.LocalProtocolError):
            while await self._exchange(patience):
                patience = self._settings.idle_seconds
                self._http.start_next_cycle()

    async def close(self) -> None:
        """Close. What was written is sent, if the client takes it in time."""
        self._writer.close()
        try:
            async with asyncio.timeout(self._settings.body_seconds):
                await self._writer.wait_closed()
        except (OSError, TimeoutError):
            self.abort()

    def finish(self) -> None:
        """Serve no further request after the one that is under way."""
        self._is_last = True
        if self.is_silent:
            self.abort()

    def abort(self) -> None:
        """End at once."""
        self._writer.transport.abort()

    async def _exchange(self, patience: float) -> bool:
        """One request and its response. Whether another may follow."""
        try:
            head = await self._head(patience)
            if head is None:
                return False
            self.is_waiting = False
            response = await self._respond(self._request(head))
        except Refusal as refusal:
            response = refused(refusal.status, refusal.code, refusal.message, refusal.headers)
        await self._send(response)
        self.is_silent = self.is_waiting = True
        if not self._is_last and self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            return True
        await self._linger()
        return False

    async def _head(self, patience: float) -> Any:
        """The next request's head; None where none comes."""
        if self._http.trailing_data[0] == b"":
            async with asyncio.timeout(patience):
                self._http.receive_data(await self._reader.read(_PIECE))
        self.is_silent = False
        try:
            async with asyncio.timeout(self._settings.head_seconds):
                event = await self._next()
        except TimeoutError:
            raise Refusal(408, Code.DEADLINE_EXCEEDED, "the request's head did not come in time") from None
        if not isinstance(event, h11.Request):
            return None
        if len(event.target) + sum(len(name) + len(value) + 4 for name, value in event.headers) > _HEAD_BYTES:
            raise Refusal(431, Code.INVALID_ARGUMENT, f"the request's head is larger than {_HEAD_BYTES} bytes")
        return event

    async def _next(self) -> Any:
        """What comes next. Raises Refusal for what is no HTTP."""
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                if self._http.they_are_waiting_for_100_continue:
                    self._writer.write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
                self._http.receive_data(await self._reader.read(_PIECE))
        except h11.RemoteProtocolError as error:
            message = f"this is no HTTP request: {error}"
            raise Refusal(error.error_status_hint, Code.INVALID_ARGUMENT, message) from error
        return event

    def _request(self, head: Any) -> Request:
        self._is_head = head.method == b"HEAD"
        self._declared = next((int(value) for name, value in head.headers if name == b"content-length"), 0)
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers)
        path = head.target.decode("latin-1").partition("?")[0]
        return Request(head.method.decode("latin-1"), path, headers, self._body, self._while_there)

    async def _body(self, limit: int) -> bytes:
        pieces: list[bytes] = []
        size = 0
        too_large = Refusal(413, Code.RESOURCE_EXHAUSTED, f"the body is larger than {limit} bytes")
        if self._declared > limit:
            raise too_large
        try:
            async with asyncio.timeout(self._settings.body_seconds):
                while isinstance(event := await self._next(), h11.Data):
                    pieces.append(bytes(event.data))
                    size += len(event.data)
                    if size > limit:
                        raise too_large
        except TimeoutError:
            raise Refusal(408, Code.DEADLINE_EXCEEDED, "the request's body did not come in time") from None
        return b"".join(pieces)

    async def _while_there(self, work: Coroutine[Any, Any, Any]) -> Any:
        task, gone = asyncio.ensure_future(work), asyncio.ensure_future(self._gone())
        try:
            await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise ConnectionResetError
            return task.result()
        finally:
            for one in (task, gone):
                one.cancel()
            await asyncio.wait((task, gone))

    async def _gone(self) -> None:
        """Returns when the client has closed its side. What it sends ahead is kept, and then no more is read."""
        ahead = await self._reader.read(_PIECE)
        if ahead:
            self._http.receive_data(ahead)
            await asyncio.Event().wait()

    async def _send(self, response: Response) -> None:
        headers = [
            ("content-type", response.type),
            ("content-length", str(len(response.content))),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
            *response.headers,
        ]
        if self._is_last or not self._has_all():
            headers.append(("connection", "close"))
        content = b"" if self._is_head else response.content
        head = h11.Response(status_code=response.status, headers=headers)
        for event in (head, h11.Data(data=content), h11.EndOfMessage()):
            self._writer.write(self._http.send(event) or b"")
        async with asyncio.timeout(self._settings.body_seconds):
            await self._writer.drain()

    def _has_all(self) -> bool:
        """Whether the request has been read to its end, or that end is here already."""
        if self._http.their_state is h11.SEND_BODY and not self._http.they_are_waiting_for_100_continue:
            with suppress(h11.RemoteProtocolError):
                self._http.next_event()
        return self._http.their_state is h11.DONE

    async def _linger(self) -> None:
        """Let the client read the response before the connection breaks: it may still be sending."""
        await self._writer.drain()
        if not self._writer.can_write_eof():
            return
        self._writer.write_eof()
        left = _LINGER_BYTES
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                while left > 0 and (piece := await self._reader.read(_PIECE)):
                    left -= len(piece)
