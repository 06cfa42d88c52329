"""What a caller says beside the message, and what it is told beside the answer: alike in gRPC and HTTP."""

import re
from collections.abc import Iterable, Iterator
from random import Random
from typing import NamedTuple

from comb_compiler.runtime.codes import Code
from comb_compiler.runtime.engine import Finished
from comb_compiler.runtime.engine.tracing import is_traceparent

__all__ = ["ARM", "RELEASE", "REQUEST_ID", "TIMEOUT", "TIMING", "Terms", "Told", "terms_of", "told"]

REQUEST_ID = "x-request-id"
ARM = "comb-arm"
RELEASE = "comb-release"
TIMING = "comb-timing"
TIMEOUT = "comb-timeout"
TRACEPARENT = "traceparent"
_SERVER_TIMING = "server-timing"

Told = tuple[tuple[str, str], ...]
"""What a caller is told beside the answer: gRPC metadata, HTTP headers."""

_SAYABLE = re.compile(r"[!-~]{1,128}")
_LONGEST_KEY = 512
_ids = Random()  # noqa: S311 - ids are no secrets, and the system's own source takes four times as long
_SKIPPED = -2


class Terms(NamedTuple):
    """The terms of one request. `key` is the sticky key where a header has it; `timeout` is as it was sent.

    `arm` and `release` are forced, by who may.
    """

    request_id: str
    arm: str | None = None
    key: str = ""
    timing: bool = False
    timeout: str = ""
    release: str | None = None
    traceparent: str = ""


def terms_of(headers: Iterable[tuple[str, str | bytes]], key_header: str) -> Terms:
    """The terms in gRPC metadata or HTTP headers, whose names are in lower case.

    A request id that is missing, or that no log should have to hold, is made: what comes back is what is logged.
    """
    request_id, arm, key, timing, timeout, release, traceparent = "", None, "", False, "", None, ""
    for name, value in headers:
        if isinstance(value, bytes):
            continue
        if name == REQUEST_ID:
            request_id = value if _SAYABLE.fullmatch(value) else ""
        elif name == key_header:
            key = value[:_LONGEST_KEY]
        elif name == ARM:
            arm = value
        elif name == RELEASE:
            release = value
        elif name == TIMING:
            timing = value == "1"
        elif name == TIMEOUT:
            timeout = value
        elif name == TRACEPARENT:
            traceparent = value if is_traceparent(value) else ""
    return Terms(request_id or f"{_ids.getrandbits(96):024x}", arm, key, timing, timeout, release, traceparent)


def told(terms: Terms, run: Finished | None) -> Told:
    """What to tell beside the answer, or beside the error; `run` is None where the request was not taken on."""
    said: Told = ((REQUEST_ID, terms.request_id),)
    if run is None:
        return said
    if run.arm:
        said += ((ARM, run.arm),)
    if run.release:
        said += ((RELEASE, run.release),)
    return (*said, (_SERVER_TIMING, _timing(run))) if terms.timing else said


def _timing(run: Finished) -> str:
    """How long each step took, in milliseconds, as the W3C's Server-Timing; `start` counts from the request's begin."""
    return ", ".join(_steps(run))


def _steps(run: Finished) -> Iterator[str]:
    for name, code, began, ended in zip(run.names, run.codes, run.begins, run.ends, strict=True):
        if code >= 0:
            took, start = (ended - began) * 1000, (began - run.began) * 1000
            yield f'{name};dur={took:.2f};start={start:.2f};desc="{Code(code).name}"'
        elif code == _SKIPPED:
            yield f'{name};desc="SKIPPED"'
