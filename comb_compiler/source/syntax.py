"""What libyaml finds wrong, said so that a person can mend it.

libyaml identifies its problems by fixed English sentences; the tables below are over those constants.
"""

import re
from typing import Any, NamedTuple

from comb_compiler.diagnostics import Diagnostic, Label, Position, Span, codes
from comb_compiler.diagnostics.lines import Lines
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source.mishaps import explain_misplaced_colon
from comb_compiler.source.text import SourceFile

__all__ = ["explain_syntax_error", "refuse_characters"]

_REFUSED = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_BREAKS = "\u0085\u2028\u2029"


def refuse_characters(source: SourceFile) -> list[Diagnostic]:
    """The first character that YAML forbids, or that YAML 1.1 readers take for the end of a line; else nothing."""
    found = _REFUSED.search(source.text)
    if found is None:
        return []
    character = found.group()
    lines = Lines(source.text)
    span = Span(source.path, lines.position(found.start()), lines.position(found.end()))
    escape = f"\\u{ord(character):04x}" if ord(character) > 0xFF else f"\\x{ord(character):02x}"
    hint = f'delete it, or write "{escape}" in double quotes'
    if character in _LINE_BREAKS:
        message = f"U+{ord(character):04X} ends a line in YAML 1.1 and does not in YAML 1.2"
        return [diagnose(codes.UNICODE_LINE_BREAK, message, span, hints=(hint,))]
    message = f"the control character U+{ord(character):04X} is not allowed in YAML"
    return [diagnose(codes.CONTROL_CHARACTER, message, span, hints=(hint,))]


class _Story(NamedTuple):
    code: codes.Code
    message: str
    hint: str
    context: str = ""
    """What is to be seen where the construct began, when that helps."""
    opening: str = ""
    """The message when the finding points there."""


_INDENT_HINT = "align it with its siblings: the keys of one mapping stand in one column"
_QUOTE_COLON = "quote the text if it holds `: `, and indent by spaces under the key it belongs to"

_STORIES: dict[str, _Story] = {
    "mapping values are not allowed in this context": _Story(
        codes.SYNTAX_ERROR, "a `:` stands where no key can be", _QUOTE_COLON
    ),
    "mapping keys are not allowed in this context": _Story(
        codes.SYNTAX_ERROR, "a `?` stands where no key can be", "quote text that begins with `? `"
    ),
    "block sequence entries are not allowed in this context": _Story(
        codes.BAD_INDENTATION, "a `- ` item stands where no list can be", "begin the list on a line of its own"
    ),
    "did not find expected key": _Story(
        codes.BAD_INDENTATION, "this line does not line up with the mapping it follows", _INDENT_HINT, "the mapping"
    ),
    "did not find expected '-' indicator": _Story(
        codes.BAD_INDENTATION,
        "this line is neither an item of the list above nor a key beside it",
        "begin items with `- ` in one column, and outdent what does not belong to the list",
        "the list",
    ),
    "did not find expected ',' or '}'": _Story(
        codes.UNCLOSED_BRACKET,
        "a `,` or `}` is missing before this",
        "separate entries by commas, close the brace, and quote text that holds `{`, `}`, `[`, `]`, `,` or `: `",
        "opened here",
        "this `{` is never closed, or a `,` is missing after it",
    ),
    "did not find expected ',' or ']'": _Story(
        codes.UNCLOSED_BRACKET,
        "a `,` or `]` is missing before this",
        "separate items by commas, close the bracket, and quote text that holds `{`, `}`, `[`, `]`, `,` or `: `",
        "opened here",
        "this `[` is never closed, or a `,` is missing after it",
    ),
    "could not find expected ':'": _Story(
        codes.SYNTAX_ERROR,
        "this line is not `key: value`",
        "write `key: value` with a space after the colon; indent text that continues the line above",
        "a `:` is missing after this",
        "this line is not `key: value`",
    ),
    "found unexpected end of stream": _Story(
        codes.UNCLOSED_QUOTE,
        "the file ends inside a quoted text",
        "close the quote",
        "opened here",
        "this quote is never closed",
    ),
    "found unexpected document indicator": _Story(
        codes.UNCLOSED_QUOTE,
        "`---` or `...` begins a line inside a quoted text",
        "close the quote before it",
        "opened here",
        "this quote is not closed before the document ends",
    ),
    "found unknown escape character": _Story(
        codes.SYNTAX_ERROR,
        "this is no escape sequence of a double-quoted text",
        r"use single quotes where backslashes are meant as such, or write `\\`",
    ),
    "did not find expected hexdecimal number": _Story(
        codes.SYNTAX_ERROR, "this escape sequence needs hexadecimal digits", r"write `\x41`, `\u0041` or `\U00000041`"
    ),
    "found invalid Unicode character escape code": _Story(
        codes.SYNTAX_ERROR, "this escape sequence names no character", "surrogates and numbers past 10FFFF are none"
    ),
    "found character that cannot start any token": _Story(
        codes.SYNTAX_ERROR, "no value can begin with this character", "quote the text"
    ),
    "found a tab character where an indentation space is expected": _Story(
        codes.TAB_INDENTATION, "a tab cannot indent a block of text", "indent by spaces"
    ),
    "found a tab character that violates indentation": _Story(
        codes.TAB_INDENTATION, "a tab cannot indent YAML", "indent by spaces"
    ),
    "did not find expected <document start>": _Story(
        codes.SYNTAX_ERROR,
        "this does not belong to the value above",
        "a document holds one value: see to its indentation",
    ),
    "did not find expected alphabetic or numeric character": _Story(
        codes.SYNTAX_ERROR, "a name must follow `&` or `*`", "quote text that begins with `&` or `*`"
    ),
    "did not find expected comment or line break": _Story(
        codes.SYNTAX_ERROR, "nothing but a comment may follow here", "begin the text on the next line, indented"
    ),
    "did not find expected node content": _Story(
        codes.SYNTAX_ERROR,
        "a value is missing here",
        "look for a comma or colon too many, or one `[` that never closes",
    ),
    "found an indentation indicator equal to 0": _Story(
        codes.SYNTAX_ERROR, "a block of text cannot be indented by 0", "write `|` alone, or `|2`"
    ),
    "found undefined tag handle": _Story(codes.UNSUPPORTED_TAG, "this tag has no meaning here", "drop the tag"),
}


def explain_syntax_error(source: SourceFile, problem: Any) -> Diagnostic:
    """The diagnostic of an exception that PyYAML's C parser raised."""
    lines = Lines(source.text)
    start = lines.nearest(_position(problem.problem_mark or problem.context_mark))
    story = _story(source, problem)
    if problem.problem == _MISPLACED_COLON and story.code is codes.SYNTAX_ERROR:
        sharper = explain_misplaced_colon(source.path, lines, start)
        if sharper is not None:
            return sharper
    begun = lines.nearest(_position(problem.context_mark)) if story.context and problem.context_mark else start
    if begun == start:
        return diagnose(story.code, story.message, _one_character(source.path, lines, start), hints=(story.hint,))
    span, other = _one_character(source.path, lines, start), _one_character(source.path, lines, begun)
    if story.opening:
        related = (Label(span, _EXPECTED[story.code]),) if story.code in _EXPECTED else ()
        return diagnose(story.code, story.opening, other, label=story.context, related=related, hints=(story.hint,))
    return diagnose(story.code, story.message, span, related=(Label(other, story.context),), hints=(story.hint,))


_MISPLACED_COLON = "mapping values are not allowed in this context"
_EXPECTED = {codes.UNCLOSED_BRACKET: "it should have ended before this", codes.UNCLOSED_QUOTE: "and is still open here"}


def _story(source: SourceFile, problem: Any) -> _Story:
    mark = problem.problem_mark
    if mark is not None and source.text[mark.index : mark.index + 1] == "\t":
        return _Story(codes.TAB_INDENTATION, "a tab cannot indent YAML", "indent by spaces")
    if problem.problem == "did not find expected key" and _line_has_begun(source.text, mark.index):
        return _AFTER_A_VALUE
    known = _STORIES.get(problem.problem or "")
    return known or _Story(codes.SYNTAX_ERROR, f"this is not YAML: {problem.problem}", "see to indentation and quotes")


_AFTER_A_VALUE = _Story(
    codes.SYNTAX_ERROR,
    "the value ends before this, and nothing but a comment may follow on its line",
    "quote the whole value; inside single quotes write `''` for one, inside double quotes `\\\"`",
)


def _line_has_begun(text: str, offset: int) -> bool:
    """Whether anything but indentation stands before `offset` on its line."""
    start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    return bool(text[start:offset].strip())


def _position(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1) if mark is not None else Position(1, 1)


def _one_character(file: str, lines: Lines, start: Position) -> Span:
    """From `start` over one character, or nothing where the line or the file ends there."""
    return Span(file, start, lines.nearest(Position(start.line, start.column + 1)))
