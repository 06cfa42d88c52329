"""Signs and words of other languages that people write where CEL has its own."""

import re
from typing import NamedTuple

from comb_compiler.cel.tokens import Token, tokenise

__all__ = ["Foreign", "foreign_sign", "foreign_word"]


class Foreign(NamedTuple):
    """What was written where, what CEL writes there (nothing where it has no such operator), and what to do."""

    start: int
    end: int
    meant: str
    hint: str
    says: str = ""


_SIGNS = {"===": "==", "!==": "!=", "<>": "!=", "=>": ">=", "=<": "<=", ":=": "==", "=": "==", "&": "&&", "|": "||"}
_MATCHES = "write `text.matches('…')`"
_UNKNOWN_SIGNS = {
    "=~": _MATCHES,
    "!~": "write `!text.matches('…')`",
    "~": _MATCHES,
    "??": "ask whether it is set: `has(message.field) ? message.field : …`",
    "**": "multiply, or compute it in an operator",
    "++": "write `+ 1`",
    "^": "write `!=` for one or the other; there are no operators on bits",
}
_SIGN = "|".join(re.escape(sign) for sign in sorted((*_SIGNS, *_UNKNOWN_SIGNS), key=len, reverse=True))
_COMPARES = "compares"
_JOINS = "joins conditions"

_WORDS = {"and": "&&", "or": "||", "is": "==", "eq": "==", "equals": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">",
          "ge": ">=", "mod": "%", "div": "/"}  # fmt: skip
_PHRASE = r"(?i:(?P<is>is\s+not)\b|(?P<joined>and|or)\s+not\b|(?P<among>not\s+in)\b)"
_METHODS = {"contains": "contains", "includes": "contains", "startswith": "startsWith", "starts_with": "startsWith",
            "endswith": "endsWith", "ends_with": "endsWith", "matches": "matches"}  # fmt: skip
_CHOICE = "write `test ? yes : no`"
_UNKNOWN_WORDS = {
    "xor": "write `(this) != (that)`",
    "between": "write `low <= value && value <= high`",
    "like": _MATCHES,
    "instanceof": "a field has the type that the .proto says",
    "if": _CHOICE,
    "else": _CHOICE,
    "then": _CHOICE,
    "for": "write `list.all(item, …)` or `list.exists(item, …)`",
}


def foreign_sign(text: str, at: int) -> Foreign | None:
    """The sign that covers the character `at`, where no token of CEL goes on."""
    for start in (at - 2, at - 1, at):
        found = re.compile(_SIGN).match(text, start) if start >= 0 else None
        if found is not None and found.end() > at:
            meant = _SIGNS.get(found[0], "")
            does = _JOINS if meant in ("&&", "||") else _COMPARES
            hint = f"write `{meant}`" if meant else _UNKNOWN_SIGNS[found[0]]
            return Foreign(start, found.end(), meant, hint, f"`{meant}` {does}" if meant else "")
    return None


def foreign_word(text: str, before: Token | None, word: Token) -> Foreign | None:
    """The word that stands where an operator should."""
    phrase = re.compile(_PHRASE).match(text, word.start)
    if phrase is not None and phrase["among"]:
        return Foreign(word.start, phrase.end(), "", "write `!(value in list)`")
    if phrase is not None:
        meant = "!=" if phrase["is"] else f"{_WORDS[phrase['joined'].lower()]} !"
        return Foreign(word.start, phrase.end(), meant, f"write `{meant}`")
    name = word.text.lower()
    if name in _WORDS:
        return Foreign(word.start, word.end, _WORDS[name], f"write `{_WORDS[name]}`")
    if name in _METHODS and before is not None:
        return _method(text, before, word, _METHODS[name])
    if name in _UNKNOWN_WORDS:
        return Foreign(word.start, word.end, "", _UNKNOWN_WORDS[name])
    return None


def _method(text: str, before: Token, word: Token, name: str) -> Foreign:
    """`text contains 'a'`, which CEL writes as a call on the text."""
    following = next((token for token in tokenise(text) if token.start >= word.end), None)
    if following is None or following.kind != "string":
        return Foreign(word.start, word.end, "", f"write `text.{name}(…)`")
    meant = f".{name}({following.text})"
    return Foreign(before.end, following.end, meant, f"write `text{meant}`")
