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
_PLACES = ("secret", "secrets", "imagePullSecrets", "tokens")
"""Fields that say where secrets are, by their names, and hold none."""
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
    if value is None:
        return None
    if kind.lower() in _KINDS and path[:1] not in (("metadata",), ("kind",), ("apiVersion",)):
        return HIDDEN
    names = [part for part in path if not part.startswith("[")]
    return (
        HIDDEN
        if any(map(_hides_all, names)) and not isinstance(value, bool | int)
        else _shown(value, beside or (names[-1] if names else ""))
    )


def without_secrets(kind: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """All of an object as it may be shown to anyone."""
    return {key: hidden(kind, (key,), one) for key, one in value.items()}


def _hides_all(name: str) -> bool:
    """Whether all that is below a name is hidden, whatever it is called."""
    return "last-applied-configuration" in name or (name not in _PLACES and _is_named_so(name))


def _is_named_so(name: str) -> bool:
    return _NAMED.search(name) is not None and _NOT_SECRET.search(name) is None


def _shown(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        label = value.get("name") if set(value) <= {"name", "value"} else None
        return {
            key: _below(str(key), one, label if key == "value" and isinstance(label, str) else str(key))
            for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [_shown(one, name) for one in value]
    return HIDDEN if isinstance(value, str) and _is_secret(name, value) else value


def _below(key: str, value: Any, name: str) -> Any:
    return HIDDEN if _hides_all(key) and not isinstance(value, bool | int) else _shown(value, name)


def _is_secret(name: str, value: str) -> bool:
    if value in ("", "true", "false"):
        return False
    return _is_named_so(name) or _LOOKS.search(value) is not None or _IN_TEXT.search(value) is not None
