"""What the two servers have to have before records come: said, then done; what is right already is left alone."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from comb_compiler.samples.elasticsearch_hbase.cells import FAMILIES, KEPT
from comb_compiler.samples.elasticsearch_hbase.documents import MAPPINGS
from comb_compiler.samples.elasticsearch_hbase.index import Index
from comb_compiler.samples.elasticsearch_hbase.settings import Settings
from comb_compiler.samples.elasticsearch_hbase.table import Table
from comb_compiler.samples.store import StoreError

__all__ = ["Setup", "Step", "check_indices", "setup"]

_VERSION = 1
"""Of the mapping: to be raised with it."""


class Step(NamedTuple):
    """Something that is to be done; where `act` is None, by hand."""

    says: str
    act: Callable[[], object] | None


class Setup(NamedTuple):
    """All that is to be done, in its order; and what is right already."""

    steps: tuple[Step, ...]
    right: tuple[str, ...]


def setup(settings: Settings) -> Setup:
    """What is to be done on the servers. Raises StoreError where one of them does not answer."""
    index, table = Index(settings), Table(settings)
    found = [*_template(settings, index), *_indices(index), *_table(settings, table)]
    return Setup(
        tuple(one for one in found if isinstance(one, Step)), tuple(one for one in found if isinstance(one, str))
    )


def check_indices(index: Index) -> None:
    """Raises StoreError where records would be indexed by guesses, since the indices were never set up."""
    name = f"{index.name}-undated"
    answer = index.calls(lambda: index.client.indices.get_mapping(index=name, ignore_unavailable=True)).body
    version = answer.get(name, {}).get("mappings", {}).get("_meta", {}).get("version", 0)
    if version < _VERSION:
        raise StoreError(
            f"{index.calls.server}: there is no index {name} of this version, or these credentials may not see it: "
            "`comb platform apply-store` says, and makes it"
        )


def _template(settings: Settings, index: Index) -> Iterator[Step | str]:
    wanted = _wanted(settings)
    name, patterns = settings.indices, [index.pattern]
    answer = index.calls(lambda: index.client.options(ignore_status=404).indices.get_index_template(name=name)).body
    [found] = answer.get("index_templates") or [{}]
    is_known = "index_template" in found
    if is_known and _says(found["index_template"].get("template", {}), wanted):
        yield f"Elasticsearch: index template {name} is right"
        return
    what = "change" if is_known else "create"
    shape = f"{settings.shards} shard(s), {settings.replicas} replica(s), a strict mapping"
    yield Step(
        f"Elasticsearch: {what} index template {name} for {index.pattern}: {shape}",
        lambda: index.calls(
            lambda: index.client.indices.put_index_template(
                name=name, index_patterns=patterns, template=wanted, priority=500
            )
        ),
    )


def _wanted(settings: Settings) -> dict[str, Any]:
    numbers = {"number_of_shards": str(settings.shards), "number_of_replicas": str(settings.replicas)}
    mappings = {**MAPPINGS, "_meta": {"version": _VERSION}}
    return {"settings": {"index": {**numbers, "refresh_interval": "1s"}}, "mappings": mappings}


def _says(found: Any, wanted: Any) -> bool:
    """Whether all that is wanted is there; a server adds what it takes for granted, and writes numbers as text."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(_says(found.get(name), one) for name, one in wanted.items())
    return str(found).lower() == str(wanted).lower()


def _indices(index: Index) -> Iterator[Step | str]:
    undated = f"{index.name}-undated"
    answer = index.calls(lambda: index.client.indices.get_mapping(index=index.pattern, allow_no_indices=True)).body
    wanted = {**MAPPINGS, "_meta": {"version": _VERSION}}
    for name, one in sorted(answer.items()):
        fields = one["mappings"].get("properties", {})
        other = [
            field for field, how in MAPPINGS["properties"].items() if field in fields and not _says(fields[field], how)
        ]
        if other:
            yield Step(
                f"Elasticsearch: {name} has {', '.join(other)} as something else: delete the index, and run "
                "`comb samples repair`, which makes its documents anew from HBase",
                None,
            )
        elif not _says(one["mappings"], wanted):
            yield Step(
                f"Elasticsearch: add to {name} the fields that it lacks",
                partial(index.calls, partial(index.client.indices.put_mapping, index=name, **_put(wanted))),
            )
        else:
            yield f"Elasticsearch: index {name} is right"
    if undated not in answer:
        yield Step(
            f"Elasticsearch: create index {undated}",
            partial(_create_index, index, undated),
        )


def _create_index(index: Index, name: str) -> None:
    try:
        index.calls(lambda: index.client.indices.create(index=name))
    except StoreError:
        if not index.calls(lambda: index.client.indices.exists(index=name)):  # else another one came first
            raise


def _put(wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {name.replace("_meta", "meta"): value for name, value in wanted.items()}


def _table(settings: Settings, table: Table) -> Iterator[Step | str]:
    families = table.families()
    name = settings.table
    lives = {one: None if one in KEPT or settings.keep is None else round(settings.keep) for one in FAMILIES}
    if families is None:
        dropped = f"; it drops records without a mark that are {settings.keep:.0f} s old" if settings.keep else ""
        yield Step(
            f"HBase: create table {name} with the column families {', '.join(FAMILIES)}{dropped}",
            partial(_create, table, lives),
        )
        return
    missing = [one for one in FAMILIES if one not in families]
    other = [one for one in FAMILIES if one in families and _lives(families[one]) != lives[one]]
    if missing:
        yield Step(f"HBase: table {name} lacks the families {', '.join(missing)}: alter it in the HBase shell", None)
    elif other:
        said = " and ".join(f"TTL => {lives[one] or 'FOREVER'} of {one}" for one in other)
        yield Step(f"HBase: table {name} keeps cells otherwise: set {said} in the HBase shell", None)
    else:
        yield f"HBase: table {name} is right"


def _lives(seconds: int) -> int | None:
    return None if seconds in (-1, 2**31 - 1) else seconds  # both are how HBase says for ever


def _create(table: Table, lives: Mapping[str, int | None]) -> None:
    try:
        table.create(lives)
    except StoreError:  # another one may have come first
        if set(FAMILIES) - set(table.families() or ()):
            raise
