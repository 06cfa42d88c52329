"""What load is asked for, and what came of each request: plain values, with a form in JSON for another process."""

from array import array
from base64 import b64decode, b64encode
from collections.abc import Mapping
from itertools import accumulate
from typing import Any, NamedTuple, Self

__all__ = [
    "ARRIVALS",
    "CODES",
    "GRPC",
    "HTTP",
    "MALFORMED",
    "OK",
    "TIMEOUT",
    "UNREACHABLE",
    "Input",
    "Job",
    "Observed",
    "Step",
    "Target",
    "Tls",
    "code_name",
    "http_code",
    "tally",
]

GRPC, HTTP = "grpc", "http"
ARRIVALS = ("poisson", "constant")

CODES = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    "TIMEOUT", "UNREACHABLE", "MALFORMED",
)  # fmt: skip
"""gRPC's by their numbers; then: given up on here, no connection or it ended, and an answer that is not one."""

OK = 0
TIMEOUT, UNREACHABLE, MALFORMED = (CODES.index(name) for name in ("TIMEOUT", "UNREACHABLE", "MALFORMED"))
_HTTP = 1000
_LONGEST, _MOST_TEXTS = 300, 20
_ROOM, _EACH = 1 << 24, 100
"""Bytes of different answers that are kept, and what each takes beside its own."""


def http_code(status: int) -> int:
    """The code of an HTTP status."""
    return OK if 200 <= status < 300 else _HTTP + status


def code_name(code: int) -> str:
    """A code for people: gRPC's name of it, or `HTTP 503`."""
    return f"HTTP {code - _HTTP}" if code >= _HTTP else CODES[code]


class Tls(NamedTuple):
    """TLS towards a target, by PEM files: who is trusted (none: whom the machine trusts), and who the caller is."""

    authorities: str = ""
    certificate: str = ""
    key: str = ""


class Target(NamedTuple):
    """What is loaded. `path` is `/package.Service/Method` for gRPC. `connections` are opened for gRPC (0: one);
    HTTP opens as many as it needs, or (if not 0) up to that number, like a client with a pool. `metadata` goes with
    every request. `tls` is None for one that is spoken to in the clear."""

    protocol: str
    host: str
    port: int
    path: str
    connections: int = 0
    metadata: tuple[tuple[str, str], ...] = ()
    tls: Tls | None = None

    @property
    def scheme(self) -> str:
        """Of URLs."""
        return "http" if self.tls is None else "https"


class Input(NamedTuple):
    """A request's body as it goes over the wire, and how often it comes beside others."""

    body: bytes
    weight: float = 1.0
    metadata: tuple[tuple[str, str], ...] = ()


class Job(NamedTuple):
    """What stays the same from step to step."""

    target: Target
    inputs: tuple[Input, ...]

    def as_json(self) -> dict[str, Any]:
        inputs = [one._asdict() | {"body": b64encode(one.body).decode()} for one in self.inputs]
        tls = None if self.target.tls is None else self.target.tls._asdict()
        return {"target": self.target._asdict() | {"tls": tls}, "inputs": inputs}

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Self:
        tls = None if form["target"]["tls"] is None else Tls(**form["target"]["tls"])
        target = Target(**form["target"] | {"metadata": _pairs(form["target"]["metadata"]), "tls": tls})
        inputs = (Input(b64decode(one["body"]), one["weight"], _pairs(one["metadata"])) for one in form["inputs"])
        return cls(target, tuple(inputs))


def _pairs(form: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in form)


class Step(NamedTuple):
    """Requests per second, for how many seconds, and after how many each is given up on. The same seed gives the
    same arrivals of the same inputs, however many workers share them."""

    rate: float
    seconds: float
    timeout: float = 1.0
    arrivals: str = "poisson"
    seed: int = 0


def tally(counts: dict[str, int], text: str, count: int = 1) -> None:
    """Count a text, shortened, beside a few others."""
    text = text[:_LONGEST]
    if text not in counts and len(counts) >= _MOST_TEXTS:
        text = "others"
    counts[text] = counts.get(text, 0) + count


class Observed:
    """Every request of a step, in columns, as they ended.

    Seconds: `due` is the scheduled arrival since the step began; `late` is how much later it was sent; `took` is from
    the scheduled arrival to the end. `said` has what was told of those without an answer, and `offences` how the target
    broke the protocol, each with how often. `answers` has each input's different answers, by its index and the body,
    with how often they came: as many as there is room for, and `unkept` of others. `scheduled` counts those that were
    never sent, too; `faults` are the generator's own.
    """

    COLUMNS = (("due", "d"), ("late", "f"), ("took", "f"), ("code", "H"), ("which", "I"))
    TEXTS = ("said", "offences", "faults")

    def __init__(self, scheduled: int = 0) -> None:
        self.scheduled = scheduled
        self.due, self.late, self.took = array("d"), array("f"), array("f")
        self.code, self.which = array("H"), array("I")
        self.said: dict[str, int] = {}
        self.offences: dict[str, int] = {}
        self.faults: dict[str, int] = {}
        self.answers: dict[tuple[int, bytes], int] = {}
        self.unkept = 0
        self._room = _ROOM

    def __len__(self) -> int:
        return len(self.due)

    def keep(self, which: int, body: bytes, count: int = 1) -> None:
        """An answer's body."""
        answer = which, body
        known = self.answers.get(answer)
        if known is not None:
            self.answers[answer] = known + count
        elif self._room > len(body) + _EACH:
            self._room -= len(body) + _EACH
            self.answers[answer] = count
        else:
            self.unkept += count

    def extend(self, other: "Observed") -> None:
        """With what another worker saw of the same step."""
        self.scheduled += other.scheduled
        for name, _ in self.COLUMNS:
            getattr(self, name).extend(getattr(other, name))
        for name in self.TEXTS:
            for text, count in getattr(other, name).items():
                tally(getattr(self, name), text, count)
        for (which, body), count in other.answers.items():
            self.keep(which, body, count)
        self.unkept += other.unkept

    def as_bytes(self) -> dict[str, Any]:
        """Columns in the machine's own byte order: all workers of a step are on machines of one kind."""
        told = {
            "scheduled": self.scheduled,
            "unkept": self.unkept,
            **{name: getattr(self, name) for name in self.TEXTS},
        }
        answers = {
            "answer_which": array("I", (which for which, _ in self.answers)).tobytes(),
            "answer_count": array("I", self.answers.values()).tobytes(),
            "answer_size": array("I", (len(body) for _, body in self.answers)).tobytes(),
            "answer_body": b"".join(body for _, body in self.answers),
        }
        return {**told, **answers, **{name: getattr(self, name).tobytes() for name, _ in self.COLUMNS}}

    @classmethod
    def from_bytes(cls, form: Mapping[str, Any]) -> Self:
        found = cls(form["scheduled"])
        for name in cls.TEXTS:
            getattr(found, name).update(form[name])
        for name, _ in cls.COLUMNS:
            getattr(found, name).frombytes(form[name])
        which, count, size = (array("I", form[f"answer_{name}"]) for name in ("which", "count", "size"))
        ends = list(accumulate(size))
        for index, end in enumerate(ends):
            found.keep(which[index], form["answer_body"][end - size[index] : end], count[index])
        found.unkept += form["unkept"]
        return found
