"""Parts of queries in Prometheus' language: whatever a name holds, it stays a name."""

import re
from collections.abc import Iterable, Mapping

__all__ = ["any_of", "quoted", "rate", "select"]

_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r"}
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")


def quoted(text: str) -> str:
    """A string literal, in the quotes that YAML and JSON need not escape."""
    return f"'{''.join(_ESCAPES.get(one, one) for one in text)}'"


def any_of(names: Iterable[str]) -> str:
    """A regular expression (RE2) that these match, and nothing else."""
    return "|".join(_SPECIAL.sub(r"\\\g<0>", name) for name in names)


_NONE: Mapping[str, str] = {}


def select(
    metric: str, equal: Mapping[str, str], *, like: Mapping[str, str] = _NONE, unlike: Mapping[str, str] = _NONE
) -> str:
    """The series of a metric whose labels are `equal`, match the expressions `like`, and are not `unlike`."""
    wanted = [
        f"{label}{sign}{quoted(value)}"
        for sign, labels in (("=", equal), ("=~", like), ("!=", unlike))
        for label, value in labels.items()
    ]
    return f"{metric}{{{','.join(wanted)}}}"


def rate(series: str, window: str, *by: str) -> str:
    """How fast counters grow over a window, per second, added up."""
    kept = f" by ({', '.join(by)}) " if by else ""
    return f"sum{kept}(rate({series}[{window}]))"
