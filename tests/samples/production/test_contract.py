"""The store on two servers: the contract."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from comb_compiler.samples.elasticsearch_hbase import ProductionStore, Settings
from comb_compiler.samples.store import Query
from tests.samples.contract import Contract
from tests.samples.machine import Fresh, Opener


class TestProduction(Contract):
    """Its percentiles are t-digests', and a new store is the same one, emptied: to make a table takes a second."""

    nearly = True
    steps = 25
    examples = 10

    @pytest.fixture
    def fresh(self, settings: Settings) -> Fresh:
        @contextmanager
        def made() -> Iterator[Opener]:
            yield partial(ProductionStore, settings)
            store = ProductionStore(settings)
            store.delete(Query(), marked=True)
            store.close()

        return made
