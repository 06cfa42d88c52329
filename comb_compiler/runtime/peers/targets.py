"""Where a process is, as a person writes it → as gRPC wants it."""

from ipaddress import AddressValueError, IPv4Address

from comb_compiler.runtime.engine.program import CannotRun

__all__ = ["target"]

_PORTS = range(1, 65536)


def target(process: str, text: str) -> str:
    """`host:port`, or several `IPv4:port` with commas between, as a target of gRPC. Raises CannotRun."""
    addresses = [one.strip() for one in text.split(",")]
    hosts = [_host(process, one) for one in addresses]
    if all(_is_address(host) for host in hosts):
        return f"ipv4:{','.join(addresses)}"
    if len(addresses) > 1:
        raise CannotRun(f"process `{process}`: several addresses are `IPv4:port` each, or one name that has them all")
    return f"dns:///{addresses[0]}"


def _host(process: str, address: str) -> str:
    host, _, port = address.rpartition(":")
    if not host or "/" in address or not port.isascii() or not port.isdecimal() or int(port) not in _PORTS:
        raise CannotRun(f"process `{process}`: an address is `host:port`, not {address!r}")
    return host


def _is_address(host: str) -> bool:
    try:
        IPv4Address(host)
    except AddressValueError:
        return False
    return True
