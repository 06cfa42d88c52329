"""What gives access to something is never shown: Secrets, what is named like one, and what looks like one."""

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["HIDDEN", "hidden", "without_secrets"]

HIDDEN = "(hidden)"

_KINDS = frozenset(("secret", "sealedsecret"))
"""Kinds of which no value is shown."""
_NAMED = re.compile(
    r"pass(word|wd|phrase)|secret|token(?!i[sz])|credential|private.?key|api.?key|access.?key|auth(orization)?$|cookie|dockercfg"
    r"|dockerconfigjson|connection.?string|dsn$|kubeconfig|signature",
    re.IGNORECASE,
)
_NOT_SECRET = re.compile(
    r"(name|ref|class|policy|path|mount|mounted|namespace|kind|type|provider|seconds|audience|file|url|host|max|store)s?$"
    r"|^automount",
    re.IGNORECASE,
)
"""What ends a name that only tells where a secret is, or how it is used."""
_LOOKS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\b(AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,}|\bglpat-[\w-]{16,}"
    r"|\bxox[abprs]-[\w-]{10,}|\bsk-[A-Za-z0-9_-]{20,}|\bAIza[\w-]{30,}|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+"
    r"|hooks\.slack\.com/services/|[?&][\w.-]*(sig|token|secret|passw|credential)[\w.-]*="
    r"|\bENC\[AES256|\bAGE-SECRET-KEY-|\bBearer\s+\S{8,}|://[^\s/?#\"'@:]+:[^\s/?#\"'@]+@",
)
_IN_TEXT = re.compile(
    r"""(?im)^[^\n]*?\b[\w.-]*(passw(or)?d|secret|token|credential|api_?key|private_?key)[\w.-]*["']?\s*[:=]\s*\S"""
)
"""A line of a file that assigns something that is called a secret."""


def hidden(kind: str, path: tuple[str, ...], value: Any, *, beside: str = "") -> Any:
    """`value`, which stands at `path` of an object, as it may be shown to anyone.

    `beside` is the name of what has it as its value, such as that of an environment's variable.
    """
    if value is None or (kind.lower() in _KINDS and path[:1] not in (("metadata",), ("kind",), ("apiVersion",))):
        return value if value is None else HIDDEN
    return _shown(value, _name(path, beside), path)


def without_secrets(kind: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """All of an object as it may be shown to anyone."""
    return {key: hidden(kind, (key,), one) for key, one in value.items()}


def _name(path: tuple[str, ...], beside: str) -> str:
    named = [part for part in path if not part.startswith("[")]
    return beside or (named[-1] if named else "")


def _shown(value: Any, name: str, path: tuple[str, ...]) -> Any:
    if isinstance(value, Mapping):
        own = value.get("name")
        label = own if isinstance(own, str) and set(value) <= {"name", "value"} else ""
        annotated = "last-applied-configuration"
        return {
            key: HIDDEN if annotated in str(key) else _shown(one, label if key == "value" and label else str(key), path)
            for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [_shown(one, name, path) for one in value]
    if isinstance(value, str) and value and _is_secret(name, value):
        return HIDDEN
    return value


def _is_secret(name: str, value: str) -> bool:
    if _NAMED.search(name) and not _NOT_SECRET.search(name) and value not in ("true", "false"):
        return True
    return _LOOKS.search(value) is not None or _IN_TEXT.search(value) is not None
