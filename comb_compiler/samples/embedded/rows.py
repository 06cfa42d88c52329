"""A record → what it is found by.

The fields with few values, the steps that its nodes took among them, make a *kind*, which is kept once however many
records are of it: a record names it by a number, and an index over that number and the time is one over each field.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple

from comb_compiler.samples.record_pb2 import Mark, Record
from comb_compiler.samples.store import Query, Refused

__all__ = ["MAX_RECORD", "Kind", "Row", "Step", "durations", "row", "searched"]

MAX_RECORD = 256 * 1024 * 1024
"""Bytes of one record."""

_LOWEST_CODE = 0
_DIGITS = frozenset("0123456789abcdef")


class Step(NamedTuple):
    """One node's part in a kind."""

    node: str
    operator: str
    model: str
    code: int

    def is_asked(self, query: Query) -> bool:
        """Whether it is as the query asks of nodes; where it asks for no code, of those that ran."""
        return (
            (self.code >= _LOWEST_CODE if query.operator_code is None else self.code == query.operator_code)
            and (query.operator is None or query.operator in (self.node, self.operator))
            and (query.model is None or query.model == self.model)
        )


class Kind(NamedTuple):
    """What many records have in common."""

    comb: str
    environment: str
    subject: str
    release: str
    arm: str
    code: int
    reason: int
    steps: tuple[tuple[str, str, str, int], ...]
    """Fields of Step, in the order of the record's nodes."""


class Row(NamedTuple):
    """A record as it is put."""

    id: bytes
    time: int
    duration: int
    kind: Kind
    request_id: str
    user: str
    durations: bytes
    text: str
    marks: Sequence[Mark]
    content: bytes


def row(record: Record) -> Row | Refused:
    """What a record is found by, and its bytes; or why it cannot be kept, whoever tries again."""
    id = record.id
    if len(id) != 32 or not _DIGITS.issuperset(id):
        return Refused(id, "its id is not 32 hexadecimal digits (0-9, a-f)")
    if record.schema < 1:
        return Refused(id, "it does not say which version of the schema it is in")
    content = record.SerializeToString()
    if len(content) > MAX_RECORD:
        return Refused(id, f"it has {len(content):,} bytes, and a record has at most {MAX_RECORD:,}")
    steps, taken, errors = [], [], []
    for one in record.operators:  # in one pass: each look at a node costs
        steps.append((one.node, one.operator, one.model, one.code))
        taken.append(one.duration)
        if error := one.error:
            errors.append(error)
    if record.error:
        errors.append(record.error)
    kind = Kind(
        record.comb,
        record.environment,
        record.subject,
        record.release,
        record.arm,
        record.code,
        record.reason,
        tuple(steps),
    )
    return Row(
        bytes.fromhex(id),
        record.time,
        record.duration,
        kind,
        record.request_id,
        record.user,
        struct.pack(f"<{len(taken)}q", *taken),
        searched("\n".join(errors)) if errors else "",
        record.marks,
        content,
    )


def durations(packed: bytes) -> tuple[int, ...]:
    """How long each node took, in nanoseconds."""
    return struct.unpack(f"<{len(packed) // 8}q", packed)


def searched(text: str) -> str:
    """A text as it is searched: whatever its case."""
    return text.casefold()
