"""Requests of sample sets that a store keeps: found by the ids of their records, and held to their digests."""

import hashlib
from collections.abc import Mapping, Sequence

from comb_compiler.samples.model import Kept
from comb_compiler.samples.record_pb2 import Record
from comb_compiler.samples.store import SampleStore

__all__ = ["ABSENT", "CHANGED", "find_kept", "kept_of", "request_digest"]

ABSENT, CHANGED = "is not there", "is another one than was added"
"""Why a request cannot be had."""


def request_digest(record: Record) -> str:
    """The SHA-256 over what a record was asked: its message's type, its interface's digest, and its bytes."""
    named = f"{record.request.type}\0{record.interface}\0".encode("utf-8", "surrogatepass")
    return hashlib.sha256(named + record.request.message).hexdigest()


def kept_of(record: Record) -> Kept:
    """What names the request of a record in a sample."""
    return Kept(record.id, request_digest(record))


def find_kept(store: SampleStore, wanted: Sequence[Kept]) -> tuple[Mapping[str, Record], Mapping[str, str]]:
    """The records, by id; and, by id, why others cannot be had. Raises StoreError."""
    found = store.get([one.record for one in wanted])
    absent = {one.record: ABSENT for one in wanted if one.record not in found}
    others = (one for one in wanted if one.record in found)
    changed = {one.record: CHANGED for one in others if request_digest(found[one.record]) != one.sha256}
    return {id: record for id, record in found.items() if id not in changed}, absent | changed
