"""Where an environment repository may be: https, ssh or a file, without credentials."""

from urllib.parse import urlsplit

from comb_compiler.publish.errors import Refused

__all__ = ["LOOPBACK", "check_address"]

_FORM = "write it as ssh://git@git.example.com/team/environments.git"

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Plain http is for these alone."""
_SCHEMES = ("https", "ssh", "file")


def check_address(url: str) -> str:
    """The address as it is. Raises Refused, without showing it, for another transport or one with credentials."""
    try:
        parts = urlsplit(url)
        host, user, password = parts.hostname or "", parts.username, parts.password
    except ValueError as problem:
        raise Refused("the address of the environment repository cannot be read", _FORM) from problem
    if any(character.isspace() or not character.isprintable() for character in url):
        raise Refused("the address of the environment repository holds what no address has", _FORM)
    if "://" not in url or (parts.scheme not in _SCHEMES and not (parts.scheme == "http" and host in LOOPBACK)):
        raise Refused("the environment repository must be at an address with https://, ssh:// or file://")
    if password is not None or (user is not None and parts.scheme != "ssh") or parts.query or parts.fragment:
        raise Refused(
            "the address of the environment repository holds credentials",
            "leave them out: they belong into git's credential helper",
        )
    if host.startswith("-") or parts.path.startswith("/-") or (user or "").startswith("-"):
        raise Refused("the address of the environment repository could be taken for an option", _FORM)
    if parts.scheme == "file" and host:
        raise Refused("a file:// address names no host", "write it as file:///path/to/repository.git")
    return url
