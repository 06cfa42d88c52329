"""What is said of a part of a condition that has no value, and what was probably meant."""

import re

from comb_compiler.cel import Mend, Mistake
from comb_compiler.graph.conditions.constants import Failure

__all__ = ["explain"]

_OF_FUNCTION = {
    "matches": "patterns are RE2's, without look-around and back-references: https://github.com/google/re2/wiki/Syntax",
    "duration": "write hours, minutes and seconds: `duration('1h30m')`, `duration('1.5s')`, `duration('20ms')`",
    "timestamp": "write date, time and zone, as RFC 3339 has them: `timestamp('2026-01-31T12:00:00Z')`",
}
_OF_REASON = {
    "by zero": "divide by something else",
    "Index error": "the first item of a list is `[0]`",
    "Key not found": "ask first whether it is there: `key in map`",
    "integer overflow": "an `int` goes from -9223372036854775808 to 9223372036854775807",
    "Invalid timezone": "write a zone such as `'UTC'`, `'Asia/Shanghai'` or `'+08:00'`",
}
_OTHERWISE = "write a value that it can take"
_CODES = r"^[A-Z_]+: | \[[A-Z_]+\]$"
_UNITS = {"week": ("h", 168), "day": ("h", 24), "hour": ("h", 1), "minute": ("m", 1), "second": ("s", 1),
          "millisecond": ("ms", 1)}  # fmt: skip
_SHORT = {"w": "week", "d": "day", "h": "hour", "hr": "hour", "m": "minute", "min": "minute", "s": "second",
          "sec": "second", "ms": "millisecond", "milli": "millisecond"}  # fmt: skip
_AMOUNT = r"\s*(\d{1,6})\s*([A-Za-z]+)\s*"
_DATE = r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(:\d\d(?:\.\d+)?)?)?\s*(Z|[+-]\d\d:\d\d)?"


def explain(text: str, failure: Failure) -> Mistake:
    """The mistake, in CEL's words: it knows best what it cannot do."""
    start, end, said, function = failure
    reason = re.sub(_CODES, "", said)
    pattern = reason.removeprefix("invalid regular expression: ")
    message = f"CEL cannot evaluate this: {reason}" if pattern == reason else f"RE2 refuses this pattern: {pattern}"
    meant = _meant(function, text[start:end])
    if meant:
        return Mistake(message, start, end, f"write `{meant}`", Mend(f"write `{meant}`", start, end, meant))
    of_reason = (hint for words, hint in _OF_REASON.items() if words in reason)
    return Mistake(message, start, end, _OF_FUNCTION.get(function) or next(of_reason, _OTHERWISE))


def _meant(function: str, literal: str) -> str:
    """A text that a reader of durations or timestamps takes, in the quotes of the one that it does not."""
    quote, content = literal[:1], literal[1:-1]
    if quote not in ("'", '"') or literal[-1:] != quote:
        return ""
    written = {"duration": _duration, "timestamp": _timestamp}.get(function)
    meant = written(content) if written is not None else ""
    return f"{quote}{meant}{quote}" if meant else ""


def _duration(content: str) -> str:
    found = re.fullmatch(_AMOUNT, content)
    if found is None:
        return ""
    unit = found[2].lower()
    unit = next((one for one in (unit, unit.removesuffix("s")) if one in _UNITS or one in _SHORT), "")
    known = _UNITS.get(_SHORT.get(unit, unit))
    return f"{int(found[1]) * known[1]}{known[0]}" if known else ""


def _timestamp(content: str) -> str:
    found = re.fullmatch(_DATE, content)
    if found is None:
        return ""
    meant = f"{found[1]}T{found[2] or '00:00'}{found[3] or ':00'}{found[4] or 'Z'}"
    return meant if meant != content else ""
