"""Blobs of one repository of a registry (OCI distribution specification 1.1), by the standard library alone."""

import base64
import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from comb_compiler.runtime.fetching.blobs import CannotFetch, Dropped

__all__ = ["Registry"]

_SECONDS = 60.0
_MAY_PASS = (408, 425, 429, 500, 502, 503, 504)
_HUB, _HUBS_REGISTRY, _HUBS_KEY = "docker.io", "registry-1.docker.io", "https://index.docker.io/v1/"
_THIS_MACHINE = re.compile(r"(localhost|127(\.\d{1,3}){3})(:\d+)?")
_PARAMETER = re.compile(r'([a-z_]+)="([^"]*)"', re.IGNORECASE)
_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")
_WORD = re.compile(r"[\x21-\x7e]+")
_MOST_OF_A_TOKEN = 1 << 20


class Registry:
    """What a repository has. As engines have it, only this machine is talked to without TLS.

    `configuration` is docker's, which may have a credential; helpers are not asked.
    """

    def __init__(self, host: str, repository: str, configuration: Path | None = None) -> None:
        self.host = host
        self._key = _HUBS_KEY if host == _HUB else host
        there = _HUBS_REGISTRY if host == _HUB else host
        self._url = f"{'http' if _is_this_machine(there) else 'https'}://{there}/v2/{repository}/blobs/sha256:"
        self._configuration = configuration
        self._said = ""

    def open(self, sha256: str, start: int) -> "_Bytes":
        """A blob from that byte on, or from its beginning. Raises CannotFetch and Dropped."""
        asked = {"Range": f"bytes={start}-"} if start else {}
        response = self._asked(self._url + sha256, asked)
        if response.status == 401:
            challenge = response.headers.get("WWW-Authenticate", "")
            response.close()
            self._said = self._answer(challenge)
            response = self._asked(self._url + sha256, asked)
        return self._bytes(response, start)

    def _bytes(self, response: Any, start: int) -> "_Bytes":
        status, length = response.status, response.headers.get("Content-Length")
        if status == 416:  # all of it is there, or too much: what is there will be compared
            response.close()
            return _Bytes(None, start, 0)
        found = _RANGE.match(response.headers.get("Content-Range") or "")
        is_rest = status == 206 and found is not None and int(found[1]) == start
        if status != 200 and not is_rest:
            response.close()
            raise self._refused(status)
        return _Bytes(response, start if is_rest else 0, int(length) if length and length.isdecimal() else None)

    def _asked(self, url: str, headers: Mapping[str, str]) -> Any:
        """An answer, whatever its status. What says who we are goes to this server alone, and not where it sends us."""
        request = urllib.request.Request(url, headers={"User-Agent": "comb", **headers})  # noqa: S310
        if self._said:
            request.add_unredirected_header("Authorization", self._said)
        return self._opened(request)

    def _opened(self, request: urllib.request.Request) -> Any:
        try:
            return urllib.request.urlopen(request, timeout=_SECONDS)  # noqa: S310  the URL is ours: see `Registry`
        except urllib.error.HTTPError as answer:
            if answer.code in _MAY_PASS:
                raise Dropped(f"{self.host} answers {answer.code}") from answer
            return answer
        except ValueError as problem:
            raise CannotFetch(f"{self.host} leads to an address that is none") from problem
        except (OSError, HTTPException) as problem:
            if "CERTIFICATE_VERIFY_FAILED" in str(problem):
                raise CannotFetch(
                    f"the certificate of {self.host} is not trusted: SSL_CERT_FILE names authorities"
                ) from problem
            raise Dropped(f"{self.host} cannot be reached, or drops the connection") from problem

    def _answer(self, header: str) -> str:
        scheme, _, rest = header.partition(" ")
        told = {name.lower(): value for name, value in _PARAMETER.findall(rest)}
        basic = self._basic()
        if scheme.lower() == "basic":
            return basic
        realm = told.get("realm", "")
        if scheme.lower() != "bearer" or not self._is_private(realm):
            raise CannotFetch(f"{self.host} wants to know who asks in a way that is not answered")
        query = urlencode({name: told[name] for name in ("service", "scope") if name in told})
        request = urllib.request.Request(f"{realm}{'&' if '?' in realm else '?'}{query}")  # noqa: S310
        if basic:
            request.add_unredirected_header("Authorization", basic)
        with self._opened(request) as response:
            if response.status != 200:
                raise self._refused(401)
            try:
                told = json.loads(response.read(_MOST_OF_A_TOKEN))
                token = str(told.get("token") or told["access_token"])
            except (ValueError, LookupError, AttributeError, RecursionError, OSError, HTTPException) as problem:
                raise CannotFetch(f"{self.host} gives tokens that cannot be read") from problem
        if not _WORD.fullmatch(token):
            raise CannotFetch(f"{self.host} gives tokens that cannot be read")
        return f"Bearer {token}"

    def _is_private(self, realm: str) -> bool:
        """Whether nobody listens on the way there; only a registry on this machine names another door of it."""
        try:
            place = urlsplit(realm)
        except ValueError:
            return False
        return place.scheme == "https" or (_is_this_machine(place.netloc) and _is_this_machine(self.host))

    def _basic(self) -> str:
        """What docker's configuration has for the registry; empty where that is nothing."""
        if self._configuration is None:
            return ""
        try:
            entry = json.loads(self._configuration.read_bytes())["auths"][self._key]
            said = entry.get("auth") or base64.b64encode(f"{entry['username']}:{entry['password']}".encode()).decode()
        except KeyError:
            return ""
        except (OSError, ValueError, TypeError, AttributeError, RecursionError) as problem:
            raise CannotFetch(f"{self._configuration} is no configuration of docker's that can be read") from problem
        if not isinstance(said, str) or not _WORD.fullmatch(said):
            raise CannotFetch(f"{self._configuration} is no configuration of docker's that can be read")
        return f"Basic {said}"

    def _refused(self, status: int) -> CannotFetch:
        if status in (401, 403):
            return CannotFetch(f"{self.host} does not let us: DOCKER_CONFIG names a directory with credentials")
        if status == 404:
            return CannotFetch(f"{self.host} does not have it: was it pushed, by `comb image push`?")
        return CannotFetch(f"{self.host} answers {status}")


class _Bytes(NamedTuple):
    """The bytes of an answer."""

    response: Any
    start: int
    length: int | None

    def read(self, most: int) -> bytes:
        """The next bytes; none at the end. Raises Dropped."""
        try:
            found: bytes = b"" if self.response is None else self.response.read(most)
        except (OSError, HTTPException) as problem:
            raise Dropped("the registry dropped the connection") from problem
        return found

    def close(self) -> None:
        """End it."""
        if self.response is not None:
            self.response.close()


def _is_this_machine(host: str) -> bool:
    return _THIS_MACHINE.fullmatch(host) is not None
