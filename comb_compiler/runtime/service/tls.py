"""TLS for both ports: certificates from files, read again when they change, as those who rotate them expect."""

import asyncio
import logging
import os
import ssl
from collections.abc import Callable
from typing import Any, NamedTuple

import grpc

from comb_compiler.runtime.service.face import CannotServe
from comb_compiler.runtime.service.settings import Settings

__all__ = ["Certificates", "open_certificates"]

_log = logging.getLogger("comb.service")
_LOOK_EVERY = 1.0


class _Pair(NamedTuple):
    """What the files held together; `authorities` is empty where no client has to show a certificate."""

    chain: bytes
    key: bytes
    authorities: bytes
    context: ssl.SSLContext


class Certificates:
    """The certificates in use. Raises CannotServe where the files hold none, or none that go together.

    What takes their place later is taken on when it is whole; until then, and for connections that are open, the old
    ones stay.
    """

    def __init__(self, settings: Settings) -> None:
        given = (settings.tls_certificate, settings.tls_key, settings.tls_client_ca)
        self._paths = tuple(os.path.abspath(path) for path in given if path)  # operators may leave the directory
        self._seen = self._looks()
        try:
            self._pair = _read(self._paths)
        except (OSError, ssl.SSLError) as error:
            raise CannotServe(f"TLS cannot be had from {', '.join(self._paths)}: {_told(error)}") from error
        self._handed: _Pair | None = None
        self.changes = 0
        """How often others were taken."""

    @property
    def context(self) -> ssl.SSLContext:
        """For HTTP, as of now."""
        return self._pair.context

    def credentials(self) -> Any:
        """For gRPC, which asks again at every handshake."""
        self._handed = self._pair
        is_mutual = bool(self._pair.authorities)
        return grpc.dynamic_ssl_server_credentials(_configuration(self._pair), self._fetch, is_mutual)

    def channel_credentials(self) -> grpc.ChannelCredentials:
        """For calls of our own, as of now: who is called must be of the authorities, and is shown the certificate."""
        pair = self._pair
        return grpc.ssl_channel_credentials(pair.authorities or None, pair.key, pair.chain)

    def _fetch(self) -> Any:
        """What has changed since gRPC asked last; None where nothing has. Called in gRPC's threads."""
        pair = self._pair
        if pair is self._handed:
            return None
        self._handed = pair
        return _configuration(pair)

    async def watch(self, changed: Callable[[ssl.SSLContext], Any]) -> None:
        """Look at the files again and again; await `changed` when there are others.

        What cannot be taken is told once, and tried again: there may have been no descriptor to read it by.
        """
        refused = None
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            looks = self._looks()
            if looks == self._seen:
                continue
            try:
                self._pair = await asyncio.to_thread(_read, self._paths)
                await changed(self._pair.context)
            except (OSError, ssl.SSLError) as error:
                if looks != refused:
                    _log.warning("the new certificates are not taken: %s", _told(error))
                refused = looks
                continue
            self._seen = looks
            self.changes += 1
            _log.info("the certificates have changed, and are taken")

    def _looks(self) -> tuple[tuple[int, int, int], ...]:
        return tuple(_look(path) for path in self._paths)


def open_certificates(settings: Settings) -> Certificates | None:
    """The certificates of the settings; None for a service without TLS. Raises CannotServe."""
    return Certificates(settings) if settings.tls_certificate else None


def _look(path: str) -> tuple[int, int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_mtime_ns, found.st_size)


def _read(paths: tuple[str, ...]) -> _Pair:
    contents = []
    for path in paths:
        with open(path, "rb") as file:
            contents.append(file.read())
    chain, key, *rest = contents
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(paths[0], paths[1], password=_no_password)
    if rest:
        context.load_verify_locations(cafile=paths[2])
        context.verify_mode = ssl.CERT_REQUIRED
    return _Pair(chain, key, rest[0] if rest else b"", context)


def _no_password() -> str:
    """A key with a password would otherwise ask whoever sits at the terminal."""
    return ""


def _configuration(pair: _Pair) -> Any:
    return grpc.ssl_server_certificate_configuration([(pair.key, pair.chain)], pair.authorities or None)


def _told(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "they are no certificate with its key"
    return str(error)
