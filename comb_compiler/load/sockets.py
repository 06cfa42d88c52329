"""A socket of gevent that is read by one greenlet and written to without waiting."""

from collections.abc import Callable
from contextlib import suppress
from errno import EADDRNOTAVAIL, EMFILE, ENFILE, ENOBUFS, ENOMEM
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import Any

import gevent
from gevent import socket

from comb_compiler.load.calls import Exhausted, Refused

__all__ = ["Wire", "connected"]

_PART = 1 << 18
_MOST_UNSENT = 1 << 28
_OURS = (EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL)


def connected(host: str, port: int, timeout: float) -> Any:
    """A connection. Raises Refused, Exhausted."""
    try:
        found = socket.create_connection((host, port), timeout)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise (Exhausted if getattr(error, "errno", None) in _OURS else Refused)(why) from error
    found.settimeout(None)
    found.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
    return found


class Wire:
    """`came` is called with what arrives, and with nothing when the other side is gone; what it raises is a bug."""

    def __init__(self, sock: Any, came: Callable[[bytes], None]) -> None:
        self._sock, self._came = sock, came
        self._direct = sock.dup()
        self._direct.settimeout(0.0)
        self._unsent = bytearray()
        self._is_closed = False
        self._reader = gevent.spawn(self._read)

    def write(self, what: bytes | bytearray) -> None:
        """Send, in order: at once as far as the other side takes it."""
        if self._is_closed:
            return
        if not self._unsent:
            try:
                sent = self._direct.send(what)
            except BlockingIOError:
                sent = 0
            except OSError:
                return  # the reader says that it is gone
            if sent == len(what):
                return
            what = what[sent:]
            gevent.spawn(self._drain)
        self._unsent += what
        if len(self._unsent) > _MOST_UNSENT:
            self.close()
            self._came(b"")

    def has_something(self) -> bool:
        """Whether something has come, or the end, that was not read yet."""
        try:
            self._direct.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def _drain(self) -> None:
        try:
            while self._unsent:
                sent = self._sock.send(bytes(self._unsent[:_PART]))
                del self._unsent[:sent]
        except OSError:
            self._unsent.clear()

    def _read(self) -> None:
        receive, came = self._sock.recv, self._came
        while True:
            try:
                found = receive(_PART)
            except OSError:
                found = b""
            if self._is_closed:
                return
            came(found)
            if not found:
                self.close()
                return

    def close(self) -> None:
        """Nothing is sent or arrives any more."""
        if self._is_closed:
            return
        self._is_closed = True
        self._unsent.clear()
        self._direct.close()
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
