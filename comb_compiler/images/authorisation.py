"""A registry's challenge → what to say in answer (RFC 7617; the token protocol of Docker's registries)."""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from comb_compiler.images.credentials import Credential
from comb_compiler.images.failures import RegistryFailed
from comb_compiler.images.names import is_this_machine
from comb_compiler.images.reading import parsed

__all__ = ["Challenge", "answer", "parse_challenge"]

_PARAMETER = re.compile(r'([a-z_]+)="([^"]*)"', re.IGNORECASE)
_TOKEN = re.compile(r"[\x21-\x7e]+")
Ask = Callable[[str, str, Mapping[str, str], bytes | None], tuple[int, bytes]]
"""Method, URL, headers and body → status and body."""


class Challenge(NamedTuple):
    """What a registry wants: `basic`, or a token, `bearer`, from `realm` for `service` and `scope`."""

    scheme: str
    realm: str
    service: str
    scope: str


def parse_challenge(header: str) -> Challenge | None:
    """The challenge of a `WWW-Authenticate`; None where it is one that nobody here can answer."""
    scheme, _, rest = header.strip().partition(" ")
    told = {name.lower(): value for name, value in _PARAMETER.findall(rest)}
    if scheme.lower() not in ("basic", "bearer"):
        return None
    return Challenge(scheme.lower(), told.get("realm", ""), told.get("service", ""), told.get("scope", ""))


def answer(host: str, challenge: Challenge, credential: Credential | None, ask: Ask) -> str | None:
    """The value of `Authorization`; None where there is nothing to say. Raises RegistryFailed."""
    if challenge.scheme == "basic":
        return _basic(credential)
    if not _is_private(host, challenge.realm):
        raise RegistryFailed(f"{host} wants credentials to be sent where others can read them, so they were not sent")
    status, content = _asked(challenge, credential, ask)
    if status != 200:
        return None
    try:
        told: dict[str, Any] = parsed(content)
        token = told.get("token") or told["access_token"]
    except (ValueError, KeyError, AttributeError, TypeError) as problem:
        raise RegistryFailed(f"{host} gives tokens that cannot be read") from problem
    if not isinstance(token, str) or _TOKEN.fullmatch(token) is None:
        raise RegistryFailed(f"{host} gives tokens that cannot be read")
    return f"Bearer {token}"


def _is_private(host: str, realm: str) -> bool:
    """Whether nobody can listen on the way to a realm; only a registry on this machine names another door of it."""
    try:
        place = urlsplit(realm)
    except ValueError:
        return False
    return place.scheme == "https" or (is_this_machine(place.netloc) and is_this_machine(host))


def _asked(challenge: Challenge, credential: Credential | None, ask: Ask) -> tuple[int, bytes]:
    wanted = {"service": challenge.service, "scope": challenge.scope}
    if credential is not None and credential.identity_token:
        form = {**wanted, "grant_type": "refresh_token", "refresh_token": credential.identity_token}
        body = urlencode({**form, "client_id": "comb"}).encode()
        return ask("POST", challenge.realm, {"Content-Type": "application/x-www-form-urlencoded"}, body)
    said = _basic(credential)
    separator = "&" if "?" in challenge.realm else "?"
    query = urlencode({name: value for name, value in wanted.items() if value})
    return ask("GET", f"{challenge.realm}{separator}{query}", {} if said is None else {"Authorization": said}, None)


def _basic(credential: Credential | None) -> str | None:
    if credential is None or not credential.user:
        return None
    return "Basic " + base64.b64encode(f"{credential.user}:{credential.password}".encode()).decode("ascii")
