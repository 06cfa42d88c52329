"""Quotes that end too early, what follows them, and characters that must be quoted."""

import re

from comb_compiler.diagnostics import Diagnostic, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source.mishap import Mishap, content_of
from comb_compiler.source.openquotes import OPENS, closed_by_the_next

__all__ = ["after_a_quote", "closer_too_many", "quoted_entry", "reserved_character", "unknown_escape"]

_IN_FLOW = re.compile(r"[{\[]")


def after_a_quote(mishap: Mishap) -> Diagnostic | None:
    """Text right after a closing quote: the quote was meant as text, or as the beginning of another."""
    line = mishap.line[: mishap.at.column - 1]
    before = line.rstrip()
    is_parted = before != line and mishap.sentence != "did not find expected key"  # between brackets: a `,` is missing
    if not before or before[-1] not in "\"'" or is_parted:
        return None
    quote = before[-1]
    opening = next((found for found in OPENS.finditer(before) if found["quote"] == quote), None)
    if content_of(mishap.line)[len(before) :].strip() in (",", ";") and not _IN_FLOW.search(before):
        return _ended(mishap)
    if opening is None or opening.end() == len(before):
        return closed_by_the_next(mishap, quote, len(before) - 1)
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


def _ended(mishap: Mishap) -> Diagnostic:
    """`key: "value",`"""
    span = mishap.one_character(mishap.at)
    return diagnose(
        codes.SYNTAX_ERROR,
        f"no `{mishap.character}` ends a line of YAML",
        span,
        hints=("leave it out: commas part what stands between brackets",),
        fix=mishap.rewrite(f"delete the `{mishap.character}`", span, ""),
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


def quoted_entry(mishap: Mishap) -> Diagnostic | None:
    """`"timeout: 80ms"` on a line of its own"""
    number = (mishap.begun or mishap.at).line
    entry = _QUOTED_ENTRY.fullmatch(content_of(mishap.lines[number]))
    if entry is None:
        return None
    span = mishap.span(number, entry.start("quote"), entry.end())
    return diagnose(
        codes.SYNTAX_ERROR,
        f"the quotes make one text of `{entry['key']}` and its value",
        span,
        hints=("quote the key and its value each, or neither",),
        fix=mishap.rewrite("take the quotes away", span, entry["entry"]),
    )


_QUOTED_ENTRY = re.compile(r" *(?:- +)*(?P<quote>[\"'])(?P<entry>(?P<key>[A-Za-z_][-.\w]*): [^\"']*)(?P=quote)")


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
