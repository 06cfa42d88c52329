"""What an API server needs to be trusted: a CA, a certificate for 127.0.0.1, and a key for service accounts' tokens."""

import datetime as dt
import ipaddress
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["Identity", "make_identity"]

_DAY = dt.timedelta(days=1)


class Identity(NamedTuple):
    """Files, in PEM."""

    ca: Path
    certificate: Path
    key: Path
    tokens_key: Path
    tokens_public_key: Path


def make_identity(directory: Path) -> Identity:
    """Make all of them, valid from yesterday until tomorrow."""
    directory.mkdir()
    ca_key, key, tokens = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    ca_name = _name("comb-test-ca")
    ca = (
        _builder(ca_name, ca_name, ca_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    names: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
    certificate = (
        _builder(_name("kube-apiserver"), ca_name, key)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    public = tokens.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return Identity(
        _write(directory / "ca.crt", ca.public_bytes(serialization.Encoding.PEM)),
        _write(directory / "api.crt", certificate.public_bytes(serialization.Encoding.PEM)),
        _write(directory / "api.key", _private(key)),
        _write(directory / "tokens.key", _private(tokens)),
        _write(directory / "tokens.pub", public),
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
    )


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> Path:
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path
