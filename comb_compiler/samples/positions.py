"""How far something has gone through records, in a small file: who was killed goes on there.

A position is a second that the last record lies in, with the ids of those that were done of it: times may be the same,
and a query's are doubles, so that whole seconds are what all stores understand alike.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from comb_compiler.samples.record_pb2 import Record
from comb_compiler.samples.store import Query, SampleStore

__all__ = ["BEGINNING", "Passed", "Position", "PositionFile", "count_until", "is_whole_until", "scan_from"]

_NANO = 10**9


class Position(NamedTuple):
    """All records of earlier seconds, and these of this one, are done."""

    second: int | None = None
    ids: tuple[str, ...] = ()
    records: int = 0

    @property
    def earlier(self) -> int:
        """How many of earlier seconds are done."""
        return self.records - len(self.ids)


BEGINNING = Position()


class Passed:
    """What has been gone through, a record at a time, oldest first."""

    def __init__(self, position: Position) -> None:
        self._second = position.second
        self._ids = list(position.ids)
        self.records = position.records

    def add(self, record: Record) -> None:
        """One more is done."""
        second = record.time // _NANO
        if second != self._second:
            self._second, self._ids = second, []
        self._ids.append(record.id)
        self.records += 1

    @property
    def position(self) -> Position:
        """Where that is."""
        return Position(self._second, tuple(self._ids), self.records)


def scan_from(store: SampleStore, query: Query, position: Position) -> Iterator[Record]:
    """What is as asked and not done yet, oldest first."""
    if position.second is None:
        yield from store.scan(query)
        return
    since = float(position.second) if query.since is None else max(query.since, float(position.second))
    done = frozenset(position.ids)
    yield from (one for one in store.scan(query._replace(since=since)) if one.id not in done)


def is_whole_until(store: SampleStore, query: Query, position: Position) -> bool:
    """Whether a store has as many records of earlier seconds as are done: none came late, and none has gone."""
    return position.second is None or count_until(store, query, position.second) == position.earlier


def count_until(store: SampleStore, query: Query, second: int) -> int:
    """How many records before a second are as asked."""
    until = float(second) if query.until is None else min(query.until, float(second))
    return sum(one.records for one in store.count(query._replace(until=until)))


class PositionFile:
    """A file of JSON with a position of one piece of work, and whatever else goes on from there.

    What is not of this `work`, or cannot be read, counts as nothing.
    """

    def __init__(self, path: Path, work: str) -> None:
        self.path = path
        self._work = work

    def read(self) -> tuple[Position, Query, Mapping[str, Any]] | None:
        """What was written last: the position, the query that it is of, and the rest."""
        try:
            content = json.loads(self.path.read_text("utf-8"))
            if content["work"] != self._work:
                return None
            second, ids, records = content["position"]
            said: dict[str, Any] = {
                name: tuple(one) if isinstance(one, list) else one for name, one in content["query"].items()
            }
            query, rest = Query(**said), content["rest"]
            return (Position(second, tuple(ids), records), query, rest) if isinstance(rest, dict) else None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def write(self, position: Position, query: Query, rest: Mapping[str, Any]) -> None:
        """Write it anew: a process that is killed leaves this one or the one before. Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        content = {"work": self._work, "query": query._asdict(), "position": position, "rest": rest}
        new = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        new.write_text(json.dumps(content), encoding="utf-8")
        os.replace(new, self.path)

    def remove(self) -> None:
        """All is done."""
        self.path.unlink(missing_ok=True)
