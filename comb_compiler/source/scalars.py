"""Plain scalars by the core schema of YAML 1.2 (§10.3.2), and what YAML 1.1 readers would make of them.

People open comb.yaml with other tools too (PyYAML, Go's yaml, older kubectl). Where both versions read the same text as
different values, the file means two things: that is worth a warning.
"""

import re
from functools import lru_cache
from typing import Any, NamedTuple

__all__ = ["CORE_TAGS", "Resolved", "construct", "is_text", "resolve"]


class Resolved(NamedTuple):
    """`value` by YAML 1.2; `elsewhere` says what a YAML 1.1 reader takes it for, where that differs."""

    value: Any
    elsewhere: str = ""


_INT = re.compile(r"[-+]?[0-9]+\Z")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?\Z")
"""What everybody takes for the same number."""
_OCTAL_OR_HEX = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_SPECIAL: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **{sign + word: float(sign + "inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
}
_MAX_DIGITS = 400
"""Longer digit strings stay text: no field takes them, and converting them costs quadratic time."""

_ELSEWHERE = (
    ("true", r"(?:y|Y|yes|Yes|YES|on|On|ON)"),
    ("false", r"(?:n|N|no|No|NO|off|Off|OFF)"),
    ("an octal number", r"[-+]?0[0-7_]+"),
    ("a binary number", r"[-+]?0b[01_]+"),
    ("a date", r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?"),
    ("a base-60 number", r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"),
    ("a number", r"[-+]?(?:0x[0-9a-fA-F_]*_[0-9a-fA-F_]*|[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?)"),
    ("a number", r"[-+]0x[0-9a-fA-F]+"),
    ("text", r"0o[0-7]+"),
    ("text", r"[-+]?0[0-9]*[89][0-9]*"),
    ("text", r"[-+]?(?:[0-9]+[eE]|(?:[0-9]+\.[0-9]*|\.[0-9]+)[eE](?![-+]))[-+]?[0-9]+"),
    ("a default value", r"="),
)
_MAYBE_ELSEWHERE = re.compile(
    r"[-+]?\.?[0-9][-+.0-9_:obtze ]*\Z|[-+]?0x|[0-9]{4}-[-+.0-9_:xobtz a-f]*\Z|(?:y|n|yes|no|on|off|=)\Z",
    re.IGNORECASE,
)
"""What an ordinary value is not: the patterns above are only compiled for a file that holds such text."""


@lru_cache(maxsize=4096)
def resolve(text: str) -> Resolved:
    """A plain scalar's value."""
    if text in _SPECIAL:
        return Resolved(_SPECIAL[text])
    return Resolved(_number(text) if text[0] in "-+.0123456789" else text, _elsewhere(text))


def is_text(text: str) -> bool:
    """Whether a plain scalar is text to YAML 1.2 and to readers of YAML 1.1 alike."""
    value, elsewhere = resolve(text)
    return isinstance(value, str) and elsewhere in ("", "text")


def _number(text: str) -> Any:
    if len(text) > _MAX_DIGITS:
        return text
    if _INT.match(text):
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    if _OCTAL_OR_HEX.match(text):
        return int(text, 0)
    return text


def _elsewhere(text: str) -> str:
    if len(text) > _MAX_DIGITS or not _MAYBE_ELSEWHERE.match(text) or _DECIMAL.match(text):
        return ""
    found = next((reading for reading, pattern in _ELSEWHERE if re.fullmatch(pattern, text)), "")
    same_octal = found == "an octal number" and int(text.replace("_", "") or "0", 10) == _octal(text)
    return "" if same_octal else found


def _octal(text: str) -> int:
    return int(text.replace("_", ""), 8)


CORE_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq"))
_OF_TYPE: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "null": (type(None),),
}


def construct(tag: str, text: str) -> tuple[Any, bool]:
    """The value of a scalar with an explicit core tag, and whether its text is one of that type."""
    name = tag.rpartition(":")[2]
    if name == "str":
        return text, True
    value = resolve(text).value
    right = isinstance(value, _OF_TYPE.get(name, ())) and (name == "bool") == isinstance(value, bool)
    return (float(value) if right and name == "float" else value), right
