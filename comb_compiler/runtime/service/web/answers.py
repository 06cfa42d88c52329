"""Values → HTTP responses."""

import json
from typing import Any

from comb_compiler.runtime.codes import Code
from comb_compiler.runtime.service.web.exchange import Response

__all__ = ["as_json", "as_text", "failed", "refused"]

_STATUS = {
    Code.CANCELLED: 499,
    Code.UNKNOWN: 500,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.DATA_LOSS: 500,
    Code.UNAUTHENTICATED: 401,
}
"""The mapping that google.rpc.Code documents."""

Headers = tuple[tuple[str, str], ...]


def as_json(value: Any, status: int = 200, headers: Headers = ()) -> Response:
    """A value as JSON that people can read."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return Response(status, f"{text}\n".encode(), headers=headers)


def as_text(text: str, status: int = 200, kind: str = "text/plain; charset=utf-8") -> Response:
    """Text."""
    return Response(status, text.encode(), kind)


def failed(code: Code, message: str, headers: Headers = ()) -> Response:
    """A call that failed, with the HTTP status that goes with its code."""
    return refused(_STATUS[code], code, message, headers)


def refused(status: int, code: Code, message: str, headers: Headers = ()) -> Response:
    """A request that failed, with an HTTP status of its own."""
    return as_json({"code": int(code), "status": code.name, "message": message}, status, headers)
