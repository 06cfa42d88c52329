"""One GET over fsspec's HTTP driver.

The driver's own file asks twice, hides every failure of the first question as a missing file, and gives up after five
minutes, however well the download goes.
"""

from typing import Any

from fsspec.asyn import sync  # type: ignore[import-untyped]
from fsspec.implementations.http import aiohttp  # type: ignore[import-untyped]

from comb_compiler.workspace._drivers import Opened


class DowngradedError(Exception):
    """The way from an https address leads over one that anybody on the way can answer for."""


class StatusError(Exception):
    """The server's answer is no file."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def open_web(driver: Any, uri: str, patience: float) -> Opened:
    """The body of a GET; redirects lead to http and https only, and never from https to http."""
    timeout = aiohttp.ClientTimeout(total=None, connect=patience, sock_read=patience)
    client = {"timeout": timeout, "trust_env": True}  # proxies, as every other tool has them
    system = driver(skip_instance_cache=True, client_kwargs=client)
    try:
        response = sync(system.loop, _get, system, uri)
    except BaseException:
        system.close_session(system.loop, system._session)
        raise
    is_plain = response.headers.get("Content-Encoding", "identity") == "identity"
    return Opened(_Body(system, response), response.content_length if is_plain else None)


async def _get(system: Any, uri: str) -> Any:
    session = await system.set_session()
    response = await session.get(system.encode_url(uri), headers={"Accept-Encoding": "identity"})
    try:
        check(uri, response)
    except Exception:
        response.close()
        raise
    return response


def check(uri: str, response: Any) -> None:
    """Raise where an answer is not the file that was asked for."""
    if response.status != 200:
        raise StatusError(response.status)
    if uri.startswith("https:") and any(step.url.scheme != "https" for step in (*response.history, response)):
        raise DowngradedError


class _Body:
    """A response as a file."""

    def __init__(self, system: Any, response: Any) -> None:
        self._system = system
        self._response = response

    def read(self, count: int) -> bytes:
        return bytes(sync(self._system.loop, self._response.content.read, count))

    def close(self) -> None:
        self._system.loop.call_soon_threadsafe(self._response.close)
        self._system.close_session(self._system.loop, self._system._session)
