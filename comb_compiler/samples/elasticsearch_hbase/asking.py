"""A query → what Elasticsearch is asked."""

from collections.abc import Iterator, Mapping
from math import isnan
from typing import Any

from comb_compiler.samples.elasticsearch_hbase.documents import WORD
from comb_compiler.samples.queries import asks_of_nodes, nanoseconds
from comb_compiler.samples.rows import searched
from comb_compiler.samples.store import Query

__all__ = ["asked", "asked_of_nodes"]

_NOTHING: Mapping[str, Any] = {"match_none": {}}
_EXACT = ("comb", "environment", "subject", "release", "arm", "request_id", "user")
_LARGEST = 2**31 - 1


def asked(query: Query, *, marked: bool = True) -> dict[str, Any]:
    """The condition on documents; where `marked` is not set, on those without a mark. What is being deleted is none."""
    without: list[dict[str, Any]] = [{"term": {"gone": True}}]
    if not marked:
        without.append({"exists": {"field": "marks"}})
    return {"bool": {"filter": [*_parts(query)], "must_not": without}}


def _parts(query: Query) -> Iterator[Mapping[str, Any]]:
    for name in _EXACT:
        if (value := getattr(query, name)) is not None:
            yield _term(name, value)
    for name, numbers in (("code", query.codes), ("reason", query.reasons)):
        if numbers:
            yield _any(name, [one for one in numbers if abs(one) <= _LARGEST])
    if query.marks:
        yield _any("marks", [one for one in query.marks if _is_text(one)])
    for name, low, high in (("time", query.since, query.until), ("duration", query.slower, query.faster)):
        yield from _range(name, low, high)
    if asks_of_nodes(query):
        yield {"nested": {"path": "nodes", "query": asked_of_nodes(query)}}
    for word in searched(query.text or "").split():
        yield from _word(word)


def asked_of_nodes(query: Query) -> dict[str, Any]:
    """The condition on nodes, of one of which all of it must be true."""
    code = query.operator_code
    parts: list[Mapping[str, Any]] = []
    if code is None:
        parts.append({"range": {"nodes.code": {"gte": 0}}})
    else:
        parts.append(_any("nodes.code", [code] if abs(code) <= _LARGEST else []))
    if query.operator is not None:
        either = [_term(f"nodes.{name}", query.operator) for name in ("node", "operator")]
        parts.append({"bool": {"should": either, "minimum_should_match": 1}})
    if query.model is not None:
        parts.append(_term("nodes.model", query.model))
    return {"bool": {"filter": parts}}


def _term(name: str, value: str) -> Mapping[str, Any]:
    return {"term": {name: value}} if _is_text(value) else _NOTHING


def _any(name: str, values: list[Any]) -> Mapping[str, Any]:
    return {"terms": {name: values}} if values else _NOTHING


def _range(name: str, low: float | None, high: float | None) -> Iterator[Mapping[str, Any]]:
    bounds = {key: value for key, value in (("gte", low), ("lt", high)) if value is not None}
    if any(isnan(value) for value in bounds.values()):
        yield _NOTHING  # nothing is before, or after, NaN
    elif bounds:
        yield {"range": {name: {key: nanoseconds(value) for key, value in bounds.items()}}}


def _word(word: str) -> Iterator[Mapping[str, Any]]:
    if not _is_text(word):
        yield _NOTHING
        return
    half = WORD // 2  # so long a part of a longer one is within one term
    for part in (word[start : start + half] for start in range(0, len(word), half)):
        literal = "".join(f"\\{one}" if one in "\\*?" else one for one in part)
        yield {"wildcard": {"words": {"value": f"*{literal}*"}}}


def _is_text(value: str) -> bool:
    """Whether it can be in a record at all: half a character, as a broken argument has it, cannot."""
    return value.isascii() or value.encode("utf-8", "replace").decode() == value
