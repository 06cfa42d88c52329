"""TLS towards a target, apart from the socket that carries it: what is sent is sealed, what comes is opened.

So nothing ever waits for it, and a connection is read and written to as one without TLS is.
"""

import ssl
from typing import Any, NamedTuple

import gevent

from comb_compiler.load.calls import Refused
from comb_compiler.load.model import Tls

__all__ = ["Opened", "Session", "context_of"]

_PART = 1 << 18


def context_of(tls: Tls, protocol: str) -> ssl.SSLContext:
    """What all connections to a target have in common. `protocol` is ALPN's name for what is spoken inside.

    Raises OSError, of which SSLError is one, where the files cannot be used.
    """
    context = ssl.create_default_context(cafile=tls.authorities or None)
    if tls.certificate:
        context.load_cert_chain(tls.certificate, tls.key or None, password="")
    context.set_alpn_protocols([protocol])
    return context


class Opened(NamedTuple):
    """What came, in the clear; whether nothing will come any more; and why, where the other side broke it off."""

    plain: bytes
    is_over: bool
    why: str = ""


class Session:
    """One connection's state of TLS."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._is_answered = False

    def shake(self, sock: Any, timeout: float) -> None:
        """Agree with the other side of a socket. Raises Refused where that cannot be had within so many seconds."""
        try:
            with gevent.Timeout(timeout, Refused("it does not answer as TLS does")):
                while not self._shaken(sock):
                    came = sock.recv(_PART)
                    if not came:
                        raise Refused("it hangs up while TLS is agreed on: does it speak TLS?")
                    self._incoming.write(came)
        except ssl.SSLError as error:
            raise Refused(_said(error)) from error
        except OSError as error:
            raise Refused(error.strerror or str(error)) from error

    def _shaken(self, sock: Any) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        else:
            return True
        finally:
            sock.sendall(self._outgoing.read())  # an alert, too

    def sealed(self, plain: bytes | bytearray) -> bytes:
        """What goes over the wire; nothing where TLS is over."""
        try:
            self._tls.write(plain)
        except ssl.SSLError:
            return b""  # who reads learns why
        return self._outgoing.read()

    def opened(self, came: bytes = b"") -> Opened:
        """What can be read with what has come."""
        self._incoming.write(came)
        plain = bytearray()
        try:
            while part := self._tls.read(_PART):
                plain += part
                self._is_answered = True
        except ssl.SSLWantReadError:
            return Opened(bytes(plain), is_over=False)
        except ssl.SSLZeroReturnError:
            pass
        except ssl.SSLError as error:
            return Opened(bytes(plain), is_over=True, why=_said(error))
        return Opened(bytes(plain), is_over=True)

    def ended(self) -> Opened:
        """Nothing more comes: many do no more than that about a certificate that they do not take."""
        why = "" if self._is_answered else "it hangs up once TLS is agreed on: it may want to see another certificate"
        return Opened(b"", is_over=True, why=why)

    def answer(self) -> bytes:
        """What TLS itself has to say by now, as to a change of keys."""
        return self._outgoing.read()


def _said(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message.rstrip('.')}"
    reason = error.reason or str(error)
    if "CERTIFICATE_REQUIRED" in reason:
        return "it wants to see a certificate"
    if "ALERT" in reason:
        return f"it breaks TLS off: {_words(reason.partition('ALERT_')[2] or reason)}"
    if "WRONG_VERSION_NUMBER" in reason or "RECORD_LAYER_FAILURE" in reason:
        return "it speaks no TLS"
    return f"it speaks no TLS that is understood: {_words(reason)}"


def _words(reason: str) -> str:
    return reason.lower().replace("_", " ")
