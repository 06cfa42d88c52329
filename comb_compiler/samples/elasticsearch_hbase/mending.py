"""Every row and every document, looked at: what disagrees is mended, by what the rows say.

A row that is whole and that no document names is a record whose put was interrupted, or whose document is lost: it gets
one. A document without its row has lost its record, and goes. A document that does not say what its record says is
written anew, which is also how documents of an older Comb come to what they are today. Of rows only the columns are
looked at, until their documents ask for them: so each record is read once.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from comb_compiler.samples.elasticsearch_hbase.cells import Head, Kept
from comb_compiler.samples.elasticsearch_hbase.documents import as_json, document
from comb_compiler.samples.elasticsearch_hbase.index import Index, Known
from comb_compiler.samples.elasticsearch_hbase.removing import remove_gone, remove_parts
from comb_compiler.samples.elasticsearch_hbase.table import Table
from comb_compiler.samples.store import Repaired

__all__ = ["repair"]

_SOME = 200


def repair(index: Index, table: Table, keep: float | None) -> Repaired:
    """Look at everything, and mend it. HBase drops what nobody has marked after `keep` seconds."""
    mending = _Mending(index, table, keep)
    index.refresh()
    if gone := remove_gone(index, table):
        mending.mended.append(f"{gone:,} records whose deletion was interrupted are deleted")
    for some in _batches(table.all_heads()):
        mending.look_at_rows(some)
    mending.remove_parts()
    index.refresh()
    for page in index.walk({"match_all": {}}, page=_SOME):
        mending.look_at_documents(page)
    mending.say_expired()
    return Repaired(mending.looked_at, tuple(mending.mended), tuple(mending.lost))


def _batches(heads: Iterable[Head]) -> Iterator[list[Head]]:
    source = iter(heads)
    while some := list(islice(source, _SOME)):
        yield some


class _Mending:
    def __init__(self, index: Index, table: Table, keep: float | None) -> None:
        self._index = index
        self._table = table
        self._dropped = None if keep is None else (time.time() - keep) * 1e9
        self._parts: list[Head] = []
        self._expired = 0
        self.looked_at = 0
        self.mended: list[str] = []
        self.lost: list[str] = []

    def look_at_rows(self, heads: Sequence[Head]) -> None:
        """Hold rows to there being a document that names them."""
        known = self._index.get(list({head.id for head in heads}))
        self._remove_second(heads, known)
        self._parts += [one for one in heads if one.size < 0 and (one.id not in known or _is_named(one, known))]
        if alone := [one for one in heads if one.size >= 0 and one.id not in known]:
            self._index_again(alone)

    def _remove_second(self, heads: Sequence[Head], known: Mapping[str, Known]) -> None:
        """Attempts that were not the first: whoever made them was interrupted before it removed them."""
        second = [head for head in heads if head.id in known and not _is_named(head, known)]
        self._table.delete([(head.id, head.token) for head in second])
        self.mended += [f"{head.id}: a second copy in HBase is removed" for head in second]

    def _index_again(self, heads: Sequence[Head]) -> None:
        """Give rows their documents: of two of one id, one."""
        documents: dict[str, bytes] = {}
        for row in self._table.rows([(head.id, head.token, head.size) for head in heads]):
            whole = document(row)
            if whole is None:
                self._give_up(row)
            else:
                documents.setdefault(row.id, as_json(whole))
        there = set(self._index.create(list(documents.items())))
        self.mended += [f"{id}: it was in HBase alone, and is found again" for id in documents if id not in there]
        self._remove_second(heads, self._index.get(list(documents)))

    def _give_up(self, row: Kept) -> None:
        self._table.delete([(row.id, row.token)])
        self.lost.append(f"{row.id}: its record in HBase is damaged, and is removed")

    def remove_parts(self) -> None:
        """Rows that are not whole are being written, or their put was interrupted."""
        self.mended += [
            f"{part.id}: a part of a record, whose put was interrupted, is removed"
            for part in remove_parts(self._table, self._parts)
        ]

    def look_at_documents(self, page: Sequence[Known]) -> None:
        """Hold documents to what their rows say."""
        there = {one.place: one for one in page if not one.is_gone}
        self.looked_at += len(there)
        places = [(*place, int(one.source.get("size") or 0)) for place, one in there.items()]
        for row in self._table.rows(places):
            self._mend(row, there.pop((row.id, row.token)))
        without = {one.version.id: one for one in there.values()}
        for version in self._index.change("delete", [(one.version, None) for one in without.values()]):
            if self._is_dropped(without[version.id]):
                self._expired += 1
            else:
                self.lost.append(f"{version.id}: its record is not in HBase; Elasticsearch does not list it any more")

    def _is_dropped(self, known: Known) -> bool:
        """Whether HBase was to drop its record by itself."""
        is_old = self._dropped is not None and known.source.get("time", 0) < self._dropped
        return is_old and not known.source.get("marks")

    def _mend(self, row: Kept, known: Known) -> None:
        whole = document(row)
        if whole is None:
            self._index.change("delete", [(known.version, None)])
            self._give_up(row)
        elif known.source != whole and self._index.change("index", [(known.version, whole)]):
            self.mended.append(f"{row.id}: Elasticsearch said something else than HBase, and is right again")
        if whole is not None and row.marks and not row.is_kept and self._table.keep(row, whole["user"]):
            self.mended.append(f"{row.id}: it is marked, and HBase keeps it from now on")

    def say_expired(self) -> None:
        """What went by itself."""
        if self._expired:
            self.mended.append(
                f"records that HBase has dropped, as `keep` says, are not listed any more: {self._expired:,}"
            )


def _is_named(head: Head, known: Mapping[str, Known]) -> bool:
    return head.id in known and known[head.id].place == (head.id, head.token)
