"""Where records are kept, found, counted and marked: what every store can do.

Record first, index after: a store acknowledges a record once its bytes would survive the end of the process (and says
in its own documentation what of a machine's end it survives); what it finds by is made from the records, and `repair`
makes it anew where it is missing. A record's id makes a retry harmless: the first one that came with an id stays.
Methods may be called from several threads, and several processes may have the same store open.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from comb_compiler.samples.record_pb2 import Mark, Record

__all__ = [
    "BadPage", "Bucket", "By", "Found", "Latency", "Page", "Put", "Query", "Refused", "Repaired", "SampleStore",
    "StoreError",
]  # fmt: skip


class StoreError(Exception):
    """The store is down, full, slow or damaged. The message says which, where, and what to do; nothing is half done."""


class BadPage(ValueError):
    """What was given as a page is none that this store gave."""


class Refused(NamedTuple):
    """A record that no retry will put: its id, and why."""

    id: str
    why: str


class Put(NamedTuple):
    """What came of a put: every record is one of the three."""

    new: int
    known: int
    """Records whose id was there already, with the same bytes or with others: what was there stays."""
    refused: tuple[Refused, ...] = ()


class Query(NamedTuple):
    """What a record must be to be found; None, and an empty tuple, ask nothing.

    Times are Unix times, durations are seconds. `operator` (a node's name or its operator's), `model` and
    `operator_code` ask for records in which there is one node of which all three are true; where `operator_code` asks
    nothing, one that ran: with a code of 0 or above.
    """

    comb: str | None = None
    environment: str | None = None
    subject: str | None = None
    release: str | None = None
    arm: str | None = None
    codes: tuple[int, ...] = ()
    reasons: tuple[int, ...] = ()
    operator: str | None = None
    operator_code: int | None = None
    model: str | None = None
    """As `text-angle@1.5.0`."""
    marks: tuple[str, ...] = ()
    """Any of these marks, not withdrawn."""
    since: float | None = None
    until: float | None = None
    """Exclusive."""
    faster: float | None = None
    """Exclusive."""
    slower: float | None = None
    """Inclusive, as `since` is."""
    request_id: str | None = None
    user: str | None = None
    """The digest of a user's key (`user_digest`)."""
    text: str | None = None
    """Words between blanks, each of which occurs, as a part of others too and whatever its case, in an error message of
    the request or of a node, or in a mark's why."""


class Found(NamedTuple):
    """The key fields of a record, as a list shows them."""

    id: str
    time: float
    duration: float
    comb: str
    environment: str
    release: str
    subject: str
    arm: str
    code: int
    reason: int
    request_id: str
    marks: tuple[str, ...]
    size: int
    """Bytes of the whole record."""


class Page(NamedTuple):
    """Part of what was found, newest first, those of one time in the store's own order. `next` gets the part after it;
    it is empty where there is none.

    Pages that follow one another neither skip nor double a record that was there when the first was asked for,
    whatever is put, marked or deleted between them; records that came later may be left out.
    """

    found: tuple[Found, ...]
    next: str = ""


class By(StrEnum):
    """A key field that records are counted by."""

    COMB = "comb"
    ENVIRONMENT = "environment"
    SUBJECT = "subject"
    RELEASE = "release"
    ARM = "arm"
    CODE = "code"
    REASON = "reason"
    OPERATOR = "operator"
    """The operator of a node, not the node's own name."""
    OPERATOR_CODE = "operator-code"
    MODEL = "model"
    MARK = "mark"
    """Each mark that is not withdrawn; records without one are not counted."""


class Bucket(NamedTuple):
    """How many records there were in a stretch of time, with one value of each field that was asked for.

    By operator, operator code or model it is nodes that are counted: each node of a record of which is true what the
    query asks of nodes. Numbers are written in decimal. `start` is 0 where no stretches were asked for. Buckets come in
    the order of their start, then of their values.
    """

    start: float
    values: tuple[str, ...]
    records: int


class Latency(NamedTuple):
    """Percentiles of durations in a stretch of time, in seconds, by nearest rank or nearly; all else as in Bucket."""

    start: float
    values: tuple[str, ...]
    records: int
    percentiles: tuple[float, ...]


class Repaired(NamedTuple):
    """What a repair found and mended, in words for people, and what it could not mend."""

    looked_at: int
    mended: tuple[str, ...]
    lost: tuple[str, ...]


class SampleStore(Protocol):
    """Keeps records. Every method raises StoreError where the store cannot answer."""

    def put(self, records: Sequence[Record]) -> Put:
        """Keep records: they are acknowledged, all of them, when this returns; found within a second after that."""

    def put_interface(self, descriptors: bytes) -> str:
        """Keep a serialised FileDescriptorSet that records' messages are read with; gives its digest."""

    def interface(self, digest: str) -> bytes | None:
        """The FileDescriptorSet of a digest."""

    def get(self, ids: Sequence[str]) -> Mapping[str, Record]:
        """The records of these ids, those that are there, with all marks in `Record.marks`, oldest first."""

    def find(self, query: Query, *, limit: int = 100, page: str = "") -> Page:
        """The records that are as asked, newest first. Raises BadPage for a `page` that no earlier answer named."""

    def count(self, query: Query, by: Sequence[By] = (), every: float | None = None) -> Sequence[Bucket]:
        """How many records there are, by fields and by stretches of `every` seconds (whole multiples since 1970)."""

    def latency(
        self,
        query: Query,
        percentiles: Sequence[float] = (0.5, 0.9, 0.99),
        by: Sequence[By] = (),
        every: float | None = None,
    ) -> Sequence[Latency]:
        """Percentiles (shares from 0 to 1) of durations: of requests, or of nodes where `by` or the query names one."""

    def mark(self, id: str, mark: Mark) -> None:
        """Say something of a record. The same mark by the same one replaces what they said; others' stay beside it.

        Raises KeyError where there is no such record.
        """

    def delete(self, query: Query, *, marked: bool = False) -> int:
        """Delete what is as asked, for good; records with a mark only with `marked`. Gives how many.

        This is retention (`until`) as well as a user's right to be forgotten (`user`, with `marked`). When it returns
        the records are nowhere in the store any more; an interrupted one leaves each record whole or gone, and is
        continued by the next.
        """

    def scan(self, query: Query) -> Iterator[Record]:
        """The records that are as asked, whole, oldest first, in bounded memory: for exports."""

    def repair(self) -> Repaired:
        """Find what is wrong between the records and what they are found by, or damaged, and mend it."""

    def close(self) -> None:
        """Let go of files and connections. What was acknowledged is kept."""
