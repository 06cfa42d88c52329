"""What a query, and what is counted, mean to every store: times in whole nanoseconds, and whom it is about."""

from math import ceil, isnan

from comb_compiler.samples.store import Query

__all__ = ["asks_of_nodes", "nanoseconds", "stretch"]

_LARGEST = 2**63 - 1
_LONGEST = 9e9
"""Seconds; a stretch of time that is longer has all records in it as well."""


def asks_of_nodes(query: Query) -> bool:
    """Whether a query is about what nodes did."""
    return query.operator is not None or query.model is not None or query.operator_code is not None


def nanoseconds(seconds: float) -> int:
    """The first whole nanosecond that is not before, as 64 bits can hold it."""
    if abs(seconds) >= _LARGEST / 1e9:
        return _LARGEST if seconds > 0 else -_LARGEST
    return ceil(seconds * 1e9)


def stretch(every: float | None) -> int | None:
    """The nanoseconds of a stretch of time by which is counted. Raises ValueError for less than one."""
    width = None if every is None else 0 if isnan(every) else round(min(every, _LONGEST) * 1e9)
    if width is not None and width < 1:
        raise ValueError(f"a stretch of time has at least a nanosecond, and this one has {every} s")
    return width
