"""Expressions that stand for one value, whatever the messages say: `3`, `60 * 24`, `duration('1h')`.

Times are whole nanoseconds, of the epoch or of length. What has no value here, or none that is certain, is no constant:
that an expression fails is the official library's to say.
"""

import re
from datetime import UTC, datetime, timedelta

from comb_compiler.cel.tree import Call, Expr, Literal, Value

__all__ = ["folded"]

_SECOND = 10**9
_UNITS = {"h": 3600 * _SECOND, "m": 60 * _SECOND, "s": _SECOND, "ms": 10**6, "us": 10**3, "ns": 1}
_PART = re.compile(r"(\d{1,12})(?:\.(\d{1,9}))?(h|ms|m|us|ns|s)", re.ASCII)
_DURATION = re.compile(r"([+-]?)((?:\d{1,12}(?:\.\d{1,9})?(?:h|ms|m|us|ns|s))+)", re.ASCII)
_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SAFE = 2**63


def folded(expr: Expr) -> tuple[Value] | None:
    """The value, alone in a tuple since it may be null; None where `expr` is no constant."""
    match expr:
        case Literal(value=value):
            return (value,)
        case Call(function="duration", args=(Literal(value=str() as text),), target=None):
            return _only(_duration(text))
        case Call(function="timestamp", args=(Literal(value=str() as text),), target=None):
            return _only(_timestamp(text))
        case Call(function="+" | "-" | "*" as sign, args=(left, right), target=None):
            return _only(_sum(sign, left, right))
        case _:
            return None


def _only(value: int | None) -> tuple[Value] | None:
    return None if value is None else (value,)


def _sum(sign: str, left: Expr, right: Expr) -> int | None:
    """Of whole numbers, as long as they and what comes of them have 63 bits."""
    found = [side[0] for side in (folded(left), folded(right)) if side is not None]
    numbers = [one for one in found if isinstance(one, int) and not isinstance(one, bool)]
    if len(numbers) < len((left, right)) or any(_is_time(side) for side in (left, right)):
        return None
    one, other = numbers
    result = {"+": one + other, "-": one - other, "*": one * other}[sign]
    return result if max(abs(one), abs(other), abs(result)) < _SAFE else None


def _is_time(expr: Expr) -> bool:
    return isinstance(expr, Call) and expr.function in ("duration", "timestamp")


def _duration(text: str) -> int | None:
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    total = 0
    for whole, part, unit in _PART.findall(match[2]):
        scaled = int(part or 0) * _UNITS[unit]
        if scaled % 10 ** len(part):
            return None
        total += int(whole) * _UNITS[unit] + scaled // 10 ** len(part)
    return -total if match[1] == "-" else total


def _timestamp(text: str) -> int | None:
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return None
    try:
        when = datetime.fromisoformat(match[1] + ("+00:00" if match[3] == "Z" else match[3]))
        seconds = (when - _EPOCH) // timedelta(seconds=1)
    except (ValueError, OverflowError):
        return None
    return seconds * _SECOND + int((match[2] or "").ljust(9, "0"))
