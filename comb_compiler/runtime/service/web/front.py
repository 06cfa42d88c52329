"""The front page: what this is, and a line for curl that works."""

from collections.abc import Iterator
from typing import Any

from comb_compiler.release import ExecutionPlan
from comb_compiler.runtime.messages import open_messages
from comb_compiler.runtime.service.face import Face

__all__ = ["curl_arguments", "front_page"]

_DEEPEST = 3


def front_page(face: Face | None, address: str) -> str:
    """The page, as plain text."""
    if face is None:
        return "A comb's process, which answers no requests here (yet). /readyz says whether it is ready.\n"
    return f"""{face.served.plan.comb}: {face.path[1:]}

Ask it:
  curl {curl_arguments(face.served.plan, address)}

More:
  POST {face.path}   the same; the body is JSON (Protobuf's mapping), application/x-protobuf or a form
  GET  /readyz      whether it takes requests, and why not
  GET  /healthz     whether it lives
  GET  /v1/status   what is served
  GET  /metrics     for Prometheus

Headers: x-request-id, comb-timeout (seconds), comb-timing: 1 (how long each step took), comb-arm.
"""


def curl_arguments(plan: ExecutionPlan, address: str, file: str = "FILE") -> str:
    """What to give to curl for a request like those that are meant: with a file where there is a field for bytes."""
    request = open_messages(plan.descriptors)[plan.method.input].DESCRIPTOR
    path = _bytes_field(request)
    if path is not None:
        return f"-F {path}=@{file} {address}/v1/call"
    fields = (field for field in request.fields if field.type == field.TYPE_STRING and not field.is_repeated)
    field = next(fields, None)
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
        kind = field.message_type
        if kind is not None and not field.is_repeated and not kind.full_name.startswith("google.protobuf."):
            yield f"{path}{field.name}.", field.message_type
