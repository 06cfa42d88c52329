"""A record → what it is found by.

The fields with few values, the steps that its nodes took among them, make a *kind*, which is kept once however many
records are of it: a record names it by a number, and an index over that number and the time is one over each field.
To read some thirty fields of each record costs more than all else here. So what makes a kind is cut out of the record's
bytes at once, and those fields are read when they come for the first time.
"""

import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from comb_compiler.samples.record_pb2 import Mark, Operator, Record
from comb_compiler.samples.store import Query, Refused

__all__ = ["MAX_RECORD", "Kind", "Row", "Step", "durations", "row", "searched"]

MAX_RECORD = 256 * 1024 * 1024
"""Bytes of one record."""

_LOWEST_CODE = 0
_REMEMBERED = 4096
"""So many kinds are remembered, each with the error messages that came with it; and none that has so many bytes."""
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
    common = _Common.FromString(content)
    common.DiscardUnknownFields()
    cut = common.SerializeToString()
    kind, text = (_read if len(cut) < _REMEMBERED else _read.__wrapped__)(cut)
    taken = [one.duration for one in record.operators]
    return Row(
        bytes.fromhex(id),
        record.time,
        record.duration,
        kind,
        record.request_id,
        record.user,
        struct.pack(f"<{len(taken)}q", *taken),
        text,
        record.marks,
        content,
    )


@lru_cache(_REMEMBERED)
def _read(cut: bytes) -> tuple[Kind, str]:
    """The kind of a record, and what is searched for words, of what was cut out of it."""
    one = _Common.FromString(cut)
    steps = tuple((step.node, step.operator, step.model, step.code) for step in one.operators)
    kind = Kind(one.comb, one.environment, one.subject, one.release, one.arm, one.code, one.reason, steps)
    errors = [step.error for step in one.operators] + [one.error]
    return kind, searched("\n".join(error for error in errors if error))


def _class_of_common() -> Any:
    """A message that reads of a Record's bytes what makes its kind, and the error messages; all else is unknown to it.

    An enum's number is read as one: so it is whatever a newer version names by it.
    """
    file = FileDescriptorProto(name="common.proto", package="comb.samples.embedded", syntax="proto3")
    wanted = ((Record.DESCRIPTOR, {*Kind._fields, "operators"}), (Operator.DESCRIPTOR, {*Step._fields}))
    for source, names in wanted:
        whole = DescriptorProto()
        source.CopyToProto(whole)
        fields = [field for field in whole.field if field.name in {*names, "error"}]
        for field in fields:
            if field.type == field.TYPE_ENUM:
                field.type = field.TYPE_INT32
                field.ClearField("type_name")
            elif field.type == field.TYPE_MESSAGE:
                field.type_name = f".{file.package}.{Operator.DESCRIPTOR.name}"
        file.message_type.add(name=source.name, field=fields)
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(f"{file.package}.{Record.DESCRIPTOR.name}"))


_Common = _class_of_common()


def durations(packed: bytes) -> tuple[int, ...]:
    """How long each node took, in nanoseconds."""
    return struct.unpack(f"<{len(packed) // 8}q", packed)


def searched(text: str) -> str:
    """A text as it is searched: whatever its case."""
    return text.casefold()
