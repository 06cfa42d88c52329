"""What a sample set is, once it is read."""

import base64
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

__all__ = ["ERRORS", "MARKS", "FileText", "Flaw", "Kept", "Mark", "Sample", "SampleSet", "mark_flaw"]

ERRORS = (
    "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip
"""gRPC's codes for what failed, by name."""

MARKS = ("standard", "error", "optimised")
"""The marks that gates ask for; others are names of sets of one's own."""

_NAME = re.compile(r"[a-z][-a-z0-9]{0,62}")


def mark_flaw(mark: str) -> str:
    """What is wrong with the name of a mark; empty where nothing is."""
    if mark in MARKS:
        return ""
    close = get_close_matches(mark.lower(), MARKS, 1, 0.8)
    if close:
        return f"did you mean {close[0]}?"
    return "" if _NAME.fullmatch(mark) else "a name has small letters, digits and hyphens, and begins with a letter"


class FileText(str):
    """The bytes of a file in base64, as Protobuf's JSON form has them; `content` is the bytes themselves."""

    __slots__ = ("content",)
    content: bytes

    def __new__(cls, content: bytes) -> "FileText":
        """The text of these bytes."""
        made = super().__new__(cls, base64.b64encode(content).decode("ascii"))
        made.content = content
        return made

    def __reduce__(self) -> tuple[type["FileText"], tuple[bytes]]:
        """A copy is made of the bytes."""
        return FileText, (self.content,)


class Mark(NamedTuple):
    """What someone says of a sample: it is `standard`, an `error`, or one that a change has `optimised`."""

    mark: str
    by: str
    why: str = ""


class Kept(NamedTuple):
    """A request that a sample store has: its record's id, and the digest that it must have (`request_digest`)."""

    record: str
    sha256: str


class Sample(NamedTuple):
    """A request and what is expected of its answer, both in Protobuf's JSON form; what a file holds is a FileText.

    `expected` has only the fields that count; `error` is the code that the request must fail with. One of the two is
    there. `digest` is over the bytes of the sample's files and their names, not over its own name. Where `kept` says
    that the request is in a store, `request` is empty.
    """

    name: str
    request: Mapping[str, Any]
    expected: Mapping[str, Any] | None
    error: str | None
    about: str
    marks: tuple[Mark, ...]
    digest: str
    kept: Kept | None = None


class SampleSet(NamedTuple):
    """Samples by name. `digest` is over their names and digests: the same set has the same one on every machine."""

    name: str
    samples: tuple[Sample, ...]
    digest: str

    @property
    def in_files(self) -> "SampleSet":
        """The same without the samples whose requests are in a store: for who has no store at hand."""
        return self._replace(samples=tuple(one for one in self.samples if one.kept is None))


class Flaw(NamedTuple):
    """What is wrong with a file of a set. `file` is its POSIX path from the set's directory; `line` is 0 for none."""

    file: str
    message: str
    line: int = 0
