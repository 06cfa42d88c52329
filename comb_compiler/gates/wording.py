"""Verdicts, shares, names and values in words, as reports and terminals have them alike."""

import json
from collections.abc import Sequence
from typing import Any

from comb_compiler.diagnostics.render.printable import show
from comb_compiler.gates.verdicts import Verdict

__all__ = ["MEANING", "hidden", "listed", "moment", "percent", "short", "told_once", "took"]

MEANING = {
    Verdict.PASSED: "the change may ship, as far as these gates tell",
    Verdict.BLOCKED: "the change must not ship",
    Verdict.UNDECIDED: "it could not be decided, so the change does not ship yet",
    Verdict.NOT_APPLICABLE: "no gate has anything to ask",
}
_MOST_NAMES = 10


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: not more of them than one wants to read, and none that begins a line of its own."""
    shown = ", ".join(show(one).text for one in names[:_MOST_NAMES])
    return shown if len(names) <= _MOST_NAMES else f"{shown} and {len(names) - _MOST_NAMES:,} more"


def percent(share: float) -> str:
    """A share, to three digits."""
    return f"{100 * share:.3g}%"


def told_once(faults: Sequence[str]) -> list[str]:
    """Of those that are the same up to a colon, the first, and how many there are."""
    alike: dict[str, list[str]] = {}
    for fault in faults:
        alike.setdefault(fault.partition(":")[0], []).append(fault)
    return [f"{first}; the same {len(more) + 1} times" if more else first for first, *more in alike.values()]


def took(seconds: float) -> str:
    """How long something took, to two digits at least: `0.3 s`, `24 s`"""
    return f"{seconds:.0f} s" if seconds >= 9.95 else f"{seconds:.1f} s"


def moment(told: str) -> str:
    """A time that ISO 8601 tells in UTC, as people read it: `2026-11-27 08:00:12Z`"""
    return told.replace("T", " ").replace("+00:00", "Z")


def hidden(smallest: float) -> str:
    """What could be seen of a noisy field, of which the smallest break that would have been seen is known."""
    if smallest >= 1:
        return "no break in it could have been seen: say in gates.compare how it is to be compared"
    return f"a break of {percent(smallest)} would have been seen"


def short(value: Any, longest: int) -> str:
    """A value of Protobuf's JSON form, of which so many characters are shown."""
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
