"""How long to wait before a worker process is started in place of another."""

__all__ = ["Backoff"]

_FIRST, _LONGEST = 0.1, 5.0
_LONG_LIFE = 10.0


class Backoff:
    """Nothing for the first that each of `count` processes needs, then ever longer, until they live long again.

    `now` is in seconds, by any clock that only goes on.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._in_a_row = 0
        self._last = 0.0

    def pause(self, now: float) -> float:
        """Seconds to wait before the next is started."""
        if now - self._last > _LONG_LIFE / self._count:
            self._in_a_row = 0
        level = self._in_a_row // self._count
        self._in_a_row += 1
        self._last = now
        return min(_FIRST * 2.0 ** min(level - 1, 10), _LONGEST) if level else 0.0

    def ready(self, now: float) -> None:
        """One that was started is ready; how long it lives counts from here."""
        self._last = now
