"""Queries in Prometheus' language, as far as they can be wrong whatever metrics, functions and version there are.

No grammar: what a server knows of functions and modifiers differs by version, and a query that it would take is never
refused here. What is found is what people get wrong by hand: brackets and quotes that do not close, a query that is cut
off, a variable that only Grafana fills in.
"""

import re
from typing import NamedTuple

__all__ = ["QueryMistake", "find_query_mistake"]

_TOKENS = (
    r"(?P<comment>#[^\n]*)|(?P<text>'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|`[^`]*`)|(?P<quote>['\"`])"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<stray>\$\{?\w*\}?|[&|?;\\])|(?P<waits>[-+*/%^=<>!~,])|(?P<other>\S)"
)
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_VARIABLE = "Grafana fills variables in, and nothing here does: write the value itself, such as `[5m]`"


class QueryMistake(NamedTuple):
    """What is wrong with the part of a query from `start` to `end`, and what to do; `opened` is where it began."""

    message: str
    start: int
    end: int
    hint: str
    opened: int | None = None


def find_query_mistake(query: str) -> QueryMistake | None:
    """The first mistake; None where there is none of those that can be told."""
    opened: list[re.Match[str]] = []
    last: re.Match[str] | None = None
    for token in re.finditer(_TOKENS, query):
        found = _alone(token) or (_closed(token, opened) if token.lastgroup == "close" else None)
        if found is not None:
            return found
        if token.lastgroup == "open":
            opened.append(token)
        last = last if token.lastgroup == "comment" else token
    if last is None:
        return QueryMistake("the query is a comment alone", 0, len(query), "write an expression that yields a number")
    if opened:
        sign = opened[-1].group()
        hint = f"write the `{_CLOSING[sign]}`, or take `{sign}` away"
        return QueryMistake(f"`{sign}` is never closed", *opened[-1].span(), hint)
    if last.lastgroup == "waits":
        hint = "write the rest, or take it away"
        return QueryMistake(f"the query ends after `{last.group()}`, where more must follow", *last.span(), hint)
    return None


def _alone(token: re.Match[str]) -> QueryMistake | None:
    """What is wrong with a token wherever it stands."""
    text, hint = token.group(), "close it, and write `\\n` for a line break in it"
    if token.lastgroup == "quote":
        return QueryMistake(f"the text that begins with {text} never ends", *token.span(), hint)
    if token.lastgroup == "stray":
        hint = _VARIABLE if text.startswith("$") else "it belongs into a text in quotes, if anywhere"
        return QueryMistake(f"`{text}` means nothing in a query", *token.span(), hint)
    return None


def _closed(token: re.Match[str], opened: list[re.Match[str]]) -> QueryMistake | None:
    """Take the bracket off that `token` closes; or what is wrong, where it closes none or another."""
    sign = token.group()
    if not opened:
        return QueryMistake(f"`{sign}` closes nothing", *token.span(), "take it away, or open it before")
    before = opened.pop()
    if _CLOSING[before.group()] == sign:
        return None
    hint = f"write `{_CLOSING[before.group()]}` before it"
    return QueryMistake(f"`{sign}` does not close `{before.group()}`", *token.span(), hint, before.start())
