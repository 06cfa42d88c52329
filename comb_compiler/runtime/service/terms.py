"""What a caller says beside the message, and what it is told beside the answer: alike in gRPC and HTTP."""

import re
from collections.abc import Iterable, Iterator, Mapping
from random import Random
from typing import Any, NamedTuple

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

_ASKING = frozenset({REQUEST_ID, ARM, RELEASE, TIMING})
_NAMES = _ASKING | {TIMEOUT, TRACEPARENT}
_SAYABLE = re.compile(r"[!-~]{1,128}")
_LONGEST_KEY = 512
_random_bits = Random().getrandbits  # noqa: S311 - ids are no secrets, and the system's own source takes longer
_ids: list[str] = []
_TOGETHER = 64
"""How many ids are made at a time: code that has just run is faster by far than code that has not."""
_SKIPPED = -2


class Terms(NamedTuple):
    """The terms of one request. `key` is the sticky key where a header has it; `timeout` is as it was sent.

    `arm` and `release` are forced, by who may. `asks`: the caller has named the request, or asked for something; who
    has not is told nothing beside an answer over gRPC, since that costs a fortieth of a call.
    """

    request_id: str
    arm: str | None = None
    key: str = ""
    timing: bool = False
    timeout: str = ""
    release: str | None = None
    traceparent: str = ""
    asks: bool = False


def terms_of(headers: Iterable[tuple[str, str | bytes]], key_header: str) -> Terms:
    """The terms in gRPC metadata or HTTP headers, whose names are in lower case.

    A request id that is missing, or that no log should have to hold, is made: what comes back is what is logged.
    """
    key = ""
    said: dict[str, Any] | None = None
    for name, value in headers:
        if name in _NAMES:
            said = said or {}
            said[name] = value
        elif name == key_header and isinstance(value, str):
            key = value[:_LONGEST_KEY]
    if said is None:
        # As Terms(…) does it, without the calls that lie between.
        return tuple.__new__(Terms, (_new_id(), None, key, False, "", None, "", False))
    return _terms(said, key, key_header)


def _terms(said: Mapping[str, Any], key: str, key_header: str) -> Terms:
    request_id, traceparent = said.get(REQUEST_ID, ""), said.get(TRACEPARENT, "")
    return Terms(
        request_id if _SAYABLE.fullmatch(request_id) else _new_id(),
        said.get(ARM),
        key or said.get(key_header, "")[:_LONGEST_KEY],
        said.get(TIMING) == "1",
        said.get(TIMEOUT, ""),
        said.get(RELEASE),
        traceparent if is_traceparent(traceparent) else "",
        not said.keys().isdisjoint(_ASKING),
    )


def _new_id() -> str:
    try:
        return _ids.pop()
    except IndexError:
        _ids.extend([f"{_random_bits(96):024x}" for _ in range(_TOGETHER - 1)])
        return f"{_random_bits(96):024x}"


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
