"""Requests to one registry: signed in as it asks for, and tried again where that may help."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TypeVar
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError, SSLError
from urllib3.response import BaseHTTPResponse

from comb_compiler.images.authorisation import answer, parse_challenge
from comb_compiler.images.credentials import Credential
from comb_compiler.images.failures import RegistryFailed

__all__ = ["Requests", "Retry"]

_TIMEOUT = urllib3.Timeout(connect=10, read=120)
_WAITS = (0.5, 2.0, 8.0)
_LONGEST_WAIT = 30.0
_MOST_OF_AN_ANSWER = 1 << 20
_MAY_PASS = (408, 425, 429, 500, 502, 503, 504)
Body = bytes | IO[bytes]
_T = TypeVar("_T")


class Retry(Exception):
    """What was tried may work when it is tried again; `after` is how long the server wants us to wait."""

    def __init__(self, why: str, after: float = 0.0) -> None:
        super().__init__(why)
        self.after = after


class Requests:
    """What is asked of the registry at `address`. `credential` is called when the registry wants one, perhaps twice."""

    def __init__(
        self,
        address: str,
        credential: Callable[[], Credential | None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.address = address
        self.host = urlsplit(address).netloc
        self._credential = credential
        self._sleep = sleep
        self._pool = _pool(address)
        self._said: str | None = None
        self._waits: list[float] = []

    @property
    def signed_in(self) -> bool:
        """Whether the registry was told who we are."""
        return self._said is not None

    def trying(self, what: str, attempt: Callable[[], _T]) -> _T:
        """What `attempt` returns; it is called again while it raises Retry, and a few times at most after a gain."""
        self._waits = list(_WAITS)
        while True:
            try:
                return attempt()
            except Retry as problem:
                if not self._waits:
                    raise RegistryFailed(
                        f"{what}: {problem}, as often as it was tried", "try again: what is there is not sent again"
                    ) from problem
                self._sleep(min(max(self._waits.pop(0), problem.after), _LONGEST_WAIT))

    def gained(self) -> None:
        """The attempt under way has more than those before it: it may be tried as often as ever."""
        self._waits = list(_WAITS)

    def once(
        self, method: str, where: str, headers: Mapping[str, str] | None = None, body: Body | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of the answer, which is small. Raises Retry where another try may help."""
        with self.opened(method, where, headers, body) as response:
            try:
                return response.status, response.headers, response.read(_MOST_OF_AN_ANSWER)
            except HTTPError as problem:
                raise Retry(f"{self.host} dropped the connection") from problem

    @contextmanager
    def opened(
        self, method: str, where: str, headers: Mapping[str, str] | None = None, body: Body | None = None
    ) -> Iterator[BaseHTTPResponse]:
        """An answer whose body has yet to be read. Raises Retry; what may pass by itself is one too."""
        start = body.tell() if body is not None and not isinstance(body, bytes) else 0
        response = self._sent(method, where, headers, body)
        try:
            if response.status == 401 and self._sign_in(response.headers.get("WWW-Authenticate", "")):
                response.drain_conn()
                response.release_conn()
                if body is not None and not isinstance(body, bytes):
                    body.seek(start)
                response = self._sent(method, where, headers, body)
            if response.status in _MAY_PASS:
                raise Retry(f"{self.host} answers {response.status}", _seconds(response.headers.get("Retry-After")))
            yield response
        finally:
            response.close()

    def led_to(self, where: str) -> str:
        """The address that a registry means. Raises RegistryFailed where it is none."""
        try:
            url = urljoin(self.address, where)
            urlsplit(url)
        except ValueError as problem:
            raise RegistryFailed(f"{self.host} leads to an address that is none") from problem
        return url

    def _sent(self, method: str, where: str, headers: Mapping[str, str] | None, body: Body | None) -> BaseHTTPResponse:
        url = self.led_to(where)
        place = urlsplit(url)
        said = {"User-Agent": "comb", **(headers or {})}
        if self._said is not None and f"{place.scheme}://{place.netloc}" == self.address:
            said["Authorization"] = self._said
        return self._asked(method, url, said, body)

    def _asked(self, method: str, url: str, headers: Mapping[str, str], body: Body | None) -> BaseHTTPResponse:
        follows = method in ("GET", "HEAD")
        redirects = urllib3.Retry(
            total=5,
            connect=0,
            read=0,
            status=0,
            other=0,
            redirect=5 if follows else 0,
            respect_retry_after_header=False,
        )
        try:
            return self._pool.request(
                method,
                url,
                headers=headers,
                body=body,
                timeout=_TIMEOUT,
                retries=redirects,
                redirect=follows,
                preload_content=False,
                decode_content=False,
            )
        except (HTTPError, OSError) as problem:
            if _is_about_trust(problem):
                raise RegistryFailed(
                    f"the certificate of {self.host} is not trusted",
                    "name the authority that signed it by SSL_CERT_FILE",
                ) from problem
            raise Retry(f"{self.host} cannot be reached, or drops the connection") from problem

    def _sign_in(self, header: str) -> bool:
        """Whether there is something to say that was not said yet."""
        challenge = parse_challenge(header)
        if challenge is None:
            return False
        said = answer(self.host, challenge, self._credential(), self._small)
        if said is None or said == self._said:
            return False
        self._said = said
        return True

    def _small(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> tuple[int, bytes]:
        response = self._asked(method, url, headers, body)
        try:
            return response.status, response.read(_MOST_OF_AN_ANSWER)
        except HTTPError as problem:
            raise Retry(f"{self.host} dropped the connection") from problem
        finally:
            response.close()


def _is_about_trust(problem: BaseException) -> bool:
    return isinstance(problem, SSLError) or isinstance(getattr(problem, "reason", None), SSLError)


def _seconds(header: str | None) -> float:
    return float(header) if header is not None and header.isdecimal() else 0.0


def _pool(address: str) -> urllib3.PoolManager:
    """What connections are made by: through a proxy, where the environment names one for that host."""
    told = urlsplit(address)
    proxy = getproxies().get(told.scheme)
    if proxy and not proxy_bypass(told.netloc):
        return urllib3.ProxyManager(proxy)
    return urllib3.PoolManager()
