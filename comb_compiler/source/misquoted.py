"""Quotes that end too early or too late, what follows them, and characters that must be quoted."""

import re

from comb_compiler.diagnostics import Diagnostic, Fix, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source.mishap import Mishap, content_of

__all__ = ["after_a_quote", "closer_too_many", "never_closed", "reserved_character", "unknown_escape"]

_OPENS = re.compile(r"(?:(?<=[:\-?,\[{]) +|(?<=[\[{])|^ *)(?P<quote>[\"'])")
_IN_FLOW = re.compile(r"[{\[]")


def after_a_quote(mishap: Mishap) -> Diagnostic | None:
    """Text right after a closing quote: the quote was meant as text, or as the beginning of another."""
    line = mishap.line[: mishap.at.column - 1]
    before = line.rstrip()
    is_parted = before != line and mishap.sentence != "did not find expected key"  # between brackets: a `,` is missing
    if not before or before[-1] not in "\"'" or is_parted:
        return None
    quote = before[-1]
    opening = next((found for found in _OPENS.finditer(before) if found["quote"] == quote), None)
    if opening is None or opening.end() == len(before):
        return _closed_by_the_next(mishap, quote, len(before) - 1)
    begin = opening.start("quote")
    fix = None
    if not _IN_FLOW.search(before[:begin]):
        value = content_of(mishap.line)[begin:]
        fix = mishap.rewrite(
            "quote it as a whole", mishap.span(mishap.at.line, begin, begin + len(value)), _whole(value)
        )
    doubled = "write `''` for an apostrophe" if quote == "'" else 'write `\\"` for a quote'
    return diagnose(
        codes.SYNTAX_ERROR,
        "the quoted text ends before this, and nothing but a comment may follow it",
        mishap.one_character(mishap.at),
        related=(Label(mishap.span(mishap.at.line, len(before) - 1, len(before)), "this quote ends the text"),),
        hints=(f"quote the whole value; {doubled} inside it",),
        fix=fix,
    )


def _whole(value: str) -> str:
    """One quoted text of all that was written, whose inner quotes are part of it where it ends with a quote too."""
    quote = value[0]
    if len(value) > 1 and value.endswith(quote):
        inner = value[1:-1]
        return f"'{inner.replace(quote, quote * 2)}'" if quote == "'" else _double(inner)
    inner = value.replace(quote, "")
    return f"'{inner}'" if quote == "'" else _double(inner)


def _double(inner: str) -> str:
    escaped = re.sub(r'(?<!\\)"', r"\"", inner)
    return f'"{escaped}"'


def _closed_by_the_next(mishap: Mishap, quote: str, column: int) -> Diagnostic | None:
    """A quote that was left open on an earlier line, and closed by one that was meant to open another."""
    for number in range(mishap.at.line - 1, max(mishap.at.line - 200, 0), -1):
        opening = next((found for found in _OPENS.finditer(mishap.lines[number]) if found["quote"] == quote), None)
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


def _close(mishap: Mishap, number: int, begin: int) -> Fix | None:
    """A closing quote at the end of the line where it was opened; None where more than the text ends there."""
    line = mishap.lines[number]
    if _IN_FLOW.search(line[:begin]):
        return None
    end = len(content_of(line))
    return mishap.rewrite("close it at the end of its line", mishap.span(number, end, end), line[begin])


def unknown_escape(mishap: Mishap) -> Diagnostic | None:
    r"""`"protos\ocr.proto"`"""
    begin = mishap.at.column - 1
    escape = mishap.line[begin : begin + 2]
    if len(escape) != 2 or escape[0] != "\\":
        return None
    return diagnose(
        codes.SYNTAX_ERROR,
        f"`{escape}` is no escape sequence of a double-quoted text",
        mishap.span(mishap.at.line, begin, begin + 2),
        hints=(r"write `\\` for a backslash, or use single quotes, in which it has no meaning",),
        fix=mishap.rewrite(r"write `\\`", mishap.span(mishap.at.line, begin, begin), "\\"),
    )


def closer_too_many(mishap: Mishap) -> Diagnostic | None:
    """`{a: b}}`"""
    if mishap.character not in ("}", "]"):
        return None
    span = mishap.one_character(mishap.at)
    return diagnose(
        codes.SYNTAX_ERROR,
        f"this `{mishap.character}` closes nothing",
        span,
        hints=("delete it, or quote the value if it is text",),
        fix=mishap.rewrite(f"delete the `{mishap.character}`", span, ""),
    )


def reserved_character(mishap: Mishap) -> Diagnostic | None:
    """`key: @value`"""
    if mishap.character not in _RESERVED:
        return None
    name, hint, title = _RESERVED[mishap.character]
    begin = mishap.at.column - 1
    fix = None
    if not _IN_FLOW.search(mishap.line[:begin]):
        value = content_of(mishap.line)[begin:]
        text = value.strip("`") if mishap.character == "`" else _double(value)
        fix = mishap.rewrite(title, mishap.span(mishap.at.line, begin, begin + len(value)), text)
    message = f"no value can begin with {name}"
    return diagnose(codes.SYNTAX_ERROR, message, mishap.one_character(mishap.at), hints=(hint,), fix=fix)


_RESERVED = {
    "@": ("`@`", "quote the text", "quote it"),
    "%": ("`%`", "quote the text", "quote it"),
    "`": ("a back quote", "write the text without back quotes, or in quotes", "drop the back quotes"),
}
