"""What most probably happened where libyaml only says that a `:` is out of place.

libyaml reports the character at which it can go no further; a person made the mistake a little earlier. Each reading
looks at the line of the error and the one before it, and says nothing where it does not apply.
"""

import re
from collections.abc import Callable

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Label, Position, Span, codes
from comb_compiler.diagnostics.lines import Lines
from comb_compiler.diagnostics.model import diagnose

__all__ = ["explain_misplaced_colon"]

_ENTRY = re.compile(
    r"(?P<indent> *(?:- +)*)(?P<key>[^\s#:][^#:]*?) *:(?: +(?P<value>[^\s#].*?))?(?P<rest> *(?: #.*)?)$"
)


def explain_misplaced_colon(file: str, lines: Lines, at: Position) -> Diagnostic | None:
    """The finding for a `:` at `at` that libyaml refuses, or None where no reading fits."""
    for reading in _READINGS:
        finding = reading(file, lines, at)
        if finding is not None:
            return finding
    return None


def _colon_in_value(file: str, lines: Lines, at: Position) -> Diagnostic | None:
    """`key: some: text`"""
    entry = _ENTRY.match(lines[at.line])
    if entry is None or entry["value"] is None or entry.start("value") >= at.column - 1:
        return None
    value = entry["value"]
    if value[0] in "\"'{[|>&*!":
        return None
    start, end = (Position(at.line, entry.start("value") + 1), Position(at.line, entry.end("value") + 1))
    span = Span(file, start, end)
    quoted = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return diagnose(
        codes.SYNTAX_ERROR,
        f"the value of `{entry['key']}` holds a `:` followed by a space, so it must be quoted",
        Span(file, at, at._replace(column=at.column + 1)),
        label="YAML takes this for the end of another key",
        hints=("quote the whole value",),
        fix=Fix("quote the value", (Edit(span, quoted),), Applicability.UNSAFE),
    )


def _deeper_than_a_value(file: str, lines: Lines, at: Position) -> Diagnostic | None:
    """A line that is indented below `key: value`, as if the key had nothing yet."""
    before = _line_before(lines, at.line)
    this, above = _ENTRY.match(lines[at.line]), _ENTRY.match(lines[before]) if before else None
    if this is None or above is None or above["value"] is None or len(this["indent"]) <= len(above["indent"]):
        return None
    return diagnose(
        codes.BAD_INDENTATION,
        f"`{this['key']}` is indented below `{above['key']}`, which has a value already",
        _key_span(file, at.line, this),
        related=(Label(_key_span(file, before, above), "this key has a value on its own line"),),
        hints=(f"outdent it to column {len(above['indent']) + 1}, or give `{above['key']}` no value of its own",),
    )


def _line_without_colon(file: str, lines: Lines, at: Position) -> Diagnostic | None:
    """A line of text where a key was expected, which YAML joins with the next."""
    before = _line_before(lines, at.line)
    text = lines[before].split(" #")[0].rstrip() if before else ""
    if not text.strip() or ":" in text or text.lstrip()[0] in "-#\"'{[":
        return None
    indent = len(text) - len(text.lstrip())
    if indent != len(lines[at.line]) - len(lines[at.line].lstrip()):
        return None
    return diagnose(
        codes.SYNTAX_ERROR,
        f"`{text.strip()[:40]}` is not `key: value`",
        Span(file, Position(before, indent + 1), Position(before, len(text) + 1)),
        label="a `:` is missing here",
        hints=("write `key: value` with a space after the colon",),
    )


_READINGS: tuple[Callable[[str, Lines, Position], Diagnostic | None], ...] = (
    _colon_in_value,
    _deeper_than_a_value,
    _line_without_colon,
)


def _line_before(lines: Lines, number: int) -> int:
    """The nearest line above that holds more than a comment; 0 when there is none."""
    for before in range(number - 1, max(number - 200, 0), -1):
        if lines[before].strip() and not lines[before].lstrip().startswith("#"):
            return before
    return 0


def _key_span(file: str, line: int, entry: re.Match[str]) -> Span:
    return Span(file, Position(line, entry.start("key") + 1), Position(line, entry.end("key") + 1))
