"""A Prometheus server, asked over HTTP: what it does not say for sure it does not say at all."""

import json
import math
import ssl
from collections.abc import Mapping, Sequence
from http.client import HTTPException, HTTPMessage
from time import monotonic
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

__all__ = ["Points", "Prometheus", "Unanswered"]

_MOST_BYTES = 32 << 20
_MOST_SHOWN = 200
_CHUNK = 1 << 16

Points = Sequence[tuple[float, float]]
"""Times in seconds since 1970 by the server's clock, rising, each with a finite value."""


class Unanswered(Exception):
    """The server could not be asked, or gave no whole answer; the message says why, and holds no credentials."""


class _NoRedirects(HTTPRedirectHandler):
    """A redirect would take the token to another host."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


class Prometheus:
    """One server at `url`, http or https. A `token` is sent as a bearer's; `patience` bounds each answer, in seconds.

    Raises ValueError for an address that is none, or that has credentials in it.
    """

    def __init__(
        self, url: str, token: str = "", context: ssl.SSLContext | None = None, patience: float = 15.0
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("it is no address with http:// or https://")
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            raise ValueError("it holds more than a place: credentials belong into a file")
        self._url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/api/v1/query"
        self._headers = {"accept": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
        self._opener = build_opener(_NoRedirects, HTTPSHandler(context=context))
        self._patience = patience

    def now(self) -> float:
        """The server's own time, in seconds since 1970. Raises Unanswered."""
        kind, found = self._asked({"query": "time()"})
        try:
            if kind == "scalar":
                return float(found[1])
        except (IndexError, KeyError, TypeError, ValueError):
            pass
        raise Unanswered("it does not say what time it is")

    def points(self, expression: str, at: float) -> list[tuple[Mapping[str, str], Points]]:
        """What an expression over a range has, series by series with their labels, at a time. Raises Unanswered."""
        kind, found = self._asked({"query": expression, "time": f"{at:.3f}"})
        if kind != "matrix":
            raise Unanswered("it answers with something else than was asked for")
        try:
            return [(dict(one["metric"]), _finite(one["values"])) for one in found]
        except (KeyError, TypeError, ValueError) as problem:
            raise Unanswered("its answer is damaged") from problem

    def _asked(self, query: Mapping[str, str]) -> tuple[str, Any]:
        answer = self._fetched(urlencode(query).encode())
        if answer.get("status") != "success" or not isinstance(answer.get("data"), dict):
            raise Unanswered(f"it refuses the query: {_shown(answer.get('error'))}")
        if answer.get("warnings"):
            raise Unanswered(f"its answer is not whole: {_shown(answer['warnings'])}")
        return str(answer["data"].get("resultType")), answer["data"].get("result")

    def _fetched(self, body: bytes) -> Mapping[str, Any]:
        request = Request(self._url, data=body, headers=self._headers)  # noqa: S310  http or https
        end = monotonic() + self._patience
        try:
            with self._opener.open(request, timeout=self._patience) as response:
                content = _read(response, end)
        except HTTPError as refused:
            with refused:
                raise Unanswered(f"it answers with HTTP {refused.code}") from None
        except (HTTPException, OSError, ValueError) as problem:
            reason = getattr(problem, "reason", None) or problem
            raise Unanswered(f"it does not answer: {_shown(reason)}") from None
        try:
            found = json.loads(content)
        except (ValueError, RecursionError) as problem:
            raise Unanswered("its answer is no JSON") from problem
        if not isinstance(found, dict):
            raise Unanswered("its answer is none of Prometheus")
        return found


def _read(response: Any, end: float) -> bytes:
    content = bytearray()
    while chunk := response.read1(_CHUNK):
        content += chunk
        if len(content) > _MOST_BYTES:
            raise Unanswered(f"its answer is longer than {_MOST_BYTES >> 20} MiB")
        if monotonic() > end:
            raise Unanswered("its answer does not end")
    return bytes(content)


def _finite(values: Any) -> Points:
    pairs = ((float(time), float(value)) for time, value in values)
    return tuple((time, value) for time, value in pairs if math.isfinite(value))


def _shown(said: object) -> str:
    from comb_compiler.diagnostics.render.printable import printable

    return printable(" ".join(str(said).split())[:_MOST_SHOWN])
