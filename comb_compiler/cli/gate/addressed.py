"""A target that is a service at an address: where it is, and by which certificates it is spoken to."""

import argparse
from typing import TYPE_CHECKING

from comb_compiler.cli.addresses import read_address
from comb_compiler.cli.exits import UsageError

if TYPE_CHECKING:
    from comb_compiler.runtime.client.tls import Certificates

__all__ = ["at_address"]


def at_address(arguments: argparse.Namespace) -> "tuple[str, Certificates | None]":
    """`host:port` of `--target`, and what `--tls-…` say; None where it speaks no TLS. Raises UsageError."""
    target = arguments.target
    if target.startswith(("http://", "https://")):
        raise UsageError(f"--target {target}: a service is asked at its gRPC port: HOST:PORT, or grpcs://HOST:PORT")
    address = read_address(target, ("grpc", "grpcs"))
    if address is None or address.port is None:
        raise UsageError(
            f"--target {target}: this is neither `local` nor `container` nor HOST:PORT, as of grpcs://HOST:PORT"
        )
    from comb_compiler.runtime.client import CannotAsk
    from comb_compiler.runtime.client.tls import Certificates

    certificates = Certificates(arguments.tls_ca, arguments.tls_certificate, arguments.tls_key)
    if address.scheme != "grpcs" and not any(certificates):
        return address.place, None
    try:
        certificates.context()
    except CannotAsk as wrong:
        raise UsageError(str(wrong)) from wrong
    return address.place, certificates
