"""Records from one store to another, held to what they were."""

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from comb_compiler.samples.batches import batches
from comb_compiler.samples.positions import (
    BEGINNING,
    Passed,
    Position,
    PositionFile,
    count_until,
    is_whole_until,
    scan_from,
)
from comb_compiler.samples.record_pb2 import Record
from comb_compiler.samples.store import Query, SampleStore

__all__ = ["Copied", "copy_records"]

_MOST, _BYTES = 500, 8 << 20
"""Of a batch."""


class Copied(NamedTuple):
    """What came of a copy. `digest` is of the records, marks included, in the order of the source: each goes into it
    with the digest of those before it."""

    records: int
    new: int
    known: int
    digest: str
    different: tuple[str, ...]
    """Records that are not in the target as they are in the source, by id, with what is wrong."""
    before: int = 0
    """How many of them an earlier run had copied, that was interrupted."""


_NOTHING = Copied(0, 0, 0, "", ())


def copy_records(
    source: SampleStore,
    target: SampleStore,
    query: Query,
    *,
    file: PositionFile | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Copied:
    """Copy what is as asked. It takes the memory of a batch twice.

    With a `file` one that was interrupted goes on where it was, with the query that it had; it begins anew where the
    source has no longer the same records up to there, or the target has fewer. Marks that the source has and the target
    lacks, or has otherwise, are made there too. Each record is read back. Raises StoreError for either store, and
    OSError for the file.
    """
    position, query, copied = _begun(source, target, query, file)
    passed, interfaces = Passed(position), set[str]()
    for batch in batches(scan_from(source, query, position), most=_MOST, size=_BYTES):
        _copy_interfaces(source, target, batch, interfaces)
        copied = _copy(target, batch, copied)
        for one in batch:
            passed.add(one)
        if file is not None:
            file.write(passed.position, query, copied._asdict())
        progress(copied.records)
    if file is not None:
        file.remove()
    return copied._replace(digest=copied.digest or _chained("", ()))


def _begun(
    source: SampleStore, target: SampleStore, query: Query, file: PositionFile | None
) -> tuple[Position, Query, Copied]:
    """Where to go on, and what has been copied until there."""
    found = None if file is None else file.read()
    if found is not None:
        position, asked, rest = found
        there = count_until(target, asked, (position.second or 0) + 1)
        if there + len(rest["different"]) >= position.records and is_whole_until(source, asked, position):
            copied = Copied(**{**rest, "different": tuple(rest["different"])})
            return position, asked, copied._replace(before=copied.records)
    return BEGINNING, query, _NOTHING


def _copy(target: SampleStore, batch: Sequence[Record], copied: Copied) -> Copied:
    put = target.put(batch)
    refused = {one.id: one.why for one in put.refused}
    different = [f"{id}: it was refused: {why}" for id, why in refused.items()]
    different += _held(target, [one for one in batch if one.id not in refused])
    return copied._replace(
        records=copied.records + len(batch),
        new=copied.new + put.new,
        known=copied.known + put.known,
        digest=_chained(copied.digest, batch),
        different=(*copied.different, *different),
    )


def _chained(digest: str, batch: Sequence[Record]) -> str:
    state = bytes.fromhex(digest) if digest else hashlib.sha256().digest()
    for one in batch:
        state = hashlib.sha256(state + one.SerializeToString(deterministic=True)).digest()
    return state.hex()


def _copy_interfaces(source: SampleStore, target: SampleStore, batch: Sequence[Record], done: set[str]) -> None:
    for digest in {one.interface for one in batch if one.interface} - done:
        done.add(digest)
        if (content := source.interface(digest)) is not None:
            target.put_interface(content)


def _held(target: SampleStore, batch: Sequence[Record]) -> list[str]:
    """Bring the marks of these to what they are in the source; gives what is different after that."""
    found = target.get([one.id for one in batch])
    late = [one for one in batch if one.id in found and _mark(target, one, found[one.id])]
    found = {**found, **target.get([one.id for one in late])} if late else found
    wrong = [f"{one.id}: it is not there" for one in batch if one.id not in found]
    other = [one.id for one in batch if one.id in found and found[one.id] != one]
    return wrong + [f"{id}: another record has this id, or marks were made in the target alone" for id in other]


def _mark(target: SampleStore, record: Record, there: Record) -> bool:
    """Whether there was something to mark."""
    said = {(one.mark, one.by): one for one in there.marks}
    missing = [one for one in record.marks if said.get((one.mark, one.by)) != one]
    for one in missing:
        target.mark(record.id, one)
    return bool(missing)
