"""Brackets and braces that do not close, and commas that are missing between them."""

import re
from typing import NamedTuple

from comb_compiler.diagnostics import Diagnostic, Label, Position, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source.mishap import Mishap, content_of

__all__ = ["closed_by_another", "condition_in_braces", "missing_comma", "open_at_the_end", "stays_open"]

_CLOSERS = {"{": "}", "[": "]"}
_LAST_WORD = re.compile(r"[^\s,\[\]{}]+$")
_TOKEN = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|(?:(?<=\s)|^)#[^\r\n]*|[\[\]{}]", re.DOTALL | re.MULTILINE)
_MOST = 200_000


def closed_by_another(mishap: Mishap) -> Diagnostic | None:
    """`[a, b}`"""
    opener = _opener(mishap)
    if opener is None or mishap.begun is None or mishap.character not in ("}", "]"):
        return None
    closer = _CLOSERS[opener]
    span = mishap.one_character(mishap.at)
    fix = mishap.rewrite(f"write `{closer}`", span, closer)
    if mishap.character == _CLOSERS.get(_around(mishap)):
        fix = mishap.rewrite(f"put a `{closer}` before it", span._replace(end=span.start), closer)
    return diagnose(
        codes.UNCLOSED_BRACKET,
        f"this `{opener}` is closed by a `{mishap.character}`",
        mishap.one_character(mishap.begun),
        label="opened here",
        related=(Label(span, f"a `{closer}` is needed here"),),
        hints=(f"close it by `{closer}`",),
        fix=fix,
    )


def _around(mishap: Mishap) -> str:
    """The bracket around the one that the construct began with, where nothing after the error closes it."""
    at = mishap.lines.offset(mishap.at)
    if at is None:
        return ""
    inside, depth = _open_brackets(mishap, at), 0
    for token in _TOKEN.finditer(mishap.lines.text, at + 1, at + _MOST):
        depth += 1 if token[0] in _CLOSERS else -1 if token[0] in _CLOSERS.values() else 0
        if depth < 0:
            return ""
    return inside[-2].text if len(inside) > 1 else ""


def condition_in_braces(mishap: Mishap) -> Diagnostic | None:
    """`{when: a in ["b", "c"]}`: the brackets of a condition, which are YAML's inside braces."""
    at = mishap.at.column - 1
    if mishap.character != "[" or mishap.begun is None or not _MEMBERSHIP.search(mishap.line[:at]):
        return None
    found = next((one for one in _CONDITION.finditer(mishap.line) if one.start() < at < one.end()), None)
    fix = None
    if found is not None:
        text = "'" + found[0].rstrip().replace("'", "''") + "'"
        fix = mishap.rewrite("quote it", mishap.span(mishap.at.line, found.start(), found.end()), text)
    return diagnose(
        codes.UNCLOSED_BRACKET,
        "a `[` inside an unquoted text in braces begins a list to YAML",
        mishap.one_character(mishap.at),
        related=(Label(mishap.one_character(mishap.begun), "inside this"),),
        hints=("quote the whole condition",),
        fix=fix,
    )


_MEMBERSHIP = re.compile(r": +[A-Za-z_!(][^,{}\[\]\"'#]*\sin\s*$")
_CONDITION = re.compile(r"(?<=: )[A-Za-z_!(][^,{}\[\]\"'#:]*\sin\s*\[[^\[\]{}#]*\][^,{}\[\]#:]*(?=[,}])")


def missing_comma(mishap: Mishap) -> Diagnostic | None:
    """`{a: b c: d}` and `["a" "b"]`"""
    if _opener(mishap) is None or mishap.begun is None or not mishap.character:
        return None
    begin, stop = _stray(mishap)
    line, end = mishap.at.line, len(mishap.line[:begin].rstrip())
    if not end:
        line = mishap.line_before(line)
        if _indent(mishap.line) <= _indent(mishap.lines[mishap.begun.line]):
            return None
        end = len(content_of(mishap.lines[line]))
    return diagnose(
        codes.UNCLOSED_BRACKET,
        f"a `,` is missing before `{mishap.line[begin:stop]}`",
        mishap.span(mishap.at.line, begin, stop),
        related=(Label(mishap.one_character(mishap.begun), "inside this"),),
        hints=("separate what stands between brackets by commas, and quote text that holds `, `, `: ` or brackets",),
        fix=mishap.rewrite("put a comma", mishap.span(line, end, end), ","),
    )


def _stray(mishap: Mishap) -> tuple[int, int]:
    """What should not have been there: the key where libyaml stumbles over its colon."""
    begin = mishap.at.column - 1
    word = _LAST_WORD.search(mishap.line[:begin].rstrip()) if mishap.character == ":" else None
    return word.span() if word else (begin, begin + 1)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def stays_open(mishap: Mishap) -> Diagnostic | None:
    """A bracket after which another line begins that cannot belong to it."""
    opener = _opener(mishap)
    if opener is None or mishap.begun is None:
        return None
    begin, _ = _stray(mishap)
    return _never_closed(mishap._replace(at=mishap.at._replace(column=begin + 1)), opener, mishap.begun)


def open_at_the_end(mishap: Mishap) -> Diagnostic | None:
    """A bracket that is open at the end of the file."""
    if mishap.at.line < len(mishap.lines) or mishap.character:
        return None
    inside = _open_brackets(mishap)
    return _never_closed(mishap, inside[-1].text, inside[-1].at) if inside else None


def _never_closed(mishap: Mishap, opener: str, opened: Position) -> Diagnostic:
    closer = _CLOSERS[opener]
    last = mishap.line_before(mishap.at.line) if mishap.is_first_on_line else mishap.at.line
    end = len(content_of(mishap.lines[last])) if last else 0
    end = end if last != mishap.at.line else mishap.at.column - 1
    ended = mishap.span(last, end, end)
    fix = mishap.rewrite(f"put a `{closer}`", ended, closer)
    is_text_before = last and not content_of(mishap.lines[last]).endswith((",", ":"))
    related = (Label(mishap.one_character(mishap.at), "it should have ended before this"),) if mishap.character else ()
    comment = _comment_with(mishap, closer, opened)
    if comment is not None:
        related = (Label(comment, f"a comment begins here, and has the `{closer}`"),)
    return diagnose(
        codes.UNCLOSED_BRACKET,
        f"this `{opener}` is never closed",
        mishap.one_character(opened),
        label="opened here",
        related=related,
        hints=(f"put a `{closer}` before the comment, or quote the text that holds the `#`",)
        if comment
        else (f"put a `{closer}` where it is to end",),
        fix=fix if is_text_before and comment is None else None,
    )


def _comment_with(mishap: Mishap, closer: str, opened: Position) -> Span | None:
    """The `#` behind the bracket, where a closing one stands in the comment that it begins."""
    line = mishap.lines[opened.line]
    start = line.find("#", len(content_of(line)))
    return mishap.span(opened.line, start, start + 1) if opened.column <= start and closer in line[start:] else None


def _opener(mishap: Mishap) -> str | None:
    """The bracket that the construct began with."""
    if mishap.begun is None:
        return None
    character = mishap.lines[mishap.begun.line][mishap.begun.column - 1 : mishap.begun.column]
    return character if character in _CLOSERS else None


class _Bracket(NamedTuple):
    text: str
    at: Position


def _open_brackets(mishap: Mishap, until: int | None = None) -> list[_Bracket]:
    """The brackets that are open at the end of the file, or at an offset; quotes and comments are passed over."""
    found: list[_Bracket] = []
    text = mishap.lines.text
    end = len(text) if until is None else until
    for token in _TOKEN.finditer(text, max(end - _MOST, 0), end):
        if token[0] in _CLOSERS and (found or _begins_a_value(text, token.start())):
            found.append(_Bracket(token[0], mishap.lines.position(token.start())))
        elif token[0] in _CLOSERS.values() and found:
            found.pop()
    return found


def _begins_a_value(text: str, offset: int) -> bool:
    """Whether a bracket here is one of YAML's, and not a character of an unquoted text."""
    before = text[max(offset - 80, 0) : offset].rstrip(" \t")
    return not before or before[-1] in ":-?,\n\r" or before.endswith(("!", "&"))
