"""Addresses as a NetworkPolicy can say them: namespaces and blocks of IP addresses, for it knows no host names."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

__all__ = ["NAMESPACE", "namespace_of", "ways_to"]

NAMESPACE = "kubernetes.io/metadata.name"
"""The label that Kubernetes gives each namespace: its name."""
_PORTS = {"http": 80, "https": 443}


def namespace_of(url: str, own: str) -> str | None:
    """The namespace of the Service that a URL names, as pods in the namespace `own` say it.

    None for an IP address, and for a host that may be outside of the cluster. `service.namespace` may be either, and is
    taken for a Service.
    """
    host = urlsplit(url).hostname or ""
    labels = host.rstrip(".").split(".")
    if _address(host) is not None or (len(labels) > 2 and labels[2] != "svc"):
        return None
    return labels[1] if len(labels) > 1 else own


def ways_to(url: str, own: str) -> list[dict[str, Any]]:
    """Rules of egress that let pods in the namespace `own` reach a URL.

    A Service is let through by its namespace alone, since its pods may listen on another port than it; an IP address by
    address and port; any other host by its port, wherever it is.
    """
    parts = urlsplit(url)
    host, namespace = parts.hostname or "", namespace_of(url, own)
    ports = [{"protocol": "TCP", "port": parts.port or _PORTS.get(parts.scheme, 443)}]
    address = _address(host)
    if address is not None:
        return [{"to": [{"ipBlock": {"cidr": f"{address}/{address.max_prefixlen}"}}], "ports": ports}]
    if namespace is None:
        return [{"ports": ports}]
    there: dict[str, Any] = {"to": [{"namespaceSelector": {"matchLabels": {NAMESPACE: namespace}}}]}
    is_certain = ".svc" in f".{host}" or "." not in host
    return [there] if is_certain else [there, {"ports": ports}]


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
