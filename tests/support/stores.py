"""The two servers of the production store, as tests start them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from comb_compiler.samples.elasticsearch_hbase import Settings
from tests.servers.maven import java_server
from tests.servers.processes import Failed
from tests.servers.saying import saying
from tests.servers.stores import StoreServer, elasticsearch, hbase
from tests.support.tools import Missing

__all__ = ["Stores", "stores_in"]

_IDLE = 4.0
"""Seconds after which HBase closes a connection: a production server's are sixty."""


class Stores(NamedTuple):
    """The two servers."""

    elasticsearch: StoreServer
    hbase: StoreServer

    def settings(self, name: str, timeout: float = 30.0) -> Settings:
        """A store of this name on them. Machines that run tests are slow, so that patience is long."""
        url = f"http://127.0.0.1:{self.elasticsearch.port}"
        return Settings(
            (url,), "127.0.0.1", self.hbase.port, indices=name, table=name, timeout=timeout, replicas=0, pool=6
        )


@contextmanager
def stores_in(directory: Path, config: pytest.Config) -> Iterator[Stores]:
    """Both, started in a directory; skips where they cannot be had. They are made first where need be."""
    say = saying(config)
    try:
        homes = {name: java_server(name, say) for name in ("elasticsearch", "hbase")}
    except Missing as missing:
        pytest.skip(f"needs Elasticsearch and HBase: {missing}")
    try:
        with (
            elasticsearch(homes["elasticsearch"], directory / "elasticsearch") as finding,
            hbase(homes["hbase"], directory / "hbase", idle=_IDLE) as keeping,
        ):
            yield Stores(finding, keeping)
    except Failed as failed:
        pytest.fail(str(failed), pytrace=False)
