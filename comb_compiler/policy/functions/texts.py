"""`find`, `findAll` and `url(…)` of Kubernetes' CEL, as far as Python says the same as Go."""

import re
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from comb_compiler.policy.functions.declared import Function, functions, methods
from comb_compiler.policy.functions.values import Lacking, made, text_of

__all__ = ["TEXTS"]

_ONE = r"[A-Za-z0-9_/:@=,;%#&~ \-]|\\[.\\/\-+*?()\[\]{}|^$dwsDWS]|\."
_OF_CLASS = r"[A-Za-z0-9_/:@=,;%#&~ .+*?(){}|$]|\\[.\\/\-\]\[^dws]"
_CLASS = rf"\[\^?(?:{_OF_CLASS})(?:{_OF_CLASS}|-)*\]"
_TIMES = r"[*+?]|\{\d{1,3}(?:,\d{0,3})?\}"
_PLAIN = re.compile(rf"(?P<anchor>\^)?(?P<body>(?:(?:{_ONE}|{_CLASS})(?:{_TIMES})?)*)(?P<end>\$)?")
"""Characters, classes and how often: nothing that the two libraries read differently, or that takes long."""


@lru_cache(maxsize=64)
def _pattern(text: str) -> re.Pattern[str]:
    found = _PLAIN.fullmatch(text)
    if found is None:
        raise Lacking(f"`find` with a pattern of more than characters, classes and repetitions: {text}")
    end = r"\Z" if found["end"] else ""
    return re.compile(f"{found['anchor'] or ''}{found['body']}{end}", re.ASCII)


def _find(text: str, pattern: str) -> str:
    found = _pattern(pattern).search(text)
    return found[0] if found else ""


def _find_all(text: str, pattern: str, most: int = -1) -> list[str]:
    found = [one[0] for one in _pattern(pattern).finditer(text)]
    if "" in found:
        raise Lacking("`findAll` with a pattern that nothing at all matches")
    return found if most < 0 else found[:most]


_PATH = r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@/\-]*)?"
_URL = re.compile(rf"[a-z][a-z0-9+.\-]*://[A-Za-z0-9.\-]+(?::\d+)?{_PATH}(?:\?[A-Za-z0-9._~=&\-]*)?", re.ASCII)
"""What every reader of URLs reads alike: a scheme, a host, a port, a path and a query without escapes."""


def _url(text: str) -> Any:
    if _URL.fullmatch(text) is None:
        raise Lacking(f"a URL that is not plain: {text}")
    return made("URL", text)


def _is_url(text: str) -> bool:
    if _URL.fullmatch(text) is not None:
        return True
    if text == "" or (text[0] != "/" and ":" not in text):
        return False
    raise Lacking(f"a URL that is not plain: {text}")


def _parts(value: Any) -> Any:
    return urlsplit(text_of(value))


def _query(value: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, one in parse_qsl(_parts(value).query, keep_blank_values=True):
        found.setdefault(key, []).append(one)
    return found


TEXTS: tuple[Function, ...] = (
    *methods("string", "string", (("find", _find),), "string"),
    *methods("string", "list", (("findAll", _find_all),), "string"),
    *methods("string", "list", (("findAll", _find_all),), "string", "int"),
    *functions("URL", (("url", _url),), "string"),
    *functions("bool", (("isURL", _is_url),), "string"),
    *methods(
        "URL",
        "string",
        (
            ("getScheme", lambda value: _parts(value).scheme),
            ("getHost", lambda value: _parts(value).netloc),
            ("getHostname", lambda value: _parts(value).netloc.partition(":")[0]),
            ("getPort", lambda value: _parts(value).netloc.partition(":")[2]),
            ("getEscapedPath", lambda value: _parts(value).path),
        ),
    ),
    *methods("URL", "map", (("getQuery", _query),)),
)
