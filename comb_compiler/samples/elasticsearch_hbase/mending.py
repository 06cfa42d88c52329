"""Every row and every document, looked at: what disagrees is mended, by what the rows say.

A row that is whole and that no document names is a record whose put was interrupted, or whose document is lost: it gets
one. A document without its row has lost its record, and goes. A document that does not say what its row says is written
anew, which is also how documents of an older Comb come to what they are today.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from comb_compiler.samples.elasticsearch_hbase.documents import as_json, found_by, marked
from comb_compiler.samples.elasticsearch_hbase.index import Index, Known
from comb_compiler.samples.elasticsearch_hbase.removing import remove_gone
from comb_compiler.samples.elasticsearch_hbase.table import Head, Table
from comb_compiler.samples.record_pb2 import Record
from comb_compiler.samples.rows import row
from comb_compiler.samples.store import Refused, Repaired

__all__ = ["repair"]

_SOME = 200


def repair(index: Index, table: Table) -> Repaired:
    """Look at everything, and mend it."""
    mending = _Mending(index, table)
    index.refresh()
    if gone := remove_gone(index, table):
        mending.mended.append(f"{gone:,} records whose deletion was interrupted are deleted")
    for some in _batches(table.all_heads()):
        mending.look_at_rows(some)
    mending.remove_parts()
    index.refresh()
    for page in index.walk({"match_all": {}}, fields=("token", "gone")):
        mending.look_at_documents(page)
    return Repaired(mending.looked_at, tuple(mending.mended), tuple(mending.lost))


def _batches(heads: Iterable[Head]) -> Iterator[list[Head]]:
    source = iter(heads)
    while some := list(islice(source, _SOME)):
        yield some


class _Mending:
    def __init__(self, index: Index, table: Table) -> None:
        self._index = index
        self._table = table
        self._parts: list[tuple[str, str]] = []
        self.looked_at = 0
        self.mended: list[str] = []
        self.lost: list[str] = []

    def look_at_rows(self, heads: Sequence[Head]) -> None:
        """Hold rows to their documents, and to what they were put as."""
        known = self._index.get(list({head.id for head in heads}))
        first = [head for head in heads if head.id not in known or known[head.id].place == (head.id, head.token)]
        self._remove_second([head for head in heads if head not in first])
        self._parts += [(head.id, head.token) for head in first if head.size < 0]
        whole = [head for head in first if head.size >= 0]
        contents = {(head.id, head.token): content for head, content in self._table.contents(whole)}
        for head in whole:
            self._mend(head, contents.get((head.id, head.token)), known.get(head.id))

    def _remove_second(self, heads: Sequence[Head]) -> None:
        """Attempts that were not the first: whoever made them was interrupted before it removed them."""
        self._table.delete([(head.id, head.token) for head in heads])
        self.mended += [f"{head.id}: a second copy in HBase is removed" for head in heads]

    def _mend(self, head: Head, content: bytes | None, known: Known | None) -> None:
        base = None if content is None else _found_by(head, content)
        if base is None:
            self._give_up(head, known)
            return
        if head.found_by != as_json(base):
            self._table.put_found_by(head.id, head.token, as_json(base))
            self.mended.append(f"{head.id}: what it is found by is noted anew in HBase")
        document = marked(base, head.marks)
        if known is None:
            if not self._index.create([(head.id, as_json(document))]):  # else another of its rows came first
                self.mended.append(f"{head.id}: it was in HBase alone, and is found again")
        elif (
            not known.is_gone and known.source != document and self._index.change("index", [(known.version, document)])
        ):
            self.mended.append(f"{head.id}: Elasticsearch said something else than HBase, and is right again")

    def _give_up(self, head: Head, known: Known | None) -> None:
        if known is not None:
            self._index.change("delete", [(known.version, None)])
        self._table.delete([(head.id, head.token)])
        self.lost.append(f"{head.id}: its record in HBase is damaged, and is removed")

    def remove_parts(self) -> None:
        """Rows that are not whole are being written, or their put was interrupted: waiting tells."""
        if not self._parts:
            return
        time.sleep(2 * self._table.seconds)
        still = [one for one, head in self._table.heads(self._parts).items() if head.size < 0]
        self._table.delete(still)
        self.mended += [f"{id}: a part of a record, whose put was interrupted, is removed" for id, _ in still]

    def look_at_documents(self, page: Sequence[Known]) -> None:
        """Hold documents to there being a row."""
        self.looked_at += sum(1 for one in page if not one.is_gone)
        heads = self._table.heads([one.place for one in page])
        without = [one for one in page if one.place not in heads or heads[one.place].size < 0]
        for version in self._index.change("delete", [(one.version, None) for one in without]):
            self.lost.append(f"{version.id}: its record is not in HBase; Elasticsearch does not list it any more")


def _found_by(head: Head, content: bytes) -> Mapping[str, Any] | None:
    try:
        one = row(Record.FromString(content))
    except ValueError:
        return None
    return None if isinstance(one, Refused) else found_by(one, head.token, len(content))
