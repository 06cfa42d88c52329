"""Records in batches, so that many are put or written together, in bounded memory."""

from collections.abc import Iterable, Iterator

from comb_compiler.samples.record_pb2 import Record
from comb_compiler.samples.store import Put, Refused, SampleStore

__all__ = ["batches", "put_all"]


def batches(records: Iterable[Record], *, most: int, size: int) -> Iterator[list[Record]]:
    """The records, at most so many together; a batch ends with the record by which it has more than `size` bytes."""
    batch: list[Record] = []
    held = 0
    for one in records:
        batch.append(one)
        held += one.ByteSize()
        if len(batch) >= most or held > size:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def put_all(store: SampleStore, records: Iterable[Record]) -> Put:
    """Put records, batch by batch; gives what came of all of them. Raises what `store.put` and `records` raise."""
    new = known = 0
    refused: list[Refused] = []
    for batch in batches(records, most=500, size=8 * 1024 * 1024):
        put = store.put(batch)
        new, known = new + put.new, known + put.known
        refused += put.refused
    return Put(new, known, tuple(refused))
