"""How long records are kept: now and then, what is older goes, but for what somebody marked."""

import logging
import time
from collections.abc import Callable
from typing import Protocol

from comb_compiler.samples.store import Query, StoreError

__all__ = ["Deleting", "Retention"]

_log = logging.getLogger("comb.recording")
_EVERY = 60.0
"""Seconds between two looks: so often that little is old each time, as deleting wants the interpreter."""


class Deleting(Protocol):
    """Of a SampleStore, what this needs."""

    def delete(self, query: Query, *, marked: bool = False) -> int:
        """See SampleStore."""


class Retention:
    """Deletes records of a comb in an environment that are older than `keep` seconds; others in the store stay.

    Age goes by the time that a record has, by this machine's clock. Where that jumps ahead, it is by how long this
    process has run, so that nothing young goes. A store that fails is asked again later.
    """

    def __init__(
        self, comb: str, environment: str, keep: float, every: float = _EVERY, clock: Callable[[], float] = time.time
    ) -> None:
        self._query = Query(comb=comb, environment=environment)
        self._keep = keep
        self._clock = clock
        self._is_failing = False
        self.every = every
        self._ahead = clock() - time.monotonic()
        self._next = time.monotonic() + every

    def apply(self, store: Deleting) -> None:
        """Delete what is too old, if it is time to look."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self.every
        now = min(self._clock(), self._ahead + time.monotonic())
        try:
            deleted = store.delete(self._query._replace(until=now - self._keep))
        except StoreError as error:
            if not self._is_failing:
                _log.error("records that are too old could not be deleted, which is tried again: %s", error)
            self._is_failing = True
            return
        self._is_failing = False
        if deleted:
            _log.info("%d records were older than they are kept, and are deleted", deleted)
