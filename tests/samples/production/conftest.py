"""Elasticsearch and HBase for the tests of this folder: one of each, ended with the last of them."""

from collections.abc import Iterator
from itertools import count

import pytest

from comb_compiler.samples.elasticsearch_hbase import ProductionStore, Settings
from comb_compiler.samples.elasticsearch_hbase.setup import setup
from tests.conftest import RequiresTool
from tests.support.stores import Stores, stores_in

_NUMBERS = count(1)
PATIENCE = 240.0
"""Seconds for a table to be made."""


@pytest.fixture(scope="package")
def stores(
    request: pytest.FixtureRequest, requires_tool: RequiresTool, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stores]:
    """Both servers, which tests may kill, if they start them again."""
    requires_tool("java")
    with stores_in(tmp_path_factory.mktemp("stores"), request.config) as started:
        yield started


@pytest.fixture
def settings(stores: Stores) -> Settings:
    """A store of the test's own on the servers, set up, with nothing in it."""
    made = stores.settings(f"test-{next(_NUMBERS)}")
    for step in setup(made._replace(timeout=PATIENCE)).steps:
        assert step.act is not None, step.says
        step.act()
    return made


@pytest.fixture
def store(settings: Settings) -> Iterator[ProductionStore]:
    """It, opened."""
    opened = ProductionStore(settings)
    yield opened
    opened.close()
