"""How many records or nodes there are, and how long they took, by fields and time."""

import math
import sqlite3
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from comb_compiler.samples.embedded.asking import Asked, asked
from comb_compiler.samples.queries import asks_of_nodes, stretch
from comb_compiler.samples.rows import Kind, Step, durations
from comb_compiler.samples.store import By, Query

__all__ = ["Group", "counts", "percentile", "times"]

_OF_NODES = {By.OPERATOR: 1, By.OPERATOR_CODE: 3, By.MODEL: 2}
"""Fields of a node, by their place in a step."""

_OF_RECORDS = {By.COMB: 0, By.ENVIRONMENT: 1, By.SUBJECT: 2, By.RELEASE: 3, By.ARM: 4, By.CODE: 5, By.REASON: 6}
"""Fields of a record, by their place in a kind."""

_DISTINCT_MARKS = "JOIN (SELECT DISTINCT number AS marked, mark FROM marks WHERE NOT withdrawn) ON marked = number"


class Group(NamedTuple):
    """A stretch of time, in nanoseconds, and a value of each field."""

    start: int
    values: tuple[str, ...]


class _Shape(NamedTuple):
    """What is grouped by."""

    query: Query
    by: tuple[By, ...]
    every: int | None

    @property
    def source(self) -> str:
        return f"records {_DISTINCT_MARKS}" if By.MARK in self.by else "records"

    @property
    def mark(self) -> str:
        return "mark" if By.MARK in self.by else "''"

    @property
    def start(self) -> str:
        """Where the record's stretch of time begins, before 1970 too."""
        return f"time - ((time % {self.every}) + {self.every}) % {self.every}" if self.every else "0"

    def values(self, kind: Kind, mark: str, step: Step | None) -> tuple[str, ...]:
        return tuple(self._value(by, kind, mark, step) for by in self.by)

    def _value(self, by: By, kind: Kind, mark: str, step: Step | None) -> str:
        if by == By.MARK:
            return mark
        if step is not None and by in _OF_NODES:
            return str(step[_OF_NODES[by]])
        return str(kind[_OF_RECORDS[by]])

    def steps(self, kind: Kind) -> Iterator[tuple[int, Step]]:
        """The nodes that are counted, with their places among the record's."""
        steps = enumerate(map(Step._make, kind.steps))
        return ((place, step) for place, step in steps if step.is_asked(self.query))

    def counts_nodes(self) -> bool:
        return any(by in _OF_NODES for by in self.by)


def _shape(query: Query, by: Sequence[By], every: float | None) -> _Shape:
    return _Shape(query, tuple(By(one) for one in by), stretch(every))


def counts(
    connections: Iterable[sqlite3.Connection], query: Query, by: Sequence[By], every: float | None
) -> Counter[Group]:
    """How many there are."""
    shape = _shape(query, by, every)
    found: Counter[Group] = Counter()
    for connection in connections:
        if (condition := asked(connection, query)) is not None:
            for group, number in _counted(connection, condition, shape):
                found[group] += number
    return found


def _counted(connection: sqlite3.Connection, condition: Asked, shape: _Shape) -> Iterator[tuple[Group, int]]:
    rows = connection.execute(
        f"SELECT kind, {shape.start} AS start, {shape.mark} AS mark, count(*) FROM {shape.source} "
        f"WHERE {condition.where} GROUP BY kind, start, mark",
        condition.values,
    ).fetchall()
    for number, start, mark, count in rows:
        kind = condition.kinds[number]
        if not shape.counts_nodes():
            yield Group(start, shape.values(kind, mark, None)), count
            continue
        for _, step in shape.steps(kind):
            yield Group(start, shape.values(kind, mark, step)), count


def times(
    connections: Iterable[sqlite3.Connection], query: Query, by: Sequence[By], every: float | None
) -> dict[Group, "array[int]"]:
    """How long requests took, in nanoseconds; or nodes, where the fields or the query name one."""
    shape = _shape(query, by, every)
    of_nodes = shape.counts_nodes() or asks_of_nodes(query)
    found: dict[Group, array[int]] = {}
    for connection in connections:
        if (condition := asked(connection, query)) is not None:
            _add_times(connection, condition, shape, found, of_nodes=of_nodes)
    return found


def _add_times(
    connection: sqlite3.Connection,
    condition: Asked,
    shape: _Shape,
    found: dict[Group, "array[int]"],
    *,
    of_nodes: bool,
) -> None:
    # One kind, stretch and mark at a time shares its groups, so that a record costs no more than a look at its times.
    wanted = "durations" if of_nodes else "duration"
    rows = connection.execute(
        f"SELECT kind, {shape.start} AS start, {shape.mark} AS mark, {wanted} FROM {shape.source} "
        f"WHERE {condition.where}",
        condition.values,
    ).fetchall()
    groups: dict[tuple[int, int, str], list[tuple[int, array[int]]]] = {}
    for number, start, mark, taken in rows:
        key = (number, start, mark)
        if key not in groups:
            kind = condition.kinds[number]
            steps = shape.steps(kind) if of_nodes else iter([(0, None)])
            groups[key] = [
                (place, found.setdefault(Group(start, shape.values(kind, mark, step)), array("q")))
                for place, step in steps
            ]
        values = durations(taken) if of_nodes else (taken,)
        for place, group in groups[key]:
            group.append(values[place])


def percentile(ordered: Sequence[int], share: float) -> int:
    """The least of these, smallest first, that at least this share of them does not exceed (nearest rank)."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]
