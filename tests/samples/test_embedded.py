"""The store that is a directory: the contract."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from comb_compiler.samples.embedded import EmbeddedStore
from tests.samples.contract import Contract
from tests.samples.machine import Fresh, Opener


class TestEmbedded(Contract):
    """Partitions are small, so that records are in several of them."""

    @pytest.fixture
    def fresh(self, tmp_path: Path) -> Fresh:
        @contextmanager
        def made() -> Iterator[Opener]:
            with tempfile.TemporaryDirectory(dir=tmp_path) as directory:
                yield partial(EmbeddedStore, directory, partition=15)

        return made
