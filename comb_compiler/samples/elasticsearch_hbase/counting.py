"""How many records or nodes there are, and how long they took: by Elasticsearch's aggregations.

Records' fields and stretches of time are a composite aggregation, gone through page by page, so that nothing is left
out however many groups there are. Nodes are counted below each of its groups.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from comb_compiler.samples.elasticsearch_hbase.asking import asked, asked_of_nodes
from comb_compiler.samples.elasticsearch_hbase.index import Index
from comb_compiler.samples.queries import asks_of_nodes, stretch
from comb_compiler.samples.store import Bucket, By, Latency, Query, StoreError

__all__ = ["counts", "latencies"]

_OF_NODES = {By.OPERATOR: "nodes.operator", By.OPERATOR_CODE: "nodes.code", By.MODEL: "nodes.model"}
_OF_RECORDS = {
    By.COMB: "comb", By.ENVIRONMENT: "environment", By.SUBJECT: "subject", By.RELEASE: "release", By.ARM: "arm",
    By.CODE: "code", By.REASON: "reason", By.MARK: "marks",
}  # fmt: skip
_PAGE = 500
_VALUES = 10_000
"""Operators, codes or models, at most: more than that is an error, not a count that is too low."""


class _Shape(NamedTuple):
    query: Query
    by: tuple[By, ...]
    every: int | None
    of_nodes: bool
    percents: tuple[float, ...]

    def inner(self) -> dict[str, Any]:
        """What is asked of each group of records."""
        if not self.of_nodes:
            return self._taken("duration")
        below = self._taken("nodes.duration")
        for by in reversed([one for one in self.by if one in _OF_NODES]):
            terms: dict[str, Any] = {"terms": {"field": _OF_NODES[by], "size": _VALUES}}
            below = {by.value: terms | ({"aggs": below} if below else {})}
        asked_for = {"filter": asked_of_nodes(self.query)} | ({"aggs": below} if below else {})
        return {"nodes": {"nested": {"path": "nodes"}, "aggs": {"asked": asked_for}}}

    def _taken(self, field: str) -> dict[str, Any]:
        percents = sorted({*self.percents})
        return {"taken": {"percentiles": {"field": field, "percents": percents, "keyed": False}}} if percents else {}


class _Group(NamedTuple):
    start: int
    values: Mapping[By, str]
    records: int
    percentiles: tuple[float, ...]


def counts(index: Index, query: Query, by: Sequence[By], every: float | None) -> list[Bucket]:
    """How many there are."""
    by = tuple(By(one) for one in by)
    shape = _Shape(query, by, stretch(every), any(one in _OF_NODES for one in by), ())
    return sorted(Bucket(one.start / 1e9, _values(one, by), one.records) for one in _groups(index, shape))


def latencies(
    index: Index, query: Query, shares: Sequence[float], by: Sequence[By], every: float | None
) -> list[Latency]:
    """How long they took: nearly, by Elasticsearch's t-digests, which are the exacter the nearer to 0 and 1."""
    by = tuple(By(one) for one in by)
    of_nodes = asks_of_nodes(query) or any(one in _OF_NODES for one in by)
    shape = _Shape(query, by, stretch(every), of_nodes, tuple(share * 100 for share in shares))
    return sorted(
        Latency(one.start / 1e9, _values(one, by), one.records, one.percentiles) for one in _groups(index, shape)
    )


def _values(group: _Group, by: tuple[By, ...]) -> tuple[str, ...]:
    return tuple(group.values[one] for one in by)


def _groups(index: Index, shape: _Shape) -> Iterator[_Group]:
    index.refresh()
    sources: list[dict[str, Any]] = [
        {by.value: {"terms": {"field": _OF_RECORDS[by]}}} for by in shape.by if by in _OF_RECORDS
    ]
    if shape.every is not None:
        sources.insert(0, {"start": {"histogram": {"field": "time", "interval": shape.every}}})
    if not sources:
        yield from _of_all(index, shape)
        return
    after: dict[str, Any] = {}
    while True:
        composite = {"size": _PAGE, "sources": sources, **after}
        aggs: dict[str, Any] = {"groups": {"composite": composite, "aggs": shape.inner()}}
        answer = index.search(query=asked(shape.query), size=0, track_total_hits=False, aggs=aggs)
        groups = answer.get("aggregations", {}).get("groups", {"buckets": []})
        for one in groups["buckets"]:
            values = {by: str(one["key"][by.value]) for by in shape.by if by in _OF_RECORDS}
            start = 0 if shape.every is None else round(one["key"]["start"] / shape.every) * shape.every
            yield from _within(one, _Group(start, values, one["doc_count"], ()), shape)
        if "after_key" not in groups:
            return
        after = {"after": groups["after_key"]}


def _of_all(index: Index, shape: _Shape) -> Iterator[_Group]:
    answer = index.search(query=asked(shape.query), size=0, track_total_hits=True, aggs=shape.inner() or None)
    number = answer["hits"]["total"]["value"]
    if number:
        yield from _within(answer.get("aggregations", {}), _Group(0, {}, number, ()), shape)


def _within(answer: Mapping[str, Any], group: _Group, shape: _Shape) -> Iterator[_Group]:
    """The groups in what was answered of one group of records."""
    if not shape.of_nodes:
        yield group._replace(percentiles=_percentiles(answer, shape))
        return
    yield from _below(answer["nodes"]["asked"], group, [by for by in shape.by if by in _OF_NODES], shape)


def _below(answer: Mapping[str, Any], group: _Group, by: Sequence[By], shape: _Shape) -> Iterator[_Group]:
    if not by:
        if answer["doc_count"]:
            yield group._replace(records=answer["doc_count"], percentiles=_percentiles(answer, shape))
        return
    if answer[by[0].value]["sum_other_doc_count"]:
        raise StoreError(
            f"Elasticsearch: there are more than {_VALUES:,} values of {by[0].value}; ask for fewer at once"
        )
    for one in answer[by[0].value]["buckets"]:
        yield from _below(one, group._replace(values={**group.values, by[0]: str(one["key"])}), by[1:], shape)


def _percentiles(answer: Mapping[str, Any], shape: _Shape) -> tuple[float, ...]:
    if not shape.percents:
        return ()
    found = {one["key"]: one["value"] for one in answer["taken"]["values"]}
    return tuple(found[percent] / 1e9 for percent in shape.percents)
