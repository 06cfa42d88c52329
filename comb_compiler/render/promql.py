"""Parts of queries in Prometheus' language: whatever a name holds, it stays a name."""

import re
from collections.abc import Iterable, Mapping

__all__ = ["any_of", "pods_of", "quoted", "rate", "select", "selector"]

_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r"})
_LONGEST = 58
_HASH = 10
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")


def quoted(text: str) -> str:
    """A string literal, in the quotes that YAML and JSON need not escape."""
    return f"'{text.translate(_ESCAPES)}'"


def any_of(names: Iterable[str]) -> str:
    """A regular expression (RE2) that these match, and nothing else."""
    return "|".join(_SPECIAL.sub(r"\\\g<0>", name) for name in names)


def pods_of(deployment: str) -> str:
    """A regular expression (RE2) for the names of a Deployment's pods, and for no other Deployment's.

    Kubernetes makes them of its name, a hash of up to ten letters and digits, and five more: what comes before the last
    five is cut at 58 characters (`names.SimpleNameGenerator`).
    """
    [name] = map(any_of, ([deployment[:_LONGEST]],))
    room = _LONGEST - len(deployment) - 1
    if room <= 0:
        return f"{name}{'-' if room == 0 else ''}[a-z0-9]{{5}}"
    if room > _HASH:
        return f"{name}-[a-z0-9]{{1,{_HASH}}}-[a-z0-9]{{5}}"
    return f"{name}-[a-z0-9]{{0,{room - 1}}}[a-z0-9-][a-z0-9]{{5}}"


_NONE: Mapping[str, str] = {}


def select(
    metric: str, equal: Mapping[str, str], *, like: Mapping[str, str] = _NONE, unlike: Mapping[str, str] = _NONE
) -> str:
    """The series of a metric whose labels are `equal`, match the expressions `like`, and are not `unlike`."""
    return f"{metric}{selector(equal, like=like, unlike=unlike)}"


def selector(equal: Mapping[str, str], *, like: Mapping[str, str] = _NONE, unlike: Mapping[str, str] = _NONE) -> str:
    """What is written behind a metric to select of its series those that `select` does."""
    wanted = [
        f"{label}{sign}{quoted(value)}"
        for sign, labels in (("=", equal), ("=~", like), ("!=", unlike))
        for label, value in labels.items()
    ]
    return f"{{{','.join(wanted)}}}"


def rate(series: str, window: str, *by: str) -> str:
    """How fast counters grow over a window, per second, added up."""
    kept = f" by ({', '.join(by)}) " if by else ""
    return f"sum{kept}(rate({series}[{window}]))"
