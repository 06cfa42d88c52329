"""The tokens of CEL, as its published grammar has them."""

import re
from typing import NamedTuple

__all__ = ["KEYWORDS", "RESERVED", "TYPES", "UNNAMEABLE", "Token", "tokenise"]

RESERVED = frozenset(
    [
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "namespace",
        "package",
        "return",
        "var",
        "void",
        "while",
    ]
)
"""Words that may be fields, and never variables."""

_ESCAPE = r"\\(?:[abfnrtv\"'\\?`]|[0-3][0-7]{2}|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})"
_COOKED = "|".join(
    rf"{quote * 3}(?:{_ESCAPE}|[^\\])*?{quote * 3}|{quote}(?:{_ESCAPE}|[^\\{quote}\n\r])*{quote}" for quote in "\"'"
)
_RAW = "|".join(rf"[rR](?:{quote * 3}[\s\S]*?{quote * 3}|{quote}[^{quote}\n\r]*{quote})" for quote in "\"'")
_STRING = f"(?:{_RAW}|{_COOKED})"
_TOKEN = re.compile(
    rf"""(?P<space>(?:[\t \r\n\f]|//[^\n]*)+)
    |(?P<string>[bB]?{_STRING})
    |(?P<double>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
    |(?P<uint>(?:0x[0-9a-fA-F]+|[0-9]+)[uU])
    |(?P<int>0x[0-9a-fA-F]+|[0-9]+)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<escaped>`[A-Za-z0-9_./\ -]+`)
    |(?P<sign>==|!=|<=|>=|&&|\|\||[-<>+*/%!?:.,()\[\]{{}}])
    """,
    re.VERBOSE,
)
KEYWORDS = {"in": "sign", "true": "word", "false": "word", "null": "word"}
"""Words that are no names, with the kind of token that they are; as fields they go between backticks."""

TYPES = frozenset(["bool", "bytes", "double", "dyn", "int", "list", "map", "null_type", "string", "type", "uint"])
"""Names of types, which are values too."""
UNNAMEABLE = RESERVED | KEYWORDS.keys() | TYPES
"""What no variable may be called, since CEL takes it for something else."""


class Token(NamedTuple):
    """A piece of the text and its half-open range. `kind` is `bad` for a character that begins no token."""

    kind: str
    text: str
    start: int
    end: int


def tokenise(text: str) -> list[Token]:
    """The tokens up to the end, or up to the first that is `bad`; white space and comments are left out."""
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            tokens.append(Token("bad", text[position], position, position + 1))
            break
        kind = match.lastgroup or "bad"
        position = match.end()
        if kind == "string" and match[0][0] in "bB":
            kind = "bytes"
        elif kind == "name":
            kind = KEYWORDS.get(match[0], kind)
        if kind != "space":
            tokens.append(Token(kind, match[0], match.start(), position))
    return tokens
