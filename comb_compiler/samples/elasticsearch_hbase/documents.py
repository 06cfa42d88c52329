"""A record → the document that Elasticsearch finds it by; and in which index that is."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from google.protobuf.message import DecodeError

from comb_compiler.samples.elasticsearch_hbase.cells import Kept
from comb_compiler.samples.record_pb2 import Mark, Record
from comb_compiler.samples.rows import Row, Step, durations, row, searched
from comb_compiler.samples.store import Found, Refused

__all__ = ["LISTED", "MAPPINGS", "WORD", "as_found", "as_json", "document", "found_by", "index_of", "marked", "pieces"]

WORD = 4000
"""Characters of a term: Lucene takes 32,766 bytes."""
_WORDS = 256 * 1024
"""Characters of a record's error messages that are searched; what is longer is found by its beginning."""
_FIRST, _LAST = datetime(2025, 1, 1, tzinfo=UTC).timestamp(), datetime(2050, 1, 1, tzinfo=UTC).timestamp()
LISTED = (
    "id", "time", "duration", "comb", "environment", "release", "subject", "arm", "code", "reason", "request_id",
    "marks", "size",
)  # fmt: skip
"""What a list shows of a document."""

_TERM = {"type": "keyword", "ignore_above": 8000}
_LONG = {"type": "long"}
_NUMBER = {"type": "integer"}
_KEPT = {"type": "keyword", "index": False, "doc_values": False}

MAPPINGS: Mapping[str, Any] = {
    "dynamic": "strict",
    "properties": {
        "id": _TERM, "token": _KEPT, "time": _LONG, "duration": _LONG, "comb": _TERM, "environment": _TERM,
        "subject": _TERM, "release": _TERM, "arm": _TERM, "code": _NUMBER, "reason": _NUMBER, "request_id": _TERM,
        "user": _TERM, "marks": _TERM, "words": {"type": "keyword"}, "size": {"type": "long", "index": False},
        "gone": {"type": "boolean"},
        "nodes": {
            "type": "nested", "dynamic": "strict",
            "properties": {
                "node": _TERM, "operator": _TERM, "model": _TERM, "code": _NUMBER,
                "duration": {"type": "long", "index": False},
            },
        },
    },
}  # fmt: skip
"""Strict: a field that is not here is refused, so that no index ever has two opinions of one."""


def index_of(index: str, id: str) -> str:
    """The index that a record belongs to: that of the month which its id begins with.

    An id of the recorder's is a UUID of version 7, which begins with its time; the index of all others is `undated`.
    The id alone decides, since it is the id that must not be there twice.
    """
    if id[12] == "7" and id[16] in "89ab" and _FIRST <= (seconds := int(id[:12], 16) / 1000) < _LAST:
        return f"{index}-{datetime.fromtimestamp(seconds, UTC):%Y.%m}"
    return f"{index}-undated"


def found_by(row: Row, token: str, content: int) -> dict[str, Any]:
    """The document of a record of `content` bytes, without what marks add to it."""
    kind = row.kind
    nodes = [_node(Step(*step), taken) for step, taken in zip(kind.steps, durations(row.durations), strict=True)]
    found: dict[str, Any] = {"id": row.id.hex(), "token": token, "time": row.time, "duration": row.duration}
    found |= {name: getattr(kind, name) for name in ("comb", "environment", "subject", "release", "arm")}
    found |= {"code": kind.code, "reason": kind.reason, "request_id": row.request_id, "user": row.user}
    found |= {"size": content}
    if row.text:
        found["words"] = _words([row.text])
    if nodes:
        found["nodes"] = nodes
    return found


def document(kept: Kept) -> dict[str, Any] | None:
    """The whole document of a row; None where it is damaged, or has no record's bytes."""
    if kept.content is None:
        return None
    try:
        one = row(Record.FromString(kept.content))
    except DecodeError:
        return None
    return None if isinstance(one, Refused) else marked(found_by(one, kept.token, len(kept.content)), kept.marks)


def _node(step: Step, duration: int) -> dict[str, Any]:
    return {**step._asdict(), "duration": duration}


def marked(found: Mapping[str, Any], marks: Iterable[Mark]) -> dict[str, Any]:
    """The whole document: with the marks that stand, and the words of why."""
    marks = tuple(marks)
    standing = sorted({one.mark for one in marks if not one.withdrawn})
    words = _words(one.why for one in marks)
    whole = dict(found)
    if standing:
        whole["marks"] = standing
    if words:
        whole["words"] = sorted({*found.get("words", ()), *words})
    return whole


def _words(texts: Iterable[str]) -> list[str]:
    """The words of texts, each once: as a query's words have no blanks, each is within one of these."""
    parts = {part for text in texts for word in searched(text)[:_WORDS].split() for part in pieces(word)}
    return sorted(parts)


def pieces(word: str) -> list[str]:
    """A word in terms that overlap by half, so that what is no longer than that is within one of them."""
    if len(word) <= WORD:
        return [word]
    return [word[start : start + WORD] for start in range(0, len(word) - WORD // 2, WORD // 2)]


def as_found(source: Mapping[str, Any]) -> Found:
    """A document as a list shows it."""
    known: Sequence[str] = source.get("marks", ())
    texts = {name: str(source[name]) for name in ("comb", "environment", "release", "subject", "arm", "request_id")}
    return Found(
        id=source["id"], time=source["time"] / 1e9, duration=source["duration"] / 1e9, code=source["code"],
        reason=source["reason"], marks=tuple(known), size=source["size"], **texts,
    )  # fmt: skip


def as_json(document: Mapping[str, Any]) -> bytes:
    """A document's bytes."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
