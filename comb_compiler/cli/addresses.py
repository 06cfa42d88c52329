"""Where a running service is, as a person writes it, and by which certificates it is spoken to."""

import argparse
import re
from collections.abc import Collection
from typing import NamedTuple

__all__ = ["Address", "add_certificates", "read_address"]

_ADDRESS = re.compile(
    r"(?:(?P<scheme>[a-z]+)://)?(?P<host>[\w.-]+|\[[0-9a-fA-F:]+\])(?::(?P<port>\d{1,5}))?/?", re.ASCII
)
_LARGEST_PORT = 65535


class Address(NamedTuple):
    """A host, in brackets where it is an IPv6 address, and what was written beside it; both may be left out."""

    scheme: str
    host: str
    port: int | None

    @property
    def place(self) -> str:
        """Without the scheme."""
        return self.host if self.port is None else f"{self.host}:{self.port}"


def read_address(text: str, schemes: Collection[str]) -> Address | None:
    """An address, where it is one with a port or with one of `schemes`."""
    match = _ADDRESS.fullmatch(text)
    if match is None or match["scheme"] not in (None, *schemes) or not (match["scheme"] or match["port"]):
        return None
    port = None if match["port"] is None else int(match["port"])
    return (
        None if port is not None and not 0 < port <= _LARGEST_PORT else Address(match["scheme"] or "", match[2], port)
    )


def add_certificates(parser: argparse.ArgumentParser) -> None:
    """The options that say who is trusted, and who the caller is."""
    parser.add_argument("--tls-ca", metavar="FILE", help="speak TLS, and trust these authorities")
    parser.add_argument("--tls-certificate", metavar="FILE", help="speak TLS, as who has this certificate")
    parser.add_argument("--tls-key", metavar="FILE", help="the key of that certificate")
