"""What somebody says of a record, in both halves.

The document is looked at first, and is replaced only if it is that one still: so who comes last of two has seen what
both said. HBase may drop what nobody has marked after a time: so with its first mark a record comes to where it stays.
"""

from comb_compiler.samples.elasticsearch_hbase.documents import document
from comb_compiler.samples.elasticsearch_hbase.index import Index
from comb_compiler.samples.elasticsearch_hbase.putting import TURNS
from comb_compiler.samples.elasticsearch_hbase.table import Table
from comb_compiler.samples.record_pb2 import Mark
from comb_compiler.samples.store import StoreError

__all__ = ["mark"]


def mark(index: Index, table: Table, id: str, said: Mark) -> bool:
    """Mark a record; whether there is one. Raises StoreError."""
    for _ in range(TURNS):
        known = index.get([id]).get(id)
        if known is None or known.is_gone:
            return False
        table.put_mark(*known.place, said)
        row = next(table.rows([(*known.place, known.source["size"])]), None)
        if row is None:
            table.delete([known.place])  # it was deleted in between
            return False
        whole = document(row)
        if whole is None:
            raise StoreError(f"HBase: record {id} is damaged; `comb samples repair` says what is lost")
        if not row.is_kept and not table.keep(row, whole["user"]):
            table.delete([known.place])
            return False
        if index.change("index", [(known.version, whole)]):
            return True
    raise StoreError(f"Elasticsearch: {id} is marked by too many at once; mark it again")
