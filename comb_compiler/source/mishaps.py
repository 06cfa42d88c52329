"""Lines that stand in the wrong place: what most probably happened where libyaml only finds a key or a `:` too many.

Each reading looks at the line of the error and those before it, and says nothing where it does not apply.
"""

import re
from typing import NamedTuple

from comb_compiler.diagnostics import Diagnostic, Label, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source.mishap import ENTRY, ITEM, Mishap, content_of

__all__ = [
    "colon_in_value",
    "deeper_than_a_value",
    "item_among_keys",
    "line_without_colon",
    "list_on_the_line_of_its_key",
    "misaligned",
]

_TIGHT = re.compile(r"(?P<key>[A-Za-z_][-.\w]*):(?P<value>[^\s/].*)")
_TWO_WORDS = re.compile(r"(?P<key>[A-Za-z_][-.\w]*) +\S")
_SEPARATED = re.compile(r"(?P<key>[A-Za-z_][-.\w]*)(?: *(?:=>?|->|:=|\uff1a) *|:?\u00a0 *)(?=\S)")
_STARTS_A_VALUE = "\"'{[|>&*!"


def colon_in_value(mishap: Mishap) -> Diagnostic | None:
    """`key: some: text`"""
    entry = ENTRY.match(mishap.line)
    if entry is None or entry["value"] is None or entry.start("value") >= mishap.at.column - 1:
        return None
    value = entry["value"]
    if value[0] in _STARTS_A_VALUE:
        return None
    quoted = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    span = mishap.span(mishap.at.line, entry.start("value"), entry.end("value"))
    return diagnose(
        codes.SYNTAX_ERROR,
        f"the value of `{entry['key']}` holds a `:` followed by a space, so it must be quoted",
        mishap.one_character(mishap.at),
        label="YAML takes this for the end of another key",
        hints=("quote the whole value",),
        fix=mishap.rewrite("quote the value", span, quoted),
    )


def deeper_than_a_value(mishap: Mishap) -> Diagnostic | None:
    """A line that is indented below `key: value`, as if the key had nothing yet."""
    at, before = mishap.at, mishap.line_before(mishap.at.line)
    this, above = ENTRY.match(mishap.line), ENTRY.match(mishap.lines[before]) if before else None
    if this is None or above is None or above["value"] is None or len(this["indent"]) <= len(above["indent"]):
        return None
    fix = None
    if not _holds_lines(mishap, at.line, len(above["indent"])):
        indent = mishap.span(at.line, 0, len(this["indent"]))
        fix = mishap.rewrite("outdent it", indent, " " * len(above["indent"]))
    return diagnose(
        codes.BAD_INDENTATION,
        f"`{this['key']}` is indented below `{above['key']}`, which has a value already",
        _key(mishap, at.line, this),
        related=(Label(_key(mishap, before, above), "this key has a value on its own line"),),
        hints=(f"outdent it to column {len(above['indent']) + 1}, or give `{above['key']}` no value of its own",),
        fix=fix,
    )


def _holds_lines(mishap: Mishap, number: int, column: int) -> bool:
    """Whether the line after `number` is indented further than `column`, so that it belongs to it."""
    after = mishap.lines[number + 1] if number < len(mishap.lines) else ""
    return len(after) - len(after.lstrip(" ")) > column and bool(after.strip())


def line_without_colon(mishap: Mishap) -> Diagnostic | None:
    """A line of text where a key was expected, which YAML joins with the next."""
    number = mishap.begun.line if mishap.sentence.startswith("could not find expected ':'") and mishap.begun else 0
    line = number or mishap.line_before(mishap.at.line)
    text = content_of(mishap.lines[line]) if line else ""
    indent = len(text) - len(text.lstrip())
    if not text.strip() or text[indent] in "-#\"'{[&*!|>%@`" or ": " in text or text.endswith(":"):
        return None
    if not number and indent != len(mishap.line) - len(mishap.line.lstrip()):
        return None
    tight = _TIGHT.match(text, indent)
    return _no_space(mishap, line, tight) if tight else _no_colon(mishap, line, indent, text)


def _no_space(mishap: Mishap, line: int, entry: re.Match[str]) -> Diagnostic:
    after = entry.end("key") + 1
    return diagnose(
        codes.SYNTAX_ERROR,
        f"no space follows the `:` of `{entry['key']}`, so that it makes no key",
        mishap.span(line, after - 1, after),
        label="a space is missing after this",
        hints=(f"write `{entry['key']}: {entry['value'][:40]}`",),
        fix=mishap.rewrite("put a space after the `:`", mishap.span(line, after, after), " "),
    )


def _no_colon(mishap: Mishap, line: int, indent: int, text: str) -> Diagnostic:
    words = _TWO_WORDS.match(text, indent)
    separated = _SEPARATED.match(text, indent)
    fix = None
    if separated:
        between = mishap.span(line, separated.end("key"), separated.end())
        fix = mishap.rewrite(f"write `{separated['key']}:`", between, ": ")
    elif words:
        end = words.end("key")
        fix = mishap.rewrite(f"write `{words['key']}:`", mishap.span(line, end, end), ":")
    return diagnose(
        codes.SYNTAX_ERROR,
        f"`{text.strip()[:40]}` is not `key: value`",
        mishap.span(line, indent, len(text)),
        label="a `:` is missing here",
        hints=(next((hint for sign, hint in _LOOKALIKES.items() if sign in text), _KEY_AND_VALUE),),
        fix=fix,
    )


_KEY_AND_VALUE = "write `key: value` with a space after the colon; indent text that continues the line above"
_LOOKALIKES = {
    "\u00a0": "U+00A0 is no space to YAML: write `key: value` with an ordinary one",
    "\uff1a": "U+FF1A is no colon to YAML: write `key: value` with an ordinary one, and a space after it",
}


class _Named(NamedTuple):
    """A key or a `-`, and the column where it begins, counted from 0."""

    column: int
    text: str
    span: Span


def misaligned(mishap: Mishap) -> Diagnostic | None:
    """A line that begins in a column where nothing above it begins."""
    if not mishap.is_first_on_line or not mishap.character:
        return None
    this = _names(mishap, mishap.at.line)
    around = _around(mishap)
    deeper = [one for one in around if this and one.column > this[0].column]
    outer = [one for one in around if this and one.column < this[0].column]
    if not deeper or not outer or len(deeper) + len(outer) < len(around):
        return None
    inside, outside = deeper[-1], outer[0]
    return diagnose(
        codes.BAD_INDENTATION,
        f"{this[0].text} lines up with nothing above it",
        this[0].span,
        label=f"begins in column {this[0].column + 1}",
        related=tuple(Label(one.span, f"begins in column {one.column + 1}") for one in (outside, inside)),
        hints=(f"indent it as {inside.text} is, or outdent it to stand beside {outside.text}",),
    )


def _around(mishap: Mishap) -> list[_Named]:
    """What is open above the line of the error, the innermost first: of each column the nearest."""
    found: list[_Named] = []
    number = mishap.at.line
    while (number := mishap.line_before(number)) and (not found or found[-1].column > 0):
        for one in reversed(_names(mishap, number)):
            if not found or one.column < found[-1].column:
                found.append(one)
    return found


def _names(mishap: Mishap, number: int) -> list[_Named]:
    """What begins on a line and others could stand beside: its dashes, and its key."""
    line = mishap.lines[number]
    entry = ENTRY.match(line)
    indent = entry["indent"] if entry else re.match(r" *(?:- +)*", line)[0]  # type: ignore[index]
    found = [
        _Named(at, "this item" if number == mishap.at.line else "the item", mishap.span(number, at, at + 1))
        for at, character in enumerate(indent)
        if character == "-"
    ]
    if entry:
        found.append(_Named(entry.start("key"), f"`{entry['key']}`", _key(mishap, number, entry)))
    return found


def item_among_keys(mishap: Mishap) -> Diagnostic | None:
    """A `- item` in the column of keys."""
    begun = mishap.begun
    item = ITEM.match(mishap.line)
    entry = ENTRY.match(mishap.lines[begun.line], 0) if begun else None
    if item is None or begun is None or entry is None or entry.start("key") != mishap.at.column - 1:
        return None
    return diagnose(
        codes.BAD_INDENTATION,
        "this list item stands among the keys of a mapping",
        mishap.one_character(mishap.at),
        related=(Label(_key(mishap, begun.line, entry), "the mapping begins with this key"),),
        hints=("put it below the key whose list it belongs to; a key that has a value already takes no items",),
    )


def list_on_the_line_of_its_key(mishap: Mishap) -> Diagnostic | None:
    """`key: - item`"""
    entry = ENTRY.match(mishap.line)
    if entry is None or entry["value"] is None or entry.start("value") != mishap.at.column - 1:
        return None
    item = entry["value"].removeprefix("-").strip()
    fix = None
    if item and not set(item) & set("[]{},:#\"'") and not _holds_lines(mishap, mishap.at.line, len(entry["indent"])):
        span = mishap.span(mishap.at.line, entry.start("value"), entry.end("value"))
        fix = mishap.rewrite(f"write `[{item}]`", span, f"[{item}]")
    return diagnose(
        codes.BAD_INDENTATION,
        f"the list of `{entry['key']}` cannot begin on the line of its key",
        mishap.one_character(mishap.at),
        hints=("write `[…]`, or begin each item with `- ` on a line of its own",),
        fix=fix,
    )


def _key(mishap: Mishap, line: int, entry: re.Match[str]) -> Span:
    return mishap.span(line, entry.start("key"), entry.end("key"))
