"""The store that a service is told to record into, opened when it is first needed: it may be down at the start."""

import logging
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from comb_compiler.runtime.recording.shipping import Store
from comb_compiler.samples.figures import Counting, StoreFigures
from comb_compiler.samples.record_pb2 import Record
from comb_compiler.samples.store import Put, Query, StoreError

__all__ = ["opened_late", "servers_late"]


def opened_late(directory: Path) -> Store:
    """The embedded store in a directory, which is made where there is none."""
    return _Late(lambda: _embedded(directory))


def servers_late(file: Path, environment: Mapping[str, str]) -> Store:
    """The store on the servers that a file names, with the credentials that the environment has."""
    return _Late(lambda: _servers(file, environment))


def _servers(file: Path, environment: Mapping[str, str]) -> Store:
    from comb_compiler.samples.elasticsearch_hbase import ProductionStore, read_settings

    missing = [name for name in ("elasticsearch", "happybase") if find_spec(name) is None]
    if missing:
        raise StoreError(f"{' and '.join(missing)} not installed: they come with comb-runtime[production-store]")
    # A line for each call; what fails is said once by who records, and counted.
    logging.getLogger("elastic_transport").setLevel(logging.ERROR)
    try:
        return ProductionStore(read_settings(file, environment))
    except (OSError, ValueError) as error:
        raise StoreError(f"the servers of samples are not known: {error}") from error


def _embedded(directory: Path) -> Store:
    from comb_compiler.samples.embedded import EmbeddedStore  # SQLite, where something is recorded

    return EmbeddedStore(directory)


class _Late:
    """Opens a store when something is first put into it; each put tries again while that fails."""

    def __init__(self, opens: Callable[[], Store]) -> None:
        self._opens = opens
        self._store: Store | None = None

    def put(self, records: Sequence[Record]) -> Put:
        """See SampleStore."""
        return self._opened().put(records)

    def put_interface(self, descriptors: bytes) -> str:
        """See SampleStore."""
        return self._opened().put_interface(descriptors)

    def delete(self, query: Query, *, marked: bool = False) -> int:
        """See SampleStore."""
        return self._opened().delete(query, marked=marked)

    def close(self) -> None:
        """See SampleStore."""
        if self._store is not None:
            self._store.close()

    def figures(self) -> StoreFigures | None:
        """See Counting."""
        store: object = self._store
        return store.figures() if isinstance(store, Counting) else None

    def _opened(self) -> Store:
        if self._store is None:
            self._store = self._opens()
        return self._store
