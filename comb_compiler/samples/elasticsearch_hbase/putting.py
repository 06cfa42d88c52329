"""Records into both halves: each is kept first and indexed after.

They go in parts. While one part is indexed the next is made and kept, so that neither server waits for the other, and
no record's document is ever there before its row.
"""

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from functools import partial
from itertools import islice

from comb_compiler.samples.elasticsearch_hbase import removing
from comb_compiler.samples.elasticsearch_hbase.cells import Attempt
from comb_compiler.samples.elasticsearch_hbase.documents import as_json, found_by, marked
from comb_compiler.samples.elasticsearch_hbase.index import Index
from comb_compiler.samples.elasticsearch_hbase.table import Table
from comb_compiler.samples.rows import Row
from comb_compiler.samples.store import StoreError

__all__ = ["TURNS", "put"]

TURNS = 20
"""So often something is begun anew where others were faster, before it is a failure."""
_PART, _BYTES = 500, 4 << 20
"""Records of a part, and bytes after which it ends: what HBase is sent with one call. Smaller ones cost both servers
more calls, which took a quarter longer on a machine that had no core to spare."""


def put(index: Index, table: Table, rows: Iterable[Row], *, careful: bool = False) -> int:
    """Put records of different ids; gives how many are new. Raises StoreError; what was put until then stays put.

    With `careful` the first of them is put before any other is kept: where that fails, it alone has left a row.
    """
    token, new, rows = secrets.token_hex(8), 0, iter(rows)
    if careful and (first := list(islice(rows, 1))):
        new = _indexed(index, table, _keep(table, first, token), token)
    before: Future[int] = Future()
    before.set_result(0)
    try:
        for part in _parts(rows):
            documents = _keep(table, part, token)
            new += before.result()
            before = _beside(partial(_indexed, index, table, documents, token))
        return new + before.result()
    finally:
        wait([before])  # nothing goes on behind a put that has failed


def _parts(rows: Iterable[Row]) -> Iterator[list[Row]]:
    part: list[Row] = []
    held = 0
    for one in rows:
        part.append(one)
        held += len(one.content)
        if len(part) >= _PART or held >= _BYTES:
            yield part
            part, held = [], 0
    if part:
        yield part


def _keep(table: Table, rows: Sequence[Row], token: str) -> Mapping[str, bytes]:
    """Write rows; gives the documents that they are to be found by."""
    attempts, documents = [], {}
    for one in rows:
        id = one.id.hex()
        marks = list({(mark.mark, mark.by): mark for mark in one.marks}.values())
        attempts.append(Attempt(id, token, one.user, one.content, marks))
        documents[id] = as_json(marked(found_by(one, token, len(one.content)), marks))
    table.put(attempts)
    return documents


def _beside(act: Callable[[], int]) -> "Future[int]":
    """What `act` gives, in a thread of its own that keeps no process from ending."""
    future: Future[int] = Future()

    def run() -> None:
        try:
            future.set_result(act())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="comb-indexing", daemon=True).start()
    return future


def _indexed(index: Index, table: Table, documents: Mapping[str, bytes], token: str) -> int:
    """Create documents of rows that are kept; gives how many of them are this put's own."""
    there = index.create(list(documents.items()))
    known = 0
    for _ in range(TURNS):
        if not there:
            return len(documents) - known
        others, again = _others(index, table, there, token)
        known += others
        there = index.create([(id, documents[id]) for id in again])
    raise StoreError("Elasticsearch: records that are put are deleted at the same time, again and again")


def _others(index: Index, table: Table, ids: Sequence[str], token: str) -> tuple[int, list[str]]:
    """Of ids that have a document: how many have another's, and which of them are to be tried again."""
    found = index.get(ids)
    again = [id for id in ids if id not in found]
    gone = [one for one in found.values() if one.is_gone]
    removing.remove(index, table, gone)
    again += [one.version.id for one in gone]
    # One with our own token was made by an attempt of ours whose answer was lost.
    others = [id for id, one in found.items() if not one.is_gone and one.source["token"] != token]
    table.delete([(id, token) for id in others])
    return len(others), again
