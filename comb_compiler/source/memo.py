"""Results of pure functions that are slow to load or to run, kept by the content of what they are made from."""

from typing import Protocol

__all__ = ["NOTHING_KEPT", "Memo"]


class Memo(Protocol):
    """Bytes by key. What is found under a key is what was kept under it, or None: never something else.

    A key is a digest of everything that the result depends on, versions of libraries included. Neither call raises.
    """

    def find(self, key: str) -> bytes | None:
        """What was kept, or None."""
        ...

    def keep(self, key: str, content: bytes) -> None:
        """Keep a result, if it can be kept."""
        ...


class _NothingKept:
    def find(self, key: str) -> bytes | None:
        return None

    def keep(self, key: str, content: bytes) -> None:
        return None


NOTHING_KEPT: Memo = _NothingKept()
"""Every result is worked out."""
