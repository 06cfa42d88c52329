"""Records from one store to another, held to what they were."""

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from comb_compiler.samples.batches import batches
from comb_compiler.samples.record_pb2 import Record
from comb_compiler.samples.store import Query, SampleStore

__all__ = ["Copied", "copy_records"]

_MOST, _BYTES = 500, 8 << 20
"""Of a batch."""


class Copied(NamedTuple):
    """What came of a copy. `digest` is over the records, marks included, in the order of the source."""

    records: int
    new: int
    known: int
    digest: str
    different: tuple[str, ...]
    """Records that are not in the target as they are in the source, by id, with what is wrong."""


def copy_records(
    source: SampleStore, target: SampleStore, query: Query, *, progress: Callable[[int], None] = lambda done: None
) -> Copied:
    """Copy what is as asked. It takes the memory of a batch twice; an interrupted one is simply begun again.

    Marks that the source has and the target lacks, or has otherwise, are made there too. Each record is read back.
    Raises StoreError for either store.
    """
    records = new = known = 0
    digest = hashlib.sha256()
    different: list[str] = []
    interfaces: set[str] = set()
    for batch in batches(source.scan(query), most=_MOST, size=_BYTES):
        _copy_interfaces(source, target, batch, interfaces)
        put = target.put(batch)
        new, known = new + put.new, known + put.known
        refused = {one.id: one.why for one in put.refused}
        different += [f"{id}: it was refused: {why}" for id, why in refused.items()]
        different += _held(target, [one for one in batch if one.id not in refused])
        for one in batch:
            digest.update(one.SerializeToString(deterministic=True))
        records += len(batch)
        progress(records)
    return Copied(records, new, known, digest.hexdigest(), tuple(different))


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
