"""Deletion, in both halves.

A document is first said to be gone, if it is still what it was looked at as: from then on nothing finds it, and nobody
marks it. Then its row goes, then it. Whoever deletes next ends what was interrupted; a record that came again, or was
marked, meanwhile is another version of its document, and stays.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from comb_compiler.samples.elasticsearch_hbase.asking import asked
from comb_compiler.samples.elasticsearch_hbase.cells import Head
from comb_compiler.samples.elasticsearch_hbase.index import Index, Known
from comb_compiler.samples.elasticsearch_hbase.table import Table
from comb_compiler.samples.store import Query, StoreError

__all__ = ["delete", "remove", "remove_gone", "remove_parts"]

_TURNS = 20
_SOME = 500
_LAST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


def delete(index: Index, table: Table, query: Query, *, marked: bool) -> int:
    """Delete what is as asked; gives how many."""
    index.refresh()
    remove_gone(index, table)
    deleted = 0
    for _ in range(_TURNS):
        looked_at, removed = _pass(index, table, query, marked=marked)
        deleted += removed
        if looked_at == removed:
            break
        index.refresh()  # some have changed in between: what they are now decides
    else:
        raise StoreError("Elasticsearch: records that are to be deleted change again and again; delete them once more")
    if query.user:
        _remove_unnamed(index, table, query.user)
        index.expunge()
        table.compact()
    if deleted:
        index.refresh()
        if query.until is not None and 0 < query.until < _LAST:
            index.drop_empty(f"{index.name}-{datetime.fromtimestamp(query.until, UTC):%Y.%m}")
    return deleted


def remove_gone(index: Index, table: Table) -> int:
    """End deletions that were interrupted."""
    gone = 0
    for some in index.walk({"term": {"gone": True}}, fields=("token", "gone")):
        remove(index, table, some)
        gone += len(some)
    return gone


def remove(index: Index, table: Table, gone: Sequence[Known]) -> None:
    """The rows of documents that are gone, then those."""
    if gone:
        table.delete([one.place for one in gone])
        index.change("delete", [(one.version, None) for one in gone])


def _pass(index: Index, table: Table, query: Query, *, marked: bool) -> tuple[int, int]:
    """How many were to be deleted, and how many of those were."""
    looked_at = removed = 0
    for some in index.walk(asked(query, marked=marked), fields=("token",)):
        places = {one.place[0]: one for one in some}  # nothing is said to be gone that is no sample
        now = index.change("update", [(one.version, {"doc": {"gone": True}}) for one in some])
        gone = [places[version.id]._replace(version=version) for version in now]
        remove(index, table, gone)
        looked_at, removed = looked_at + len(some), removed + len(gone)
    return looked_at, removed


def remove_parts(table: Table, parts: Sequence[Head]) -> list[Head]:
    """Remove rows that are not whole; gives those. One that is being written has more of it after two timeouts."""
    if not parts:
        return []
    time.sleep(2 * table.seconds)
    still = [one for one in parts if table.head(one.id, one.token) == one]
    table.delete([(one.id, one.token) for one in still])
    return still


def _remove_unnamed(index: Index, table: Table, user: str) -> None:
    """Rows of a user that no document names: what a put left that was interrupted."""
    batch: list[Head] = []
    parts: list[Head] = []
    for head in table.heads_of_user(user):
        (parts if head.size < 0 else batch).append(head)
        if len(batch) == _SOME:
            _remove_of(index, table, batch)
            batch = []
    _remove_of(index, table, batch)
    remove_parts(table, parts)


def _remove_of(index: Index, table: Table, heads: Sequence[Head]) -> None:
    named = {one.place for one in index.get(list({head.id for head in heads})).values()} if heads else set()
    table.delete([(head.id, head.token) for head in heads if (head.id, head.token) not in named])
