"""`ip(…)` and `cidr(…)` of Kubernetes' CEL, after Go's net/netip."""

import ipaddress
from typing import Any

from comb_compiler.policy.functions.declared import Function, functions, methods
from comb_compiler.policy.functions.values import made, text_of

__all__ = ["ADDRESSES"]

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_BROADCAST = ipaddress.IPv4Address("255.255.255.255")
_MULTICAST = (ipaddress.ip_network("224.0.0.0/24"), ipaddress.ip_network("ff02::/16"))
"""Multicast of the link alone."""


def _parsed(text: str) -> _Address:
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address) and (address.scope_id or address.ipv4_mapped):
        raise ValueError(f"IP address {text!r} has a zone, or is an IPv4 address in IPv6")
    return address


def _value(text: str) -> Any:
    return made("IP", str(_parsed(text)))


def _read(value: Any) -> _Address:
    return ipaddress.ip_address(text_of(value))


def _holds(parse: Any) -> Any:
    def holds(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return holds


def _is_link_local_multicast(address: _Address) -> bool:
    if address.version == 4:
        return address in _MULTICAST[0]
    return address.packed[0] == 0xFF and address.packed[1] & 0x0F == 0x02


def _is_global_unicast(address: _Address) -> bool:
    special = address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local
    return not special and address != _BROADCAST


def _prefix(text: str) -> tuple[_Address, int]:
    """An address and how many bits of it are the network's; the other bits need not be zero."""
    address, slash, bits = text.rpartition("/")
    parsed = _parsed(address)
    if not slash or not bits.isascii() or not bits.isdigit() or (len(bits) > 1 and bits[0] == "0") or len(bits) > 3:
        raise ValueError(f"network address parse error: {text!r}")
    if int(bits) > parsed.max_prefixlen:
        raise ValueError(f"network address parse error: the prefix of {text!r} is too long")
    return parsed, int(bits)


def _cidr(text: str) -> Any:
    address, bits = _prefix(text)
    return made("CIDR", f"{address}/{bits}")


def _network(value: Any) -> Any:
    return ipaddress.ip_network(text_of(value), strict=False)


def _contains_ip(value: Any, address: _Address) -> bool:
    network = _network(value)
    return bool(network.version == address.version and address in network)


def _contains_cidr(value: Any, other: Any) -> bool:
    one, inner = _network(value), _network(other)
    return bool(one.version == inner.version and one.prefixlen <= inner.prefixlen and one.overlaps(inner))


_ABOUT = (
    ("isUnspecified", lambda value: _read(value).is_unspecified),
    ("isLoopback", lambda value: _read(value).is_loopback),
    ("isLinkLocalMulticast", lambda value: _is_link_local_multicast(_read(value))),
    ("isLinkLocalUnicast", lambda value: _read(value).is_link_local),
    ("isGlobalUnicast", lambda value: _is_global_unicast(_read(value))),
)

ADDRESSES: tuple[Function, ...] = (
    *functions("IP", (("ip", _value),), "string"),
    *functions(
        "bool", (("isIP", _holds(_parsed)), ("ip.isCanonical", lambda text: str(_parsed(text)) == text)), "string"
    ),
    *methods("IP", "int", (("family", lambda value: _read(value).version),)),
    *methods("IP", "bool", _ABOUT),
    *functions("CIDR", (("cidr", _cidr),), "string"),
    *functions("bool", (("isCIDR", _holds(_prefix)),), "string"),
    *methods("CIDR", "bool", (("containsIP", lambda value, ip: _contains_ip(value, _parsed(ip))),), "string"),
    *methods("CIDR", "bool", (("containsIP", lambda value, ip: _contains_ip(value, _read(ip))),), "IP"),
    *methods("CIDR", "bool", (("containsCIDR", lambda one, other: _contains_cidr(one, _cidr(other))),), "string"),
    *methods("CIDR", "bool", (("containsCIDR", _contains_cidr),), "CIDR"),
    *methods("CIDR", "IP", (("ip", lambda value: made("IP", text_of(value).partition("/")[0])),)),
    *methods("CIDR", "int", (("prefixLength", lambda value: int(text_of(value).partition("/")[2])),)),
    *methods("CIDR", "CIDR", (("masked", lambda value: made("CIDR", str(_network(value)))),)),
)
