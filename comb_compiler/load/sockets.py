"""A socket of gevent that is read by one greenlet and written to without waiting."""

from collections.abc import Callable
from contextlib import suppress
from errno import EADDRNOTAVAIL, EMFILE, ENFILE, ENOBUFS, ENOMEM
from socket import IPPROTO_TCP, TCP_NODELAY
from ssl import SSLContext
from typing import Any

import gevent
from gevent import socket
from gevent.event import Event

from comb_compiler.load.calls import Exhausted, Refused
from comb_compiler.load.model import Target
from comb_compiler.load.tls import Opened, Session

__all__ = ["Wire", "wired"]

_PART = 1 << 18
_MOST_UNSENT = 1 << 28
_OURS = (EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL)


def wired(target: Target, context: SSLContext | None, timeout: float, came: Callable[[bytes], None]) -> "Wire":
    """A connection to a target, by TLS where there is a context of it. Raises Refused, Exhausted."""
    sock = _connected(target.host, target.port, timeout)
    session = None if context is None else Session(context, target.host)
    if session is not None:
        try:
            session.shake(sock, timeout)
        except Refused:
            sock.close()
            raise
    return Wire(sock, came, session)


def _connected(host: str, port: int, timeout: float) -> Any:
    try:
        found = socket.create_connection((host, port), timeout)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise (Exhausted if getattr(error, "errno", None) in _OURS else Refused)(why) from error
    found.settimeout(None)
    found.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
    return found


class Wire:
    """`came` is called with what arrives, and with nothing when the other side is gone; what it raises is a bug.

    With a session of TLS, both see what is inside. `why` is what the other side says of its end, where it does.
    """

    def __init__(self, sock: Any, came: Callable[[bytes], None], session: Session | None = None) -> None:
        self._sock, self._came, self._session = sock, came, session
        self.why = ""
        self._heard = Event()
        self._direct = sock.dup()
        self._direct.settimeout(0.0)
        self._unsent = bytearray()
        self._is_closed = False
        self._reader = gevent.spawn(self._read)

    def write(self, what: bytes | bytearray) -> None:
        """Send, in order: at once as far as the other side takes it."""
        if not self._is_closed:
            self._write(what if self._session is None else self._session.sealed(what))

    def _write(self, what: bytes | bytearray) -> None:
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
        if self._session is not None:
            return self._has_something_inside(self._session)
        try:
            self._direct.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def _has_something_inside(self, session: Session) -> bool:
        """What TLS says for itself, as its tickets, is nothing."""
        try:
            came = self._direct.recv(_PART)
        except BlockingIOError:
            return False
        except OSError:
            return True
        opened = self._opened(session, came)
        if opened.plain or opened.is_over:
            gevent.spawn(self._deliver, opened)
        return bool(opened.plain) or opened.is_over

    def _opened(self, session: Session, came: bytes) -> Opened:
        opened = session.opened(came) if came else session.ended()
        answer = session.answer()
        if answer:
            self._write(answer)
        return opened

    def stays(self, seconds: float) -> bool:
        """Whether it is open still, once the other side has said something, or has had so many seconds to."""
        self._heard.wait(seconds)
        return not self._is_closed

    def _drain(self) -> None:
        try:
            while self._unsent:
                sent = self._sock.send(bytes(self._unsent[:_PART]))
                del self._unsent[:sent]
        except OSError:
            self._unsent.clear()

    def _read(self) -> None:
        receive, session = self._sock.recv, self._session
        if session is not None:
            self._deliver(session.opened())  # what came with the end of the handshake
        while True:
            try:
                found = receive(_PART)
            except OSError:
                found = b""
            if self._is_closed:
                return
            self._deliver(Opened(found, not found) if session is None else self._opened(session, found))
            self._heard.set()

    def _deliver(self, opened: Opened) -> None:
        if opened.plain:
            self._came(opened.plain)
        if opened.is_over and not self._is_closed:
            self.why = opened.why
            self._came(b"")
            self.close()

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
