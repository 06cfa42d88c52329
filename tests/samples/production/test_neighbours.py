"""What others have made on the same servers: it is said where it is in the way, and left alone where it is not."""

import pytest

from comb_compiler.samples.elasticsearch_hbase import ProductionStore, Settings
from comb_compiler.samples.elasticsearch_hbase.index import Index
from comb_compiler.samples.elasticsearch_hbase.setup import setup
from comb_compiler.samples.elasticsearch_hbase.table import Table
from comb_compiler.samples.store import Query, StoreError
from tests.samples.made import record
from tests.samples.production.conftest import PATIENCE
from tests.support.stores import Stores


def by_hand(settings: Settings) -> list[str]:
    """What is left to people, once everything else is done."""
    found = setup(settings._replace(timeout=PATIENCE))
    for step in found.steps:
        if step.act is not None:
            step.act()
    return [step.says for step in found.steps if step.act is None]


def test_a_store_whose_name_goes_on_is_another_one(stores: Stores) -> None:
    shorter, longer = stores.settings("beside"), stores.settings("beside-staging")
    assert by_hand(shorter) == by_hand(longer) == []
    first, second = ProductionStore(shorter), ProductionStore(longer)
    first.put([record(1)])
    second.put([record(2), record(3)])
    assert [one.id for one in first.find(Query()).found] == [record(1).id]
    assert first.repair() == (1, (), ())
    assert first.delete(Query(), marked=True) == 1
    assert len(second.find(Query()).found) == 2
    assert second.repair() == (2, (), ())
    first.close()
    second.close()


def test_documents_that_are_no_samples_are_said_and_never_deleted(settings: Settings, store: ProductionStore) -> None:
    index = Index(settings)
    store.put([record(1)])
    for name in ("notes", "2099-notes"):
        index.client.indices.create(index=f"{settings.indices}-{name}", mappings={"dynamic": "true"})
        index.client.index(index=f"{settings.indices}-{name}", document={"hello": 1}, refresh=True)
    for act in (
        lambda: store.find(Query()),
        lambda: list(store.scan(Query())),
        store.repair,
        lambda: store.delete(Query(), marked=True),
    ):
        with pytest.raises(
            StoreError, match=r"2099-notes has document .* no sample: it is to be in an index of its own"
        ):
            act()
    index.client.indices.delete(index=f"{settings.indices}-2099-notes")
    assert store.repair() == (1, (), ()), "and the other one is nobody's concern"
    assert store.delete(Query(), marked=True) == 1
    [left] = index.client.search(index=f"{settings.indices}-notes")["hits"]["hits"]
    assert left["_source"] == {"hello": 1}
    index.close()


@pytest.mark.parametrize("priority", [500, 900])
def test_a_template_of_others_that_would_decide_is_in_the_way(stores: Stores, priority: int) -> None:
    settings = stores.settings(f"template-{priority}")
    index = Index(settings)
    index.client.indices.put_index_template(
        name=f"older-{priority}", index_patterns=[f"{settings.indices}-*"], priority=priority,
        template={"mappings": {"properties": {"time": {"type": "keyword"}}}},
    )  # fmt: skip
    [said] = by_hand(settings)
    assert f"index template older-{priority}, for {settings.indices}-*, has priority {priority}" in said
    assert not index.client.indices.exists(index=index.undated), "what would be made of it is something else"
    index.client.indices.delete_index_template(name=f"older-{priority}")
    assert by_hand(settings) == []
    assert setup(settings).steps == ()
    index.close()


def test_an_alias_in_the_place_of_an_index_is_in_the_way(stores: Stores) -> None:
    settings = stores.settings("aliased")
    index = Index(settings)
    index.client.indices.create(index="of-others")
    index.client.indices.put_alias(index="of-others", name=index.undated)
    [said] = by_hand(settings)
    assert said == "Elasticsearch: aliased-undated is to be an index, and is an alias of of-others: remove the alias"
    assert index.client.indices.get_mapping(index="of-others")["of-others"]["mappings"] == {}
    index.client.indices.delete_alias(index="of-others", name=index.undated)
    assert by_hand(settings) == []
    assert setup(settings).steps == ()
    index.close()


def test_a_table_that_is_something_else_or_disabled_is_said(stores: Stores) -> None:
    import happybase

    settings = stores.settings("tables")
    connection = happybase.Connection(settings.host, settings.port, timeout=round(PATIENCE * 1000))
    connection.create_table(settings.table, {"x": {}})
    assert by_hand(settings) == ["HBase: table tables lacks the families c, k, m: alter it in the HBase shell"]
    store = ProductionStore(settings)
    with pytest.raises(StoreError, match=r"Column family c does not exist.*`comb platform apply-store` says"):
        store.put([record(1)])
    store.close()
    connection.disable_table(settings.table)
    table = Table(settings)
    assert not table.is_enabled()
    table.close()
    assert by_hand(settings) == ["HBase: table tables is disabled: enable it in the HBase shell"]
    connection.close()
