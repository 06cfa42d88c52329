"""TLS as a client speaks it, and why a service cannot be spoken to.

That is asked of the port itself: gRPC does not say what failed in a handshake.
"""

import socket
import ssl
from typing import Any, NamedTuple

from comb_compiler.runtime.client.outcome import CannotAsk, Unreachable

__all__ = ["Certificates", "hung_up", "no_tls", "refusal", "why_not"]

_PATIENCE = 3.0
_A_MOMENT = 0.5
"""Seconds within which a server that wants a certificate says so, once the handshake seems to be over."""
_NO_GRPC = "is a service running there, and is that its gRPC port?"


class Certificates(NamedTuple):
    """Files for TLS: who is trusted, and who the caller is. TLS is spoken where any is there."""

    authorities: str | None = None
    certificate: str | None = None
    key: str | None = None

    def context(self) -> ssl.SSLContext:
        """For Python's own TLS. Raises CannotAsk where the files cannot be used."""
        try:
            context = ssl.create_default_context(cafile=self.authorities)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key, password="")
        except (OSError, ssl.SSLError) as problem:
            files = ", ".join(path for path in self if path)
            raise CannotAsk(f"{files}: TLS cannot be had from that: {_told(problem)}") from problem
        return context

    def credentials(self) -> Any:
        """For gRPC's. Raises CannotAsk where the files cannot be read."""
        import grpc

        try:
            authorities, certificate, key = (None if path is None else _read(path) for path in self)
        except OSError as problem:
            raise CannotAsk(f"{problem.filename}: the file cannot be read: {problem.strerror}") from problem
        return grpc.ssl_channel_credentials(authorities, key, certificate)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def no_tls(host: str, port: int, certificates: Certificates) -> Unreachable | None:
    """Why TLS cannot be agreed on with what listens at a port; None where it can, or where nothing listens.

    Raises CannotAsk where the certificates' files cannot be used.
    """
    try:
        is_hung_up = not _shake(host, port, certificates.context())
    except ssl.SSLError as error:
        return Unreachable(*refusal(_place(host, port), error))
    except OSError:
        return None
    return Unreachable(*hung_up(_place(host, port), certificates)) if is_hung_up else None


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def why_not(host: str, port: int, certificates: Certificates | None) -> Unreachable:
    """Why nothing at the port could be spoken to; by TLS with these certificates, or without where it is None.

    Raises CannotAsk where their files cannot be used.
    """
    place = _place(host, port)
    if certificates is None:
        if _speaks_tls(host, port):
            return Unreachable(
                f"{place} speaks TLS", "say whom to trust by --tls-ca, or grpcs:// for whom the machine does"
            )
        return Unreachable(f"nothing at {place} speaks gRPC", _NO_GRPC)
    return no_tls(host, port, certificates) or Unreachable(f"nothing at {place} speaks gRPC", _NO_GRPC)


def hung_up(place: str, certificates: Certificates) -> tuple[str, str]:
    """What it means that a server hangs up after the handshake, and advice: many say no more of a certificate."""
    return (_UNWELCOME if certificates.certificate else _WANTED).told(place)


def refusal(place: str, error: ssl.SSLError) -> tuple[str, str]:
    """What a failed handshake means, and advice."""
    if isinstance(error, ssl.SSLCertVerificationError):
        said = error.verify_message.rstrip(".")
        return f"the certificate of {place} is not trusted: {said}", "say whom to trust by --tls-ca"
    reason = error.reason or ""
    meant = next((meant for sign, meant in _REASONS if sign in reason), None)
    if meant is None:
        return f"{place} speaks no TLS that is understood: {reason.lower().replace('_', ' ')}", _NO_GRPC
    return meant.told(place)


class _Meant(NamedTuple):
    """What a server does, and advice."""

    does: str
    hint: str

    def told(self, place: str) -> tuple[str, str]:
        return f"{place} {self.does}", self.hint


_WANTED = _Meant("wants to see a certificate", "show one by --tls-certificate and --tls-key")
_UNWELCOME = _Meant("does not take the certificate that it was shown", "show one of an authority that it trusts")
_NO_TLS = _Meant("speaks no TLS", "leave --tls-… out, and write no grpcs:// or https://")
_REASONS = (
    ("CERTIFICATE_REQUIRED", _WANTED),
    ("ALERT", _UNWELCOME),
    ("WRONG_VERSION_NUMBER", _NO_TLS),
    ("RECORD_LAYER_FAILURE", _NO_TLS),
)


def _told(problem: OSError) -> str:
    if isinstance(problem, ssl.SSLError):
        return problem.reason or "they are no certificate with its key"
    return problem.strerror or str(problem)


def _speaks_tls(host: str, port: int) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # nothing is said to it: who it is, is no matter
    try:
        _shake(host, port, context)
    except ssl.SSLError as error:
        return "CERTIFICATE_REQUIRED" in (error.reason or "")
    except OSError:
        return False
    return True


def _shake(host: str, port: int, context: ssl.SSLContext) -> bool:
    """Shake hands, and hear whether the server then hangs up; False where it does.

    Raises OSError, of which SSLError is one.
    """
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection((host, port), _PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        secure.settimeout(_A_MOMENT)
        try:
            return bool(secure.recv(1))
        except TimeoutError:
            return True
