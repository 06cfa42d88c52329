"""What a store on servers counts of itself, as plain values."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol, runtime_checkable

__all__ = ["BOUNDS", "CallFigures", "Counting", "StoreFigures"]

BOUNDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Upper bounds of the buckets that calls are counted in, in seconds; a last bucket has what took longer."""


class CallFigures(NamedTuple):
    """Calls of one server, since the store was opened."""

    calls: int
    """Those that have ended, well or not; one that was tried again is one."""
    retries: int
    failures: int
    """Those that no further attempt was made of."""
    rejected: int
    """Those that were not tried, since the server is left alone."""
    open: bool
    """Whether it is left alone now."""
    seconds: float
    """How long calls took, with their attempts and pauses."""
    buckets: tuple[int, ...]
    """Calls by how long they took: one count for each of BOUNDS, and one beyond them."""


class StoreFigures(NamedTuple):
    """Records by what came of putting them, and calls by server."""

    new: int
    known: int
    refused: int
    servers: Mapping[str, CallFigures]


@runtime_checkable
class Counting(Protocol):
    """A store that counts."""

    def figures(self) -> StoreFigures | None:
        """What it has counted; None where it has not been opened."""
