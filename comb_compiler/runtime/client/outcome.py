"""What goes with a call, and what came of it, whoever was asked."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

__all__ = ["CannotAsk", "Outcome", "Terms", "Timed", "Unreachable", "timed"]

_STEP = re.compile(r'\s*([^;,\s"]+)((?:;[a-z]+=(?:"[^"]*"|[^;,"]*))*)\s*(?:,|$)')
_FIELD = re.compile(r';([a-z]+)=(?:"([^"]*)"|([^;,"]*))')


class Unreachable(Exception):
    """Nobody answers at the address, or not as a comb does; `hint` is advice."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class CannotAsk(Exception):
    """There is no such method, or no such certificate; the message says what there is."""


class Terms(NamedTuple):
    """What goes with a request: a forced arm, headers, and how many seconds an answer may take."""

    arm: str | None = None
    headers: Mapping[str, str] = {}
    timeout: float = 60.0


class Timed(NamedTuple):
    """A step of the graph: when it began after the request did, and how long it took, in seconds; gRPC's code by name.

    `code` is SKIPPED for one that did not run, whose times say nothing.
    """

    name: str
    start: float
    seconds: float
    code: str


class Outcome(NamedTuple):
    """An answer, or the code and the sentence of what failed. `told` is what was said beside it, by lower-case name."""

    answer: Any
    code: str
    message: str
    seconds: float
    told: Mapping[str, str]
    steps: tuple[Timed, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether there is no answer."""
        return self.code != "OK"


def timed(header: str) -> tuple[Timed, ...]:
    """The steps in a `server-timing` header; nothing where it cannot be read."""
    return tuple(_steps(header))


def _steps(header: str) -> Iterator[Timed]:
    for name, rest in _parts(header):
        fields = {key: quoted or plain for key, quoted, plain in _FIELD.findall(rest)}
        try:
            start, took = float(fields.get("start", "0")) / 1000, float(fields.get("dur", "0")) / 1000
        except ValueError:
            continue
        yield Timed(name, start, took, fields.get("desc", "OK"))


def _parts(header: str) -> Iterable[tuple[str, str]]:
    place = 0
    while match := _STEP.match(header, place):
        yield match[1], match[2]
        place = match.end()
