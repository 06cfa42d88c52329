"""What the two servers have to have before records come: said, then done; what is right already is left alone."""

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
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
_PRIORITY = 500
"""Of the index template: above those that Elasticsearch comes with."""
_YEARS = range(2025, 2050)
"""Those whose months have indices (`documents.index_of`)."""


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
    found = [*_elasticsearch(settings, index), *_table(settings, table)]
    return Setup(
        tuple(one for one in found if isinstance(one, Step)), tuple(one for one in found if isinstance(one, str))
    )


def check_indices(index: Index) -> None:
    """Raises StoreError where records would be indexed by guesses, since the indices were never set up."""
    name = index.undated
    answer = index.calls(lambda: index.client.indices.get_mapping(index=name, ignore_unavailable=True)).body
    version = answer.get(name, {}).get("mappings", {}).get("_meta", {}).get("version", 0)
    if version < _VERSION:
        raise StoreError(
            f"{index.calls.server}: there is no index {name} of this version, or these credentials may not see it: "
            "run `comb platform apply-store`"
        )


def _elasticsearch(settings: Settings, index: Index) -> Iterator[Step | str]:
    answer = index.calls(index.client.indices.get_index_template).body
    templates = {one["name"]: one["index_template"] for one in answer["index_templates"]}
    in_the_way = [*_stronger(index, templates), *_aliases(index)]
    if in_the_way:  # what is made beside it would be something else
        yield from in_the_way
        return
    yield from _template(settings, index, templates.get(settings.indices))
    yield from _indices(index)


def _stronger(index: Index, templates: Mapping[str, Any]) -> Iterator[Step]:
    """Templates of others that say, instead of ours or against it, what our indices are."""
    ours = [index.undated, *(f"{index.name}-{year}.01" for year in _YEARS)]
    for name, one in sorted(templates.items()):
        theirs, priority = one["index_patterns"], one.get("priority", 0)
        meet = any(fnmatchcase(mine, pattern) for mine in ours for pattern in theirs)
        if name != index.name and priority >= _PRIORITY and meet:
            yield Step(
                f"Elasticsearch: index template {name}, for {', '.join(theirs)}, has priority {priority}, and would "
                f"say what {index.name}'s indices are: give it less than {_PRIORITY}, or other patterns",
                None,
            )


def _aliases(index: Index) -> Iterator[Step]:
    client = index.client.options(ignore_status=404)
    answer = index.calls(lambda: client.indices.get_alias(name=index.patterns)).body
    for name, one in sorted(answer.items()):
        for alias in one["aliases"] if isinstance(one, Mapping) and "aliases" in one else ():
            if index.owns(alias):
                yield Step(
                    f"Elasticsearch: {alias} is to be an index, and is an alias of {name}: remove the alias", None
                )


def _template(settings: Settings, index: Index, found: Mapping[str, Any] | None) -> Iterator[Step | str]:
    wanted, name = _wanted(settings), settings.indices
    if found is not None and found["index_patterns"] == index.patterns and _says(found.get("template", {}), wanted):
        yield f"Elasticsearch: index template {name} is right"
        return
    what = "change" if found is not None else "create"
    shape = f"{settings.shards} shard(s), {settings.replicas} replica(s), a strict mapping"
    yield Step(
        f"Elasticsearch: {what} index template {name} for {' and '.join(index.patterns)}: {shape}",
        lambda: index.calls(
            lambda: index.client.indices.put_index_template(
                name=name, index_patterns=index.patterns, template=wanted, priority=_PRIORITY
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
    answer = index.calls(
        lambda: index.client.indices.get_mapping(index=index.patterns, allow_no_indices=True, ignore_unavailable=True)
    ).body
    wanted = {**MAPPINGS, "_meta": {"version": _VERSION}}
    for name, one in sorted((name, one) for name, one in answer.items() if index.owns(name)):
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
    if index.undated not in answer:
        yield Step(f"Elasticsearch: create index {index.undated}", partial(_create_index, index, index.undated))


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
    if not table.is_enabled():
        yield Step(f"HBase: table {name} is disabled: enable it in the HBase shell", None)
    elif missing:
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
