"""Stores of these tests: one that keeps in memory, or lines of a file, and that fails when it is told to."""

import json
import os
import threading
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

from comb_compiler.samples.record_pb2 import Record
from comb_compiler.samples.store import Put, Query, Refused

__all__ = ["LineStore", "MemoryStore"]


class MemoryStore:
    """Keeps records by id, the first of an id. `before` is called before each put, and may raise, wait or hang."""

    def __init__(self, before: Callable[[Sequence[Record]], object] = lambda records: None) -> None:
        self.records: dict[str, Record] = {}
        self.interfaces: dict[str, bytes] = {}
        self.before = before
        self.refuses: Callable[[Record], bool] = lambda record: False
        self.puts = 0
        self.deletions: list[Query] = []
        self._lock = threading.Lock()

    @property
    def ids(self) -> list[str]:
        """The requests' ids, in the order in which their records came."""
        return [one.request_id for one in self.records.values()]

    def put(self, records: Sequence[Record]) -> Put:
        self.puts += 1
        self.before(records)
        new = known = 0
        refused = []
        with self._lock:
            for record in records:
                if self.refuses(record):
                    refused.append(Refused(record.id, "it is not wanted"))
                elif record.id in self.records:
                    known += 1
                else:
                    self.records[record.id] = record
                    new += 1
        return Put(new, known, tuple(refused))

    def put_interface(self, descriptors: bytes) -> str:
        digest = sha256(descriptors).hexdigest()
        self.interfaces[digest] = descriptors
        return digest

    def delete(self, query: Query, *, marked: bool = False) -> int:
        self.deletions.append(query)
        return 0

    def close(self) -> None:
        pass


class LineStore(MemoryStore):
    """Keeps a line for each put in a file, with its records' ids: written at once, so that a kill loses none of it."""

    def __init__(self, path: Path, before: Callable[[Sequence[Record]], object] = lambda records: None) -> None:
        super().__init__(before)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def put(self, records: Sequence[Record]) -> Put:
        put = super().put(records)
        line = json.dumps([[one.id, one.request_id] for one in records]) + "\n"
        os.write(self._file, line.encode())
        return put

    def close(self) -> None:
        os.close(self._file)
