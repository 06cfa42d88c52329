"""Elasticsearch's half: what records are found, counted and listed by; and which attempt to put one came first.

A document is created under its record's id, which one of several attempts can do: that one is the record.
"""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from comb_compiler.samples.elasticsearch_hbase.calls import Calls
from comb_compiler.samples.elasticsearch_hbase.connections import trusting
from comb_compiler.samples.elasticsearch_hbase.documents import as_json, index_of
from comb_compiler.samples.elasticsearch_hbase.settings import Settings
from comb_compiler.samples.store import StoreError

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

__all__ = ["Index", "Known", "Version", "no_sample"]

_PIT = "2m"
"""How long a walk's view of the index is kept after each page: as a client needs for a page, with room."""
_PAGE = 1000
_BULK_BYTES = 8 << 20
_BULK = 1000
_THERE = 409
_BUSY = {429, 502, 503, 504}
_ATTEMPTS = 3


class Version(NamedTuple):
    """A document as it was looked at: what is done to it is done to that, or not at all."""

    where: str
    """The index."""
    id: str
    number: int
    term: int


class Known(NamedTuple):
    """A document that is there."""

    version: Version
    source: Mapping[str, Any]

    @property
    def place(self) -> tuple[str, str]:
        """Where its record is: the id and the token. Raises StoreError where it is a document of others."""
        if "token" not in self.source:
            raise no_sample(self.version.where, self.version.id)
        return self.version.id, self.source["token"]

    @property
    def is_gone(self) -> bool:
        """Whether a deletion has begun, and not ended."""
        return bool(self.source.get("gone"))


def no_sample(where: str, id: str) -> StoreError:
    """What is said of a document of others."""
    return StoreError(
        f"Elasticsearch: {where} has document {id}, which is no sample: it is to be in an index of its own"
    )


class Index:
    """The indices. Every method raises StoreError where Elasticsearch does not answer."""

    def __init__(self, settings: Settings) -> None:
        others = f" and {len(settings.urls) - 1} more" if len(settings.urls) > 1 else ""
        self.calls = Calls(f"Elasticsearch at {settings.urls[0]}{others}", verdict, settings.timeout)
        self.name = settings.indices
        self.undated = f"{self.name}-undated"
        self.patterns = [self.undated, f"{self.name}-20*"]
        """The indices: not those of a store whose name goes on where this one's ends."""
        self._settings = settings
        self._client: Elasticsearch | None = None

    @property
    def client(self) -> "Elasticsearch":
        """The client; it connects when it is first asked for something."""
        if self._client is None:
            self._client = _client(self._settings)
        return self._client

    def owns(self, name: str) -> bool:
        """Whether an index of this name is the store's."""
        return re.fullmatch(rf"{re.escape(self.name)}-(undated|20[0-9]{{2}}\.[0-9]{{2}})", name) is not None

    def create(self, documents: Sequence[tuple[str, bytes]]) -> list[str]:
        """Create documents, by id, where there are none yet; gives the ids of those that were there.

        Each item is looked at by itself. Those that the servers were too busy for are sent again; one that the index
        refuses is a StoreError that names it, after all others are in.
        """
        there: list[str] = []
        for some in _by_size(documents):
            left = some
            for attempt in range(_ATTEMPTS):
                answers = self._bulk("create", [(index_of(self.name, id), id, {}, body) for id, body in left])
                there += [one["_id"] for one in answers if one["status"] == _THERE]
                busy = {one["_id"]: one for one in answers if one["status"] in _BUSY}
                left = [one for one in left if one[0] in busy]
                _refuse([one for one in answers if one["status"] >= 300 and one["status"] not in (_THERE, *_BUSY)])
                if not left:
                    break
                if attempt == _ATTEMPTS - 1:
                    raise StoreError(
                        f"{self.calls.server}: it does not take {len(left)} of {len(some)} documents now: "
                        f"{_reason(busy[left[0][0]])}"
                    )
        return there

    def change(self, action: str, changes: Sequence[tuple[Version, Mapping[str, Any] | None]]) -> list[Version]:
        """Update, index or delete documents that are still what they were looked at as; gives those, as they are."""
        done: list[Version] = []
        for start in range(0, len(changes), _BULK):
            operations = [_operation(version, body) for version, body in changes[start : start + _BULK]]
            answers = self._bulk(action, operations)
            done += [_version(one) for one in answers if one["status"] < 300]
            if busy := [one for one in answers if one["status"] in _BUSY]:
                raise StoreError(f"{self.calls.server}: it takes no changes now: {_reason(busy[0])}")
            _refuse([one for one in answers if one["status"] >= 300 and one["status"] not in (404, _THERE)])
        return done

    def get(self, ids: Sequence[str]) -> dict[str, Known]:
        """Documents by id, as they are this instant, those being deleted included."""
        found: dict[str, Known] = {}
        for start in range(0, len(ids), _PAGE):
            wanted = [{"_index": index_of(self.name, id), "_id": id} for id in ids[start : start + _PAGE]]
            answer = self.calls(partial(self.client.mget, docs=wanted, realtime=True))
            for one in answer["docs"]:
                if one.get("found"):
                    version = Version(one["_index"], one["_id"], one["_seq_no"], one["_primary_term"])
                    found[version.id] = Known(version, one["_source"])
                elif one.get("error", {}).get("type") not in (None, "index_not_found_exception"):
                    raise StoreError(f"{self.calls.server}: {one['error'].get('reason')}")
        return found

    def refresh(self) -> None:
        """What has been written is found from now on, on every copy."""
        self.calls(lambda: self.client.indices.refresh(index=self.patterns, ignore_unavailable=True))

    def search(self, **body: Any) -> Mapping[str, Any]:
        """One search over all indices; all of them, or it is an error."""
        return self._search(index=self.patterns, **body)

    def walk(
        self, query: Mapping[str, Any], *, fields: Sequence[str] | None = None, page: int = _PAGE
    ) -> Iterator[list[Known]]:
        """All documents as they are now, oldest first, in pages; what changes meanwhile changes nothing of that."""
        keep = {"keep_alive": _PIT}
        view = self.calls(lambda: self.client.open_point_in_time(index=self.patterns, keep_alive=_PIT))["id"]
        try:
            after: dict[str, Any] = {}
            while True:
                answer = self._search(
                    pit={"id": view, **keep}, query=query, size=page, sort=[{"time": "asc"}, {"id": "asc"}],
                    source=True if fields is None else list(fields), track_total_hits=False, seq_no_primary_term=True,
                    **after,
                )  # fmt: skip
                view = answer.get("pit_id", view)
                hits = answer["hits"]["hits"]
                if hits:
                    yield [Known(_version(hit), hit["_source"]) for hit in hits]
                if len(hits) < page:
                    return
                after = {"search_after": hits[-1]["sort"]}
        finally:
            self._forget(view)

    def _forget(self, view: str) -> None:
        try:
            self.calls(lambda: self.client.close_point_in_time(id=view))
        except StoreError:
            return  # it is forgotten by itself

    def _search(self, **body: Any) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = self.calls(
            lambda: self.client.search(allow_partial_search_results=False, **body).body
        )
        return answer

    def expunge(self) -> None:
        """Ask for deleted documents' bytes to go, which happens in the background."""
        self.calls(
            lambda: self.client.indices.forcemerge(
                index=self.patterns, only_expunge_deletes=True, wait_for_completion=False, ignore_unavailable=True
            )
        )

    def drop_empty(self, but: str) -> list[str]:
        """Drop the indices of months before `but` in which nothing is left; gives their names."""
        names = self.calls(lambda: self.client.indices.get(index=self.patterns, allow_no_indices=True)).body
        old = [name for name in sorted(names) if name < but and self.owns(name) and name != self.undated]
        empty = [name for name in old if self._is_empty(name)]
        for name in empty:
            self.calls(partial(self.client.indices.delete, index=name, ignore_unavailable=True))
        return empty

    def _is_empty(self, name: str) -> bool:
        return bool(self.calls(lambda: self.client.count(index=name, ignore_unavailable=True))["count"] == 0)

    def close(self) -> None:
        """Let go of connections."""
        if self._client is not None:
            self._client.close()

    def _bulk(
        self, action: str, operations: Sequence[tuple[str, str, Mapping[str, Any], bytes | None]]
    ) -> list[Mapping[str, Any]]:
        """What came of each."""
        lines: list[Any] = []  # bytes of JSON, as they go out
        for index, id, more, body in operations:
            lines.append(as_json({action: {"_index": index, "_id": id, **more}}))
            if body is not None:
                lines.append(body)
        answer = self.calls(lambda: self.client.bulk(operations=lines, filter_path=_TOLD))
        return [item[action] for item in answer["items"]]


_TOLD = [
    "errors", "items.*._index", "items.*._id", "items.*.status", "items.*._seq_no", "items.*._primary_term",
    "items.*.error.type", "items.*.error.reason",
]  # fmt: skip


def _client(settings: Settings) -> "Elasticsearch":
    from elasticsearch import Elasticsearch, ElasticsearchWarning

    warnings.simplefilter("ignore", ElasticsearchWarning)  # they are about its own templates and its own security
    given: dict[str, Any] = {}
    who = settings.credentials
    if who.api_key:
        given["api_key"] = who.api_key
    elif who.user:
        given["basic_auth"] = (who.user, who.password)
    if who.ca and all(url.startswith("https:") for url in settings.urls):  # it may be for HBase alone
        trusting(who.ca)  # its own words name no file
        given["ca_certs"] = who.ca
    # Attempts are counted here, in one place for both servers; a node that fails is left out by the client for a while.
    return Elasticsearch(
        list(settings.urls), request_timeout=settings.timeout, max_retries=0, connections_per_node=settings.pool,
        retry_on_timeout=False, http_compress=False, **given,
    )  # fmt: skip


def verdict(error: Exception) -> tuple[bool, str]:
    """Of an error of the client: whether another attempt may help, and what it says."""
    from elasticsearch import ApiError, TransportError

    if isinstance(error, ApiError):
        status = error.meta.status
        if status == 401:
            return False, "it refuses these credentials (401): sampleStore.elasticsearch.credentials names them"
        said = _said(error.body) or error.message
        if status == 403:
            return False, f"it does not let these credentials do that (403): {_granted(said)}"
        hint = "; `comb platform apply-store` shows what is wrong" if status in (400, 404) else ""
        return status in _BUSY, f"{status}: {said[:300]}{hint}"
    if not isinstance(error, TransportError):
        return False, str(error).split("\n")[0][:300]
    beneath = f" ({error.errors[0]})" if error.errors else ""  # the client leaves out why a connection has no TLS
    return True, f"{error.message}{beneath}".split("\n")[0][:300]


def _said(body: object) -> str:
    """What an answer says is wrong: at its root, where shards have failed."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return str(error or "what answers is no Elasticsearch")
    roots = error.get("root_cause") or [error]
    return str(roots[0].get("reason") or error.get("reason"))


def _granted(reason: str) -> str:
    """What is not allowed, and by which rights it would be, of what Elasticsearch says of both and of much else."""
    action, rights = (
        re.search(r"action \[([^]]+)\]", reason),
        re.search(r"by the ([a-z]+) privileges \[([^]]+)\]", reason),
    )
    if action is None or rights is None:
        return reason[:300]
    return f"{action[1]} needs one of the {rights[1]} privileges {', '.join(rights[2].split(','))}"


def _operation(version: Version, body: Mapping[str, Any] | None) -> tuple[str, str, Mapping[str, Any], bytes | None]:
    condition = {"if_seq_no": version.number, "if_primary_term": version.term}
    return version.where, version.id, condition, None if body is None else as_json(body)


def _version(hit: Mapping[str, Any]) -> Version:
    return Version(hit["_index"], hit["_id"], hit["_seq_no"], hit["_primary_term"])


def _refuse(answers: Sequence[Mapping[str, Any]]) -> None:
    if answers:
        first = answers[0]
        others = f" and {len(answers) - 1} others" if len(answers) > 1 else ""
        which = f"Elasticsearch: {first['_index']} does not take {first['_id']}{others}"
        if first["status"] == 403:
            said = str(first.get("error", {}).get("reason"))
            raise StoreError(f"{which}, as these credentials may not do that (403): {_granted(said)}")
        raise StoreError(f"{which} ({_reason(first)}); `comb platform apply-store` shows what is wrong")


def _reason(answer: Mapping[str, Any]) -> str:
    error = answer.get("error", {})
    return f"{answer['status']} {error.get('type')}: {str(error.get('reason'))[:300]}"


def _by_size(documents: Sequence[tuple[str, bytes]]) -> Iterator[list[tuple[str, bytes]]]:
    batch: list[tuple[str, bytes]] = []
    held = 0
    for one in documents:
        if batch and (len(batch) >= _BULK or held + len(one[1]) > _BULK_BYTES):
            yield batch
            batch, held = [], 0
        batch.append(one)
        held += len(one[1])
    if batch:
        yield batch
