"""Quotes that are never closed, or only by a quote that was meant to open another text."""

import re

from comb_compiler.diagnostics import Diagnostic, Fix, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source.mishap import Mishap, content_of

__all__ = ["OPENS", "closed_by_the_next", "never_closed"]

OPENS = re.compile(r"(?:(?<=[:\-?,\[{]) +|(?<=[\[{])|^ *)(?P<quote>[\"'])")
"""A quote where a text can begin."""


def closed_by_the_next(mishap: Mishap, quote: str, column: int) -> Diagnostic | None:
    """A quote that was left open on an earlier line, and closed by one that was meant to open another."""
    for number in range(mishap.at.line - 1, max(mishap.at.line - 200, 0), -1):
        opening = next((found for found in OPENS.finditer(mishap.lines[number]) if found["quote"] == quote), None)
        if opening is None:
            continue
        begin = opening.start("quote")
        if mishap.lines[number].count(quote, begin) % 2 == 0:
            return None
        return diagnose(
            codes.UNCLOSED_QUOTE,
            "this quote is not closed on its line",
            mishap.span(number, begin, begin + 1),
            label="opened here",
            related=(Label(mishap.span(mishap.at.line, column, column + 1), "and closed only by this one"),),
            hints=(f"put a `{quote}` where the text is to end",),
            fix=_close(mishap, number, begin),
        )
    return None


def never_closed(mishap: Mishap) -> Diagnostic | None:
    """A quote that is open at the end of the file."""
    if mishap.begun is None:
        return None
    begin = mishap.begun.column - 1
    quote = mishap.lines[mishap.begun.line][begin : begin + 1]
    if quote not in ("'", '"'):
        return None
    return diagnose(
        codes.UNCLOSED_QUOTE,
        "this quote is never closed",
        mishap.one_character(mishap.begun),
        label="opened here",
        hints=(f"put a `{quote}` where the text is to end",),
        fix=_close(mishap, mishap.begun.line, begin),
    )


def _close(mishap: Mishap, number: int, begin: int) -> Fix:
    """A closing quote on the line where it was opened, where a key or a value most probably ends."""
    line = mishap.lines[number]
    end, where = _end(line, begin)
    return mishap.rewrite(f"close it {where}", mishap.span(number, end, end), line[begin])


def _end(line: str, begin: int) -> tuple[int, str]:
    """Where the text was to end that the quote at `begin` opens: at a key's `:`, at the end of an item, of the line."""
    before = line[:begin]
    flow = _IN_FLOW.search(before) is not None or content_of(line).endswith(",")
    key = _KEY.match(line, begin + 1) if _BEFORE_A_KEY.search(before) else None
    if key is not None:
        return key.end(), "before the `:`"
    item = _ITEM.match(line, begin + 1) if flow else None
    if item is not None:
        return item.end(), f"before the `{line[item.end()]}`"
    return len(content_of(line)), "at the end of its line"


_IN_FLOW = re.compile(r"[{\[]")
_BEFORE_A_KEY = re.compile(r"^ *(?:- +)*$|[{,] *$")
_KEY = re.compile(r"[^:\"'{}\[\],#]+(?=:(?:\s|$))")
_ITEM = re.compile(r"[^\"'{}\[\],()#]*(?:\([^()]*\)[^\"'{}\[\],()#]*)*(?=[,}\]])")
