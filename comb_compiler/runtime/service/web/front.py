"""The front page: what this is, and a line for curl that works."""

from collections.abc import Iterator
from typing import Any

from comb_compiler.runtime.service.face import Face

__all__ = ["curl_arguments", "front_page"]

_DEEPEST = 3


def front_page(face: Face | None, host: str) -> str:
    """The page, as plain text."""
    if face is None:
        return "A comb is starting here. /readyz says when it is ready.\n"
    address = f"http://{host or 'HOST'}"
    return f"""{face.served.plan.comb}: {face.path[1:]}

Ask it:
  curl {curl_arguments(face, address)}

More:
  POST {face.path}   the same; the body is JSON (Protobuf's mapping), application/x-protobuf or a form
  GET  /readyz      whether it takes requests, and why not
  GET  /healthz     whether it lives
  GET  /v1/status   what is served
  GET  /metrics     for Prometheus

Headers: x-request-id, comb-timeout (seconds), comb-timing: 1 (how long each step took).
"""


def curl_arguments(face: Face, address: str, picture: str = "picture.jpg") -> str:
    """What to give to curl for a request like those that are meant: with a file where there is a field for bytes."""
    path = _bytes_field(face.request_type.DESCRIPTOR)
    if path is not None:
        return f"-F {path}=@{picture} {address}/v1/call"
    fields = (field for field in face.request_type.DESCRIPTOR.fields if field.type == field.TYPE_STRING)
    field = next((field for field in fields if not field.is_repeated), None)
    body = "{}" if field is None else f'{{"{field.json_name}": "…"}}'
    return f"-H 'content-type: application/json' -d '{body}' {address}/v1/call"


def _bytes_field(descriptor: Any) -> str | None:
    """The path of the bytes field that is nearest to the request."""
    level = [("", descriptor)]
    for _ in range(_DEEPEST):
        for path, message in level:
            for field in message.fields:
                if field.type == field.TYPE_BYTES and not field.is_repeated:
                    return f"{path}{field.name}"
        level = [one for path, message in level for one in _parts(path, message)]
    return None


def _parts(path: str, message: Any) -> Iterator[tuple[str, Any]]:
    for field in message.fields:
        if field.message_type is not None and not field.is_repeated:
            yield f"{path}{field.name}.", field.message_type
