"""What a sample store does, in the plainest way: records in a dictionary. The contract holds every store to it."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from comb_compiler.samples.record_pb2 import Mark, Operator, Record
from comb_compiler.samples.store import By, Query

__all__ = ["Model", "nearest"]


class Model:
    """Records by id, with their marks by what was said and by whom."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.marks: dict[str, dict[tuple[str, str], Mark]] = {}

    def put(self, records: Sequence[Record]) -> int:
        """How many are new."""
        before = len(self.records)
        for one in records:
            if one.id not in self.records:
                self.records[one.id] = one
                self.marks[one.id] = {(mark.mark, mark.by): mark for mark in one.marks}
        return len(self.records) - before

    def whole(self, id: str) -> Record:
        """A record with all its marks, oldest first."""
        record = Record()
        record.CopyFrom(self.records[id])
        del record.marks[:]
        record.marks.extend(sorted(self.marks[id].values(), key=lambda one: (one.time, one.mark, one.by)))
        return record

    def standing(self, id: str) -> set[str]:
        """The marks that are not withdrawn."""
        return {one.mark for one in self.marks[id].values() if not one.withdrawn}

    def found(self, query: Query) -> list[Record]:
        """The records that are as asked."""
        return [one for one in self.records.values() if all(self._answers(query, one))]

    def _answers(self, query: Query, one: Record) -> Iterator[bool]:
        for name in ("comb", "environment", "subject", "release", "arm", "request_id", "user"):
            yield getattr(query, name) in (None, getattr(one, name))
        yield not query.codes or one.code in query.codes
        yield not query.reasons or one.reason in query.reasons
        yield query.since is None or one.time >= query.since * 1e9
        yield query.until is None or one.time < query.until * 1e9
        yield query.faster is None or one.duration < query.faster * 1e9
        yield query.slower is None or one.duration >= query.slower * 1e9
        yield not query.marks or bool(self.standing(one.id) & set(query.marks))
        yield not asks_of_nodes(query) or any(is_asked(query, node) for node in one.operators)
        texts = [
            one.error,
            *(node.error for node in one.operators),
            *(mark.why for mark in self.marks[one.id].values()),
        ]
        words = (query.text or "").casefold().split()
        yield all(any(word in text.casefold() for text in texts) for word in words)

    def delete(self, query: Query, *, marked: bool) -> set[str]:
        """The ids of what is deleted."""
        gone = {one.id for one in self.found(query) if marked or not self.standing(one.id)}
        for id in gone:
            del self.records[id], self.marks[id]
        return gone

    def count(self, query: Query, by: Sequence[By], every: float | None) -> Counter[tuple[float, tuple[str, ...]]]:
        """How many, by start and values."""
        return Counter({key: len(taken) for key, taken in self._grouped(query, by, every, of_nodes=nodes(by)).items()})

    def durations(
        self, query: Query, by: Sequence[By], every: float | None
    ) -> dict[tuple[float, tuple[str, ...]], list[int]]:
        """All durations in nanoseconds, the shortest first."""
        grouped = self._grouped(query, by, every, of_nodes=nodes(by) or asks_of_nodes(query))
        return {key: sorted(taken) for key, taken in grouped.items()}

    def _grouped(
        self, query: Query, by: Sequence[By], every: float | None, *, of_nodes: bool
    ) -> dict[tuple[float, tuple[str, ...]], list[int]]:
        groups: dict[tuple[float, tuple[str, ...]], list[int]] = defaultdict(list)
        for one in self.found(query):
            start = 0.0 if every is None else one.time // round(every * 1e9) * round(every * 1e9) / 1e9
            for mark in sorted(self.standing(one.id)) if By.MARK in by else [""]:
                if not of_nodes:
                    groups[start, tuple(value(one, None, mark, field) for field in by)].append(one.duration)
                for node in one.operators if of_nodes else ():
                    if is_asked(query, node):
                        groups[start, tuple(value(one, node, mark, field) for field in by)].append(node.duration)
        return groups


def nodes(by: Sequence[By]) -> bool:
    """Whether nodes are counted."""
    return bool({By.OPERATOR, By.OPERATOR_CODE, By.MODEL} & set(by))


def asks_of_nodes(query: Query) -> bool:
    """Whether something is asked of nodes."""
    return (query.operator, query.operator_code, query.model) != (None, None, None)


def is_asked(query: Query, node: Operator) -> bool:
    """Whether a node is as asked."""
    ended = node.code >= 0 if query.operator_code is None else node.code == query.operator_code
    return ended and query.operator in (None, node.node, node.operator) and query.model in (None, node.model)


def value(one: Record, node: Operator | None, mark: str, field: By) -> str:
    """The value of a field, as a bucket has it."""
    if field == By.MARK:
        return mark
    if node is not None and field == By.OPERATOR_CODE:
        return str(node.code)
    if node is not None and field in (By.OPERATOR, By.MODEL):
        return str(getattr(node, field.value))
    return str(getattr(one, field.value))


def nearest(ordered: Sequence[int], share: float) -> int:
    """The percentile by nearest rank."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]
