"""What could not be kept: counted by reason, and said in the log, but not for each record."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from time import monotonic

__all__ = ["Losses"]

_log = logging.getLogger("comb.recording")


class Losses:
    """Counts; says a reason when it comes up first, and again after `seconds` with how many there were meanwhile."""

    def __init__(self, seconds: float = 60.0, clock: Callable[[], float] = monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._told: dict[str, tuple[float, int]] = {}

    @property
    def counts(self) -> Mapping[str, int]:
        """How many records were lost, by reason."""
        with self._lock:
            return dict(self._counts)

    def count(self, reason: str, many: int = 1) -> None:
        """So many more were lost."""
        if many <= 0:
            return
        with self._lock:
            self._counts[reason] += many
            total, now = self._counts[reason], self._clock()
            since, told = self._told.get(reason, (-self._seconds, 0))
            if now - since < self._seconds:
                return
            self._told[reason] = (now, total)
        _log.warning("%d requests could not be recorded: %s (%d in all)", total - told, reason, total)

    def close(self) -> None:
        """Say what has not been said."""
        for reason, total in self.counts.items():
            told = self._told.get(reason, (0.0, 0))[1]
            if total > told:
                _log.warning("%d requests could not be recorded: %s (%d in all)", total - told, reason, total)
