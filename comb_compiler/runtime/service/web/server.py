"""The HTTP port: takes connections, and makes room among them."""

import asyncio
import logging
import os
import socket
import ssl

from comb_compiler.runtime.service.face import CannotServe
from comb_compiler.runtime.service.settings import Settings
from comb_compiler.runtime.service.tls import Certificates
from comb_compiler.runtime.service.web.connection import Connection
from comb_compiler.runtime.service.web.exchange import Respond

__all__ = ["WebServer"]

_log = logging.getLogger("comb.service")
_BUFFER = 64 * 1024
_BACKLOG = 512


class WebServer:
    """Listens from `start` to `stop`."""

    def __init__(self, respond: Respond, settings: Settings, certificates: Certificates | None = None) -> None:
        self._certificates = certificates
        self._watching: asyncio.Task[None] | None = None
        self._respond = respond
        self._settings = settings
        self._socket: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._open: dict[Connection, asyncio.Task[None]] = {}

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._open)

    async def start(self) -> int:
        """Listen, and say on which port. Raises CannotServe."""
        host, port = self._settings.host, self._settings.http_port
        try:
            self._socket = socket.create_server(
                (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=_BACKLOG
            )
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise CannotServe(f"HTTP cannot listen on {host}:{port}: {reason} (see --host, --http-port)") from error
        if self._certificates is None:
            await self._listen(None)
        else:
            await self._listen(self._certificates.context)
            self._watching = asyncio.create_task(self._certificates.watch(self._listen))
        return int(self._socket.getsockname()[1])

    async def _listen(self, tls: ssl.SSLContext | None) -> None:
        """Take connections by these certificates from now on: at the same socket, with nobody turned away."""
        assert self._socket is not None
        before = self._server
        self._server = await asyncio.start_server(
            self._accepted,
            sock=self._socket.dup(),
            limit=_BUFFER,
            ssl=tls,
            ssl_handshake_timeout=None if tls is None else self._settings.head_seconds,
        )
        if before is not None:
            before.close()

    async def stop(self, grace: float) -> None:
        """Take no more connections and no more requests; those that are under way may take `grace` seconds."""
        if self._server is None or self._socket is None:
            return
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        self._server.close()
        self._socket.close()
        for connection in self._open:
            connection.finish()
        tasks = list(self._open.values())
        if tasks:
            _, left = await asyncio.wait(tasks, timeout=grace)
            for task in left:
                task.cancel()
            await asyncio.wait(tasks)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer, self._respond, self._settings)
        if len(self._open) >= self._settings.connections and not self._make_room():
            connection.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._open[connection] = task
        try:
            await connection.serve()
            await connection.close()
        except asyncio.CancelledError:
            connection.abort()
        except Exception:
            _log.exception("an HTTP connection failed")
            connection.abort()
        finally:
            del self._open[connection]

    def _make_room(self) -> bool:
        """End the connection that has done nothing for longest: silent ones must not keep others out."""
        silent = (one for one in self._open if one.is_silent)
        waiting = (one for one in self._open if one.is_waiting)
        goes = next(silent, None) or next(waiting, None)
        if goes is not None:
            goes.abort()
        return goes is not None
