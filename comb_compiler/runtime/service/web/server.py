"""The HTTP port: takes connections, and makes room among them."""

import asyncio
import logging
import ssl

from comb_compiler.runtime.service.face import CannotServe
from comb_compiler.runtime.service.settings import Settings
from comb_compiler.runtime.service.web.connection import Connection
from comb_compiler.runtime.service.web.exchange import Respond

__all__ = ["WebServer"]

_log = logging.getLogger("comb.service")
_BUFFER = 64 * 1024


class WebServer:
    """Listens from `start` to `stop`."""

    def __init__(self, respond: Respond, settings: Settings, tls: ssl.SSLContext | None = None) -> None:
        self._respond = respond
        self._settings = settings
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._open: dict[Connection, asyncio.Task[None]] = {}

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._open)

    async def start(self) -> int:
        """Listen, and say on which port. Raises CannotServe."""
        settings = self._settings
        try:
            self._server = await asyncio.start_server(
                self._accepted,
                settings.host,
                settings.http_port,
                limit=_BUFFER,
                ssl=self._tls,
                ssl_handshake_timeout=None if self._tls is None else settings.head_seconds,
            )
        except OSError as error:
            where = f"{settings.host}:{settings.http_port}"
            raise CannotServe(f"HTTP cannot listen on {where}: {error.strerror or error}") from error
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self, grace: float) -> None:
        """Take no more connections and no more requests; those that are under way may take `grace` seconds."""
        if self._server is None:
            return
        self._server.close()
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
