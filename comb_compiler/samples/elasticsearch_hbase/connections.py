"""Connections to HBase's Thrift server, kept between calls.

The server closes a connection that was idle for a minute (`hbase.thrift.server.socket.read.timeout`), without a word to
who has it. So one that has been idle for long is not tried; one that fails is closed, and the call repeated on another.
"""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from comb_compiler.samples.elasticsearch_hbase.settings import Settings
from comb_compiler.samples.store import StoreError

if TYPE_CHECKING:
    from happybase import Connection

__all__ = ["Connections", "trusting", "verdict"]

_BUFFER = 256 << 10
"""Bytes that are sent, or asked for, at once."""
_IDLE = 45.0
"""Seconds after which a connection is not trusted any more."""


class Connections:
    """At most `settings.pool` of them; who needs one more waits for the timeout of a call."""

    def __init__(self, settings: Settings, connect: "Callable[[Settings], Connection] | None" = None) -> None:
        self._settings = settings
        self._connect = connect or _connected
        self._free = threading.BoundedSemaphore(settings.pool)
        self._lock = threading.Lock()
        self._idle: list[tuple[float, Any]] = []
        self._is_closed = False

    @contextmanager
    def one(self) -> "Iterator[Connection]":
        """A connection of one's own, until the end of the block; a block that raises has spoilt it."""
        if not self._free.acquire(timeout=self._settings.timeout):
            raise StoreError(f"all {self._settings.pool} connections to HBase are in use (`sampleStore.hbase.pool`)")
        try:
            connection = self._kept() or self._connect(self._settings)
            try:
                yield connection
            except BaseException:
                _close(connection)
                raise
            with self._lock:
                keep = not self._is_closed
                if keep:
                    self._idle.append((time.monotonic(), connection))
            if not keep:
                _close(connection)
        finally:
            self._free.release()

    def close(self) -> None:
        """Let go of those that are not in use now; the others follow."""
        with self._lock:
            self._is_closed, idle, self._idle = True, self._idle, []
        for _, one in idle:
            _close(one)

    def _kept(self) -> "Connection | None":
        with self._lock:
            old = [one for since, one in self._idle if time.monotonic() - since > _IDLE]
            self._idle = self._idle[len(old) :]  # those that have been idle for longest are in front
            found = self._idle.pop()[1] if self._idle else None
        for one in old:
            _close(one)
        return found


def _close(connection: "Connection") -> None:
    with suppress(Exception):  # it is given up in any case
        connection.close()


def _connected(settings: Settings) -> "Connection":
    import happybase

    milliseconds = round(settings.timeout * 1000)
    connection = happybase.Connection(settings.host, settings.port, timeout=milliseconds, autoconnect=False)
    _lead(connection, settings, milliseconds)
    connection.open()
    return connection


def _lead(connection: Any, settings: Settings, milliseconds: int) -> None:
    """happybase speaks no TLS, and sends 4 KiB at a time: the same client, over a socket and a buffer of ours."""
    from happybase import connection as client
    from thriftpy2.transport import TSocket, TSSLSocket

    where = {"host": settings.host, "port": settings.port, "socket_timeout": milliseconds}
    if settings.tls:
        context = trusting(settings.credentials.ca)
        socket: Any = TSSLSocket(**where, ssl_context=context)  # type: ignore[no-untyped-call]
    else:
        socket = TSocket(**where)  # type: ignore[no-untyped-call]
    connection.transport = client.TBufferedTransport(socket, _BUFFER)
    protocol = client.TBinaryProtocol(connection.transport, decode_response=False)
    connection.client = client.TClient(client.Hbase, protocol)


def trusting(ca: str) -> ssl.SSLContext:
    """What knows servers by a file of certificates, or the machine's own. Raises StoreError, which names it."""
    try:
        return ssl.create_default_context(cafile=ca or None)
    except OSError as problem:  # among them what ssl says of a file that is none of certificates
        why = "has no certificates in PEM" if isinstance(problem, ssl.SSLError) else f"is not read: {problem.strerror}"
        raise StoreError(f"{ca}, by which the servers of samples are to be known, {why}") from problem


def verdict(error: Exception) -> tuple[bool, str]:
    """Of an error of the Thrift client: whether another attempt may help, and what it says."""
    from thriftpy2.thrift import TException

    said = getattr(error, "message", None) or str(error) or type(error).__name__
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    first = text.strip().split("\n")[0][:300]
    if isinstance(error.__context__, OSError):  # the client leaves out why it could not connect
        first += f" ({error.__context__})"
    if "TableNotFound" in text or "NoSuchColumnFamily" in text:
        return False, f"{first}: `comb platform apply-store` says what is to be done"
    return isinstance(error, OSError | TException) and type(error).__name__ != "IllegalArgument", first
