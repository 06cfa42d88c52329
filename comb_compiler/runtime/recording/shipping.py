"""What brings records from spools into the store, in a thread of its own: the store may be slow, down, or hang."""

import logging
import threading
from collections.abc import Sequence
from time import monotonic
from typing import Protocol

from google.protobuf.message import DecodeError

from comb_compiler.runtime.recording.losses import Losses
from comb_compiler.runtime.recording.retention import Deleting, Retention
from comb_compiler.runtime.recording.spool.segments import Batch
from comb_compiler.samples.figures import Counting, StoreFigures
from comb_compiler.samples.record_pb2 import Record
from comb_compiler.samples.store import Put, StoreError

__all__ = ["Shipping", "Source", "Store"]

_log = logging.getLogger("comb.recording")
_MOST, _BYTES = 256, 4 << 20
"""Of a batch."""
_GATHER = 0.5
"""Seconds for which records are gathered: a store does with many at once what it does with one."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 30.0
_LONG = 10.0
"""Seconds after which a put that goes on counts as a store that does not answer."""


class Store(Deleting, Protocol):
    """Of a SampleStore, what a recorder needs."""

    def put(self, records: Sequence[Record]) -> Put:
        """See SampleStore."""

    def put_interface(self, descriptors: bytes) -> str:
        """See SampleStore."""

    def close(self) -> None:
        """See SampleStore."""


class Source(Protocol):
    """Where records wait, in their order."""

    interface: bytes

    def next(self, most: int, size: int) -> Batch | None:
        """The oldest of them; None for none."""

    def shipped(self, batch: Batch, *, done: bool) -> None:
        """They have been put; or, where they are not `done`, they have not."""


class Left(Source, Protocol):
    """A source that ends."""

    def close(self, *, done: bool) -> None:
        """Let go of it; where all of it is `done`, it goes."""


class Shipping:
    """Ships from `left`, one after the other, then from `spool`, again and again until it is closed.

    A put that failed is tried again after a pause, which grows. Records that the store refuses are counted, and not
    tried again; a store that raises for one record and takes others is understood to refuse that one. When all is put,
    `retention` may look at the store.
    """

    def __init__(self, store: Store, spool: Source, left: Sequence[Left], losses: Losses, retention: Retention) -> None:
        self.shipped = 0
        self.failures = 0
        self.is_down = False
        self._store = store
        self._spool = spool
        self._left = list(left)
        self._losses = losses
        self._retention = retention
        self._known: set[bytes] = set()
        self._wake = threading.Condition()
        self._has_more = True
        self._is_closing = False
        self._until = 0.0
        self._putting: float | None = None
        self._thread = threading.Thread(target=self._work, name="comb-shipping", daemon=True)

    @property
    def answers(self) -> bool:
        """Whether the store takes records, as far as is known."""
        putting = self._putting
        return not self.is_down and (putting is None or monotonic() - putting < _LONG)

    @property
    def figures(self) -> StoreFigures | None:
        """What the store counts of itself; None where it does not."""
        return self._store.figures() if isinstance(self._store, Counting) else None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def more(self) -> None:
        """There is something to ship."""
        with self._wake:
            self._has_more = True
            self._wake.notify()

    def close(self, grace: float) -> None:
        """Ship what there is, for at most `grace` seconds. A put that hangs is left behind."""
        with self._wake:
            self._is_closing, self._until = True, monotonic() + grace
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join(grace)
        if self._thread.is_alive():
            _log.error("the sample store has not answered within %g s", grace)
            return
        for one in self._left:
            one.close(done=False)
        self._left.clear()
        try:
            self._store.close()
        except Exception:
            _log.exception("the sample store could not be closed")

    def _work(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                is_done = self._ship_all()
            except Exception:
                _log.exception("records could not be shipped")
                is_done = False
            with self._wake:
                if self._is_closing:
                    if is_done or self.is_down or monotonic() >= self._until:
                        return
                elif is_done:
                    pause = _FIRST_PAUSE
                    self._wake.wait_for(lambda: self._has_more or self._is_closing, self._retention.every)
                    self._wake.wait_for(lambda: self._is_closing, _GATHER)
                else:
                    self._wake.wait_for(lambda: self._is_closing, pause)
                    pause = min(2 * pause, _LONGEST_PAUSE)
                self._has_more = False

    def _ship_all(self) -> bool:
        """Ship until nothing waits, or the store fails. Whether nothing waits."""
        while self._left:
            if not self._ship(self._left[0]):
                return False
            self._left.pop(0).close(done=True)
        if not self._ship(self._spool):
            return False
        if not self._is_closing:
            self._retention.apply(self._store)
        return True

    def _ship(self, source: Source) -> bool:
        while (batch := source.next(_MOST, _BYTES)) is not None:
            is_put = False
            try:
                is_put = self._put(source.interface, batch)
            finally:
                source.shipped(batch, done=is_put)
            if not is_put or (self._is_closing and monotonic() >= self._until):
                return False
        return True

    def _put(self, interface: bytes, batch: Batch) -> bool:
        records = []
        for content in batch.records:
            try:
                records.append(Record.FromString(content))
            except DecodeError:
                self._losses.count("spool damaged")
        self._putting = monotonic()
        try:
            if interface not in self._known:
                self._store.put_interface(interface)
                self._known.add(interface)
            self._take(records)
        except Exception as error:  # also what is a bug of the store: what has been recorded is not to be lost by it
            if isinstance(error, StoreError) or not self._one_by_one(records):
                self._failed(error)
                return False
        finally:
            self._putting = None
        if self.is_down:
            self.is_down = False
            _log.warning("the sample store takes records again")
        return True

    def _take(self, records: Sequence[Record]) -> None:
        put = self._store.put(records)
        self.shipped += put.new
        if put.refused:
            _log.error("the sample store refuses %d records: %s", len(put.refused), put.refused[0].why)
            self._losses.count("refused by the store", len(put.refused))

    def _one_by_one(self, records: Sequence[Record]) -> bool:
        """Whether the store takes some of them, each for itself; then it has refused the others."""
        refused: list[tuple[Record, Exception]] = []
        for record in records:
            try:
                self._take([record])
            except StoreError:
                return False
            except Exception as error:
                refused.append((record, error))
        if len(refused) == len(records):
            return False
        for record, reason in refused:
            _log.error("the sample store fails for record %s", record.id, exc_info=reason)
        self._losses.count("refused by the store", len(refused))
        return True

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        if not self.is_down:
            self.is_down = True
            said = str(error) if isinstance(error, StoreError) else f"it raised {type(error).__name__}"
            _log.error("the sample store does not take records, which wait until it does: %s", said)
