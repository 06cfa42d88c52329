"""The paths of the HTTP port, and what each answers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from math import isfinite

from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.engine import Finished
from comb_compiler.runtime.messages import Message, serialised
from comb_compiler.runtime.service.face import Face
from comb_compiler.runtime.service.stage import Stage
from comb_compiler.runtime.service.status import status
from comb_compiler.runtime.service.terms import TIMEOUT, Terms, Told, terms_of, told
from comb_compiler.runtime.service.web.answers import as_json, as_text, failed
from comb_compiler.runtime.service.web.codec import from_dict, from_json, json_size, to_json
from comb_compiler.runtime.service.web.exchange import Refusal, Request, Response
from comb_compiler.runtime.service.web.exposition import exposition
from comb_compiler.runtime.service.web.form import from_form
from comb_compiler.runtime.service.web.front import front_page
from comb_compiler.runtime.telemetry.metrics import Page

__all__ = ["CALL", "Site"]

CALL = "/v1/call"
"""Another name of the comb's method, that is the same for every comb."""

_log = logging.getLogger("comb.service")
_JSON, _FORM, _PROTOBUF = "application/json", "multipart/form-data", "application/x-protobuf"
_LAST = ("connection", "close")
_LARGE = 64 * 1024
"""Bytes of a body from which on it is read in a thread, so that others need not wait for it."""


class Site:
    """Responds to requests, by what the stage shows now. `metrics` gives another page of them, in an accepted form."""

    def __init__(self, stage: Stage, metrics: Callable[[str], Page] | None = None) -> None:
        self._stage = stage
        self._exposition = metrics or partial(exposition, stage)
        self._pages: dict[str, Callable[[Request], Response]] = {
            "/": self._front,
            "/healthz": lambda _: as_text("alive\n"),
            "/readyz": self._ready,
            "/metrics": self._metrics,
            "/v1/status": lambda _: as_json(status(stage)),
        }

    async def respond(self, request: Request) -> Response:
        """The response to a request. Raises Refusal; ConnectionError where the client has gone."""
        try:
            response = await self._endpoint(request)(request)
            return response._replace(headers=(*response.headers, _LAST)) if self._stage.is_going else response
        except (Refusal, OSError):
            raise
        except Exception:
            _log.exception("a request for %s failed", request.path[:200])
            return failed(Code.INTERNAL, "the service failed; its log says more")

    def _endpoint(self, request: Request) -> Callable[[Request], Awaitable[Response]]:
        page = self._pages.get(request.path)
        if page is not None:
            _must_be(request, "GET", "HEAD")
            return lambda request: _at_once(page, request)
        face = self._stage.face
        if request.path != CALL and (face is None or request.path != face.path):
            raise Refusal(404, Code.NOT_FOUND, "there is nothing at this path; `/` says what there is")
        _must_be(request, "POST")
        return self._call

    def _metrics(self, request: Request) -> Response:
        content, content_type = self._exposition(request.header("accept"))
        return as_text(content.decode("utf-8"), kind=content_type)

    def _front(self, request: Request) -> Response:
        scheme = "https" if self._stage.settings.tls_certificate else "http"
        return as_text(front_page(self._stage.face, f"{scheme}://{request.header('host') or 'HOST'}"))

    def _ready(self, _: Request) -> Response:
        reasons = list(self._stage.reasons)
        return as_json({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)

    async def _call(self, request: Request) -> Response:
        stage = self._stage
        terms = terms_of(request.headers, stage.key_header)
        run: Finished | None = None
        try:
            face = stage.require()
            _must_be_ours(request)
            within = _seconds(terms)
            stage.gate.require()
            kind, content = await self._body(request)
            stage.gate.enter()
            try:
                message = await _message(kind, content, request, face, stage.settings.message_bytes)
                run = await request.while_there(self._run(message, terms, within))
            finally:
                stage.gate.leave()
            if run.error is not None:
                raise run.error
            return _answer(request, run.answer, told(terms, run))
        except OperatorError as error:
            return failed(error.code, error.message, told(terms, run))
        except Refusal as refusal:
            headers = (*refusal.headers, *told(terms, run))
            raise Refusal(refusal.status, refusal.code, refusal.message, headers) from None

    async def _run(self, message: Message, terms: Terms, within: float | None) -> Finished:
        """Answer it by what is served when this begins to run. Raises OperatorError."""
        try:
            return await self._stage.require().run(message, terms, within)
        except OperatorError:
            raise
        except Exception as error:
            raise self._stage.unexpected(error, terms) from error

    async def _body(self, request: Request) -> tuple[str, bytes]:
        """Of which kind the body is, and the body."""
        kind = request.header("content-type").partition(";")[0].strip().lower()
        if kind not in (_JSON, _FORM, _PROTOBUF):
            said = f"{kind!r}" if kind else "none"
            message = f"the content-type is {said}, and must be {_JSON}, {_PROTOBUF} or {_FORM}"
            raise Refusal(415, Code.INVALID_ARGUMENT, message)
        most = self._stage.settings.message_bytes
        waiting = _Waiting()
        self._stage.arrivals.enter(waiting)
        try:
            return kind, await waiting.wait(request.body(json_size(most) if kind == _JSON else most + _LARGE))
        finally:
            self._stage.arrivals.leave(waiting, None)


class _Waiting:
    """A request that waits for its body, as `Arrivals` sees it: a connection has one at a time."""

    peer = "HTTP"

    def __init__(self) -> None:
        self._scope = asyncio.timeout(None)
        self._error: OperatorError | None = None
        self._is_over = False

    async def wait(self, body: Awaitable[bytes]) -> bytes:
        """The body. Raises OperatorError where it is given up, and what reading it raises."""
        try:
            async with self._scope:
                return await body
        except TimeoutError:
            if self._error is None:
                raise
            raise self._error from None
        finally:
            self._is_over = True

    async def give_up(self, code: Code, message: str) -> None:
        """See `Arriving`."""
        if not self._is_over:
            self._error = OperatorError(code, message)
            self._scope.reschedule(0.0)


async def _message(kind: str, content: bytes, request: Request, face: Face, most: int) -> Message:
    if len(content) < _LARGE:
        return _parsed(kind, content, request, face, most)
    return await asyncio.to_thread(_parsed, kind, content, request, face, most)


async def _at_once(page: Callable[[Request], Response], request: Request) -> Response:
    return page(request)


def _must_be(request: Request, *methods: str) -> None:
    if request.method not in methods:
        allowed = ", ".join(methods)
        message = f"{request.path} takes {allowed}, not {request.method}"
        raise Refusal(405, Code.UNIMPLEMENTED, message, (("allow", allowed),))


def _must_be_ours(request: Request) -> None:
    """A web page of somebody else's has no business here, though a browser would send what it wants."""
    origin = request.header("origin")
    if origin and origin.partition("://")[2] != request.header("host"):
        raise Refusal(403, Code.PERMISSION_DENIED, "pages of other origins may not call this service")


def _seconds(terms: Terms) -> float | None:
    if not terms.timeout:
        return None
    try:
        seconds = float(terms.timeout)
    except ValueError:
        seconds = -1.0
    if seconds < 0 or not isfinite(seconds):
        raise OperatorError(Code.INVALID_ARGUMENT, f"{TIMEOUT} is {terms.timeout[:40]!r}, and must be seconds")
    return seconds


def _parsed(kind: str, content: bytes, request: Request, face: Face, most: int) -> Message:
    if kind == _JSON:
        message = from_json(content, face.request_type)
    elif kind == _FORM:
        form = from_form(content, request.header("content-type"), face.request_type.DESCRIPTOR)
        message = from_dict(form, face.request_type)
    else:
        message = face.parse(content)
    if message.ByteSize() > most:
        raise Refusal(413, Code.RESOURCE_EXHAUSTED, f"the request is larger than {most} bytes")
    return message


def _answer(request: Request, answer: Message, beside: Told) -> Response:
    if request.header("accept").startswith(_PROTOBUF):
        return Response(200, serialised(answer), _PROTOBUF, beside)
    return Response(200, to_json(answer), headers=beside)
